// What a map's inputs may be, and how they travel.
#include <gluster/map.hpp>

#include <array>
#include <cstdint>
#include <limits>

#include <fmt/format.h>

#include "base/scalar.hpp"
#include "master/kernel_entry.hpp"

namespace gluster::detail {

void check_map(const KernelEntry& kernel, std::size_t own, std::span<const Argument> common, const Type& result, const MapOptions& options) {
  if (options.chunk < 0 || options.window < 0)
    throw UsageError(
        fmt::format("MapOptions: chunk ({}) and window ({}) are numbers of items; 0 leaves them to Gluster", options.chunk, options.window));
  const Signature& signature = *kernel.signature;
  if (own + common.size() != signature.parameters.size())
    throw UsageError(fmt::format("{}: an item gives {} argument{} and all items {} more, the kernel is {}", kernel.name, own, own == 1 ? "" : "s",
                                 common.size(), signature.text()));
  if (result.text != signature.result.text)
    throw UsageError(fmt::format("{}: the map expects {}, the kernel is {}", kernel.name, result.text, signature.text()));
}

namespace {

// A runner writes the first argument of one call again and again.
bool may_send_numbers(const KernelEntry& kernel, const Argument& own, std::span<const Argument> common) {
  Encoder scratch;
  ChunkWriter writer(kernel, 0, 0, {}, scratch);
  writer.add(std::array{own}, common);  // says what is wrong with all of them
  return !writer.error() && scratch.segments.empty() && kernel.signature->parameters[0].scalar != Scalar::none;
}

// Whole numbers up to there have their neighbours in it.
std::int64_t most_in_a_row(Scalar scalar) {
  if (scalar == Scalar::none) return 0;
  return base::visit(scalar, [](auto zero) -> std::int64_t {
    constexpr int digits = std::numeric_limits<decltype(zero)>::digits;
    return digits < 63 ? std::int64_t{1} << digits : std::numeric_limits<std::int64_t>::max();
  });
}

}  // namespace

// Those that do not fit go one by one, and each says so.
bool may_send_indices(const KernelEntry& kernel, const Indices& indices, std::span<const Argument> common) {
  if (indices.size() == 0) return true;
  std::int64_t last = indices.end - 1, most = most_in_a_row(kernel.signature->parameters[0].scalar);
  return may_send_numbers(kernel, argument(&indices.begin), common) && may_send_numbers(kernel, argument(&last), common) && indices.begin >= -most &&
         last <= most;
}

bool may_send_elements(const KernelEntry& kernel, const Argument& any, std::span<const Argument> common) {
  return any.type->text == kernel.signature->parameters[0].text && may_send_numbers(kernel, any, common);
}

}  // namespace gluster::detail
