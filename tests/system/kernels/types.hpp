// The types that kernels/types.cpp has a kernel for, and types_test.cpp a value: TYPES_FOR_EACH(M) is M(name, type) for each.
#pragma once
#include <array>
#include <complex>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

enum class Colour : std::uint16_t { red, green = 40000 };
struct Painted {
  Colour colour = Colour::red;
  std::vector<Colour> more;
  std::map<Colour, std::optional<Colour>> by_colour;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(colour, more, by_colour);
  }
  bool operator==(const Painted&) const = default;
};

#define TYPES_FOR_EACH(M)                                                 \
  M(boolean, bool)                                                        \
  M(character, char)                                                      \
  M(i8, std::int8_t)                                                      \
  M(i16, std::int16_t)                                                    \
  M(i32, std::int32_t)                                                    \
  M(i64, std::int64_t)                                                    \
  M(u8, std::uint8_t)                                                     \
  M(u16, std::uint16_t)                                                   \
  M(u32, std::uint32_t)                                                   \
  M(u64, std::uint64_t)                                                   \
  M(f32, float)                                                           \
  M(f64, double)                                                          \
  M(f80, long double)                                                     \
  M(colour, Colour)                                                       \
  M(text, std::string)                                                    \
  M(painted, Painted)                                                     \
  M(either_colour, std::variant<Colour, std::int32_t, std::set<Colour>>)  \
  M(doubles, std::vector<double>)                                         \
  M(bools, std::vector<bool>)                                             \
  M(bytes, std::vector<std::uint8_t>)                                     \
  M(colours, std::vector<Colour>)                                         \
  M(words, std::vector<std::string>)                                      \
  M(rows, std::vector<std::vector<double>>)                               \
  M(triple, std::array<double, 3>)                                        \
  M(table, std::array<std::array<std::int64_t, 100>, 100>)                \
  M(texts, std::array<std::string, 2>)                                    \
  M(pair, std::pair<std::string, std::int32_t>)                           \
  M(tuple, std::tuple<std::int64_t, std::string, std::vector<double>>)    \
  M(nothing, std::tuple<>)                                                \
  M(map, std::map<std::string, std::int64_t>)                             \
  M(hash, std::unordered_map<std::string, std::vector<double>>)           \
  M(set, std::set<std::string>)                                           \
  M(maybe, std::optional<std::vector<double>>)                            \
  M(either, std::variant<std::int64_t, std::string, std::vector<double>>) \
  M(complex, std::complex<double>)                                        \
  M(complexes, std::vector<std::complex<float>>)                          \
  M(deep, std::map<std::string, std::vector<std::optional<std::pair<std::int32_t, std::set<std::string>>>>>)
