#pragma once
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>

#include <nlohmann/json.hpp>

// Numbers between JSON and C++: none is changed on its way.
namespace gluster::plugin {

using Json = nlohmann::json;

// JSON's numbers, and all 64-bit integers, are long doubles exactly. What is no number is none.
inline long double number_of(const Json& value) {
  if (value.is_number_float()) return static_cast<long double>(value.get<double>());
  if (value.is_number_unsigned()) return static_cast<long double>(value.get<std::uint64_t>());
  return value.is_number() ? static_cast<long double>(value.get<std::int64_t>()) : std::numeric_limits<long double>::quiet_NaN();
}

template <class T>
std::optional<T> real(const Json& value) {
  using Limits = std::numeric_limits<T>;
  if (value.is_number_float()) {
    T rounded = value.get<T>();
    return std::isinf(rounded) ? std::nullopt : std::optional(rounded);
  }
  if (value.is_number()) {
    auto rounded = static_cast<T>(number_of(value));
    return static_cast<long double>(rounded) == number_of(value) ? std::optional(rounded) : std::nullopt;
  }
  if (value.is_null() || value == "nan") return Limits::quiet_NaN();
  if (value == "inf") return Limits::infinity();
  return value == "-inf" ? std::optional(-Limits::infinity()) : std::nullopt;
}

template <class T>
std::optional<T> integer(const Json& value) {
  using Limits = std::numeric_limits<T>;
  long double number = number_of(value);
  // JSON's parser makes a float of an integer beyond 64 bits: this one may be any of several.
  if (value.is_number_float() && number <= -0x1p63L) return std::nullopt;
  bool fits = number >= static_cast<long double>(Limits::min()) && number <= static_cast<long double>(Limits::max());
  return fits && std::trunc(number) == number ? std::optional(static_cast<T>(number)) : std::nullopt;
}

template <class T>
std::optional<T> scalar(const Json& value) {
  if constexpr (std::is_same_v<T, bool>) return value.is_boolean() ? std::optional(value.get<bool>()) : std::nullopt;
  else if constexpr (std::is_floating_point_v<T>) return real<T>(value);
  else if (std::is_same_v<T, char> && value.is_string() && value.get_ref<const std::string&>().size() == 1)
    return static_cast<T>(value.get_ref<const std::string&>()[0]);
  else return integer<T>(value);
}

// As a person writes it: 0.1f is 0.1 and not 0.10000000149011612. Rounded to a float it is the same one again.
inline double as_written(float value) {
  std::array<char, 32> text{};
  const char* const end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  double written = 0;
  std::from_chars(text.data(), end, written);
  return written;
}

template <class T>
Json json_of(T value) {
  if constexpr (std::is_same_v<T, bool>) return value;
  else if constexpr (std::is_same_v<T, char>)
    return value >= 0 && value <= 127 ? Json(std::string(1, value)) : Json(static_cast<int>(value));  // else it is no UTF-8
  else if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(value)) return "nan";
    if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
    if constexpr (std::is_same_v<T, float>) return as_written(value);
    return static_cast<double>(value);
  } else return value;
}

}  // namespace gluster::plugin
