// Kernels that compute nothing: what a call of one takes is what Gluster itself takes.
#include <gluster/plugin.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

namespace {

using Block = gluster::Block<double>;
using Counts = std::unordered_map<std::string, std::int64_t>;
using Span = std::span<const double>;
using Vector = std::vector<double>;

void empty() {}
void nap(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

void take_bytes(std::span<const std::uint8_t>) {}
void take_span(Span) {}
void take_block(const Block&) {}
void take_vector(const Vector&) {}

Block echo_block(Span in) {
  Block out(in.size());
  std::copy(in.begin(), in.end(), out.begin());
  return out;
}
Vector echo_vector(Span in) { return {in.begin(), in.end()}; }

// What the next give_* returns is made by a call ahead of it, so that the making is not timed. Kernels run one at a time.
Block ready_block;
Vector ready_vector;
Counts ready_counts;

void prepare_block(std::int64_t elements) {
  ready_block = Block(static_cast<std::size_t>(elements));
  for (double& element : ready_block) element = 1;
}
void prepare_vector(std::int64_t elements) { ready_vector.assign(static_cast<std::size_t>(elements), 1); }
void prepare_counts(Counts counts) { ready_counts = std::move(counts); }

Block give_block() { return std::exchange(ready_block, {}); }
Vector give_vector() { return std::exchange(ready_vector, {}); }
Counts give_counts() { return std::exchange(ready_counts, {}); }

}  // namespace

GLUSTER_EXPORT(empty)
GLUSTER_EXPORT(nap)
GLUSTER_EXPORT(take_bytes)
GLUSTER_EXPORT(take_span)
GLUSTER_EXPORT(take_block)
GLUSTER_EXPORT(take_vector)
GLUSTER_EXPORT(echo_block)
GLUSTER_EXPORT(echo_vector)
GLUSTER_EXPORT(prepare_block)
GLUSTER_EXPORT(prepare_vector)
GLUSTER_EXPORT(prepare_counts)
GLUSTER_EXPORT(give_block)
GLUSTER_EXPORT(give_vector)
GLUSTER_EXPORT(give_counts)
