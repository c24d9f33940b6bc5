#include "master/arguments.hpp"

#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "base/scalar.hpp"
#include "wire/message.hpp"

namespace gluster::master {
namespace {

using base::visit;

// Every arithmetic type's values are long doubles exactly (64 bits of mantissa or more).
long double read(Scalar scalar, const void* value) {
  return visit(scalar, [&](auto zero) { return static_cast<long double>(*static_cast<const decltype(zero)*>(value)); });
}

// As its caller wrote it.
std::string text_of(Scalar scalar, const void* value) {
  return visit(scalar, [&](auto zero) {
    auto number = *static_cast<const decltype(zero)*>(value);
    if constexpr (std::is_same_v<decltype(zero), char>) return fmt::format("{}", static_cast<int>(number));
    else return fmt::format("{}", number);
  });
}

template <class T>
bool holds(long double value) {
  using Limits = std::numeric_limits<T>;
  if constexpr (Limits::is_integer)
    return value >= static_cast<long double>(Limits::min()) && value <= static_cast<long double>(Limits::max()) && std::trunc(value) == value;
  else
    return std::isnan(value) || std::isinf(value) ||
           (std::fabs(value) <= static_cast<long double>(Limits::max()) && static_cast<long double>(static_cast<T>(value)) == value);
}

std::string call_text(std::span<const detail::Argument> arguments, const Type& result) {
  Signature signature{result, {}};
  for (const detail::Argument& argument : arguments) signature.parameters.push_back(*argument.type);
  return signature.text();
}

std::string types_text(const KernelEntry& kernel, const std::string& call) {
  return fmt::format("the kernel is {}, the call is {}", kernel.signature->text(), call);
}

[[noreturn]] void refuse(const KernelEntry& kernel, const std::string& what, std::span<const detail::Argument> arguments, const Type& result) {
  throw UsageError(fmt::format("{}: {} ({})", kernel.name, what, types_text(kernel, call_text(arguments, result))));
}

std::string plural(std::size_t count) { return fmt::format("{} argument{}", count, count == 1 ? "" : "s"); }

}  // namespace

bool convert(Scalar from, const void* value, Scalar to, Encoder& out) {
  if (from == Scalar::none || to == Scalar::none) return false;
  long double number = read(from, value);
  return visit(to, [&](auto zero) {
    using T = decltype(zero);
    if (!holds<T>(number)) return false;
    out.put(static_cast<T>(number));
    return true;
  });
}

void encode_call(const KernelEntry& kernel, std::span<const detail::Argument> arguments, const Type& result, Encoder& frame) {
  const Signature& signature = *kernel.signature;
  if (arguments.size() != signature.parameters.size())
    refuse(kernel, fmt::format("{} given, the kernel takes {}", plural(arguments.size()), signature.parameters.size()), arguments, result);
  frame.put(wire::CallHead{kernel.image, kernel.number});
  for (std::size_t i = 0; i < arguments.size(); ++i) frame.put(ArgumentKind::value);
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const detail::Argument& argument = arguments[i];
    const Type& parameter = signature.parameters[i];
    if (argument.value == nullptr)
      refuse(kernel, fmt::format("argument {} is a null pointer, the kernel takes {}", i + 1, parameter.text), arguments, result);
    if (argument.type->text == parameter.text) {
      argument.encode(frame, argument.value);
    } else if (!convert(argument.type->scalar, argument.value, parameter.scalar, frame)) {
      std::string value = argument.type->scalar != Scalar::none && parameter.scalar != Scalar::none
                              ? fmt::format(", and its value {} is not one exactly", text_of(argument.type->scalar, argument.value))
                              : "";
      refuse(kernel, fmt::format("argument {} is {}, the kernel takes {}{}", i + 1, argument.type->text, parameter.text, value), arguments, result);
    }
  }
  if (result.text != signature.result.text)
    refuse(kernel, fmt::format("the call expects {}, the kernel returns {}", result.text, signature.result.text), arguments, result);
  frame.close();
}

void check_signature(const KernelEntry& kernel, const Signature& wanted) {
  const Signature& signature = *kernel.signature;
  auto refuse_type = [&](const std::string& what) {
    throw UsageError(fmt::format("{}: {} ({})", kernel.name, what, types_text(kernel, wanted.text())));
  };
  if (wanted.parameters.size() != signature.parameters.size())
    refuse_type(fmt::format("the handle has {}, the kernel takes {}", plural(wanted.parameters.size()), signature.parameters.size()));
  for (std::size_t i = 0; i < wanted.parameters.size(); ++i) {
    const Type &have = wanted.parameters[i], &want = signature.parameters[i];
    bool converts = have.scalar != Scalar::none && want.scalar != Scalar::none;
    if (have.text != want.text && !converts) refuse_type(fmt::format("argument {} is {}, the kernel takes {}", i + 1, have.text, want.text));
  }
  if (wanted.result.text != signature.result.text)
    refuse_type(fmt::format("the handle expects {}, the kernel returns {}", wanted.result.text, signature.result.text));
}

}  // namespace gluster::master
