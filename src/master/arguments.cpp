#include "master/arguments.hpp"

#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <gluster/dataset.hpp>
#include <gluster/plugin.hpp>

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

// What a call, or an item of a map, is checked as: it says where it went wrong.
struct Checked {
  const KernelEntry* kernel;
  std::span<const detail::Argument> arguments, common;
  const Type* result;
  std::string item;  // empty: it is none

  [[noreturn]] void refuse(const std::string& what) const {
    std::vector<detail::Argument> all(arguments.begin(), arguments.end());
    all.insert(all.end(), common.begin(), common.end());
    throw UsageError(fmt::format("{}: {}{} ({})", kernel->name, item, what, types_text(*kernel, call_text(all, *result))));
  }
};

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

namespace {

void encode_argument(const Checked& call, std::size_t at, const detail::Argument& argument, Encoder& frame) {
  const Type& parameter = call.kernel->signature->parameters[at];
  if (argument.value == nullptr) call.refuse(fmt::format("argument {} is a null pointer, the kernel takes {}", at + 1, parameter.text));
  if (argument.type->text == parameter.text) return argument.encode(frame, argument.value);
  if (argument.kind == ArgumentKind::dataset)
    throw DataError(fmt::format("{}: {}argument {} is to be {}: {} wanted, {} found ({})", call.kernel->name, call.item, at + 1,
                                static_cast<const Dataset*>(argument.value)->where(), parameter.text, argument.type->text,
                                call.kernel->signature->text()));
  if (convert(argument.type->scalar, argument.value, parameter.scalar, frame)) return;
  std::string value = argument.type->scalar != Scalar::none && parameter.scalar != Scalar::none
                          ? fmt::format(", and its value {} is not one exactly", text_of(argument.type->scalar, argument.value))
                          : "";
  call.refuse(fmt::format("argument {} is {}, the kernel takes {}{}", at + 1, argument.type->text, parameter.text, value));
}

// An argument that is at its end in the frame: what was encoded of it, after `before`, becomes its name, if the lender has room for it.
void lend(const KernelEntry& kernel, std::size_t at, const detail::Argument& argument, const Encoder::Mark& before, std::size_t kinds, Lender& lender,
          Encoder& frame) {
  std::optional<SharedRef> lent;
  if (argument.kind == ArgumentKind::output) {
    const auto& wanted = *static_cast<const SharedRef*>(argument.value);
    if (wanted.object == 0 && wanted.bytes >= kSegmentBytes) lent = lender.lend_for(wanted);
  } else if (argument.kind == ArgumentKind::value && frame.segments.size() == before.segments + 1 && at < 64 && (kernel.code->views >> at & 1) != 0) {
    lent = lender.lend(frame.segments.back());
    if (lent) frame.set(kinds + at, ArgumentKind::shared);
  }
  if (!lent) return;
  frame.rewind(before);
  frame.put(*lent);
}

void check_count(const Checked& call) {
  std::size_t given = call.arguments.size() + call.common.size(), taken = call.kernel->signature->parameters.size();
  if (given != taken) call.refuse(fmt::format("{} given, the kernel takes {}", plural(given), taken));
}

}  // namespace

void encode_call(const KernelEntry& kernel, std::span<const detail::Argument> arguments, const Type& result, Encoder& frame, Lender* lender) {
  const Signature& signature = *kernel.signature;
  Checked call{&kernel, arguments, {}, &result, {}};
  check_count(call);
  frame.put(wire::CallHead{kernel.image, kernel.number});
  const std::size_t kinds = frame.body.size();
  for (const detail::Argument& argument : arguments) frame.put(argument.kind);
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const Encoder::Mark before = frame.mark();
    encode_argument(call, i, arguments[i], frame);
    if (lender != nullptr) lend(kernel, i, arguments[i], before, kinds, *lender, frame);
  }
  if (result.text != signature.result.text)
    call.refuse(fmt::format("the call expects {}, the kernel returns {}", result.text, signature.result.text));
  frame.close();
}

void encode_item(const KernelEntry& kernel, std::size_t item, std::span<const detail::Argument> own, std::span<const detail::Argument> common,
                 Encoder& frame) {
  auto encode = [&](std::size_t at, const detail::Argument& argument) {
    if (argument.value != nullptr && argument.type->text == kernel.signature->parameters[at].text) return argument.encode(frame, argument.value);
    encode_argument({&kernel, own, common, &kernel.signature->result, fmt::format("item {}: ", item)}, at, argument, frame);
  };
  for (std::size_t i = 0; i < own.size(); ++i) encode(i, own[i]);
  for (std::size_t i = 0; i < common.size(); ++i) encode(own.size() + i, common[i]);
}

bool may_fit(const KernelEntry& kernel, std::span<const detail::Argument> own, std::span<const detail::Argument> common) {
  auto fits = [&](std::size_t at, const detail::Argument& argument) {
    const Type& parameter = kernel.signature->parameters[at];
    return argument.type->text == parameter.text || (argument.type->scalar != Scalar::none && parameter.scalar != Scalar::none);
  };
  for (std::size_t i = 0; i < own.size(); ++i)
    if (!fits(i, own[i])) return false;
  for (std::size_t i = 0; i < common.size(); ++i)
    if (!fits(own.size() + i, common[i])) return false;
  return true;
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
