#include "word_counts.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>

namespace baselines {
namespace {

// Packed: the number of words; then for each its count, its length, and its letters.
std::size_t packed_bytes(const Counts& counts) {
  std::size_t bytes = sizeof(std::uint64_t);
  for (const auto& [word, count] : counts) bytes += sizeof(std::int64_t) + sizeof(std::uint32_t) + word.size();
  return bytes;
}

template <class T>
void put(std::byte*& at, const T& value) {
  std::memcpy(at, &value, sizeof value);
  at += sizeof value;
}

template <class T>
T get(const std::byte*& at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  at += sizeof value;
  return value;
}

void pack(const Counts& counts, std::byte* at) {
  put(at, static_cast<std::uint64_t>(counts.size()));
  for (const auto& [word, count] : counts) {
    put(at, count);
    put(at, static_cast<std::uint32_t>(word.size()));
    std::memcpy(at, word.data(), word.size());
    at += word.size();
  }
}

}  // namespace

Counts some_counts(std::int64_t words) {
  Counts counts;
  for (std::int64_t number = 0; number < words; ++number) {
    std::string word;
    for (std::int64_t rest = number + 26; rest > 0; rest /= 26) word += static_cast<char>('a' + rest % 26);
    word.append(static_cast<std::size_t>(number % 9), 'E');
    counts.emplace(std::move(word), number);
  }
  return counts;
}

void send_counts(MPI_Comm comm, int peer, const Counts& counts) {
  const std::size_t bytes = packed_bytes(counts);
  const auto buffer = std::make_unique_for_overwrite<std::byte[]>(bytes);
  pack(counts, buffer.get());
  MPI_Send(buffer.get(), static_cast<int>(bytes), MPI_BYTE, peer, 0, comm);
}

void add_received(MPI_Comm comm, int peer, Counts& all) {
  MPI_Status status;
  MPI_Probe(peer, 0, comm, &status);
  int bytes = 0;
  MPI_Get_count(&status, MPI_BYTE, &bytes);
  const auto buffer = std::make_unique_for_overwrite<std::byte[]>(static_cast<std::size_t>(bytes));
  MPI_Recv(buffer.get(), bytes, MPI_BYTE, peer, 0, comm, MPI_STATUS_IGNORE);
  const std::byte* at = buffer.get();
  const auto size = get<std::uint64_t>(at);
  if (all.empty()) all.reserve(size);
  for (std::uint64_t i = 0; i < size; ++i) {
    const auto count = get<std::int64_t>(at);
    const auto letters = get<std::uint32_t>(at);
    const auto [word, is_new] = all.try_emplace(std::string(reinterpret_cast<const char*>(at), letters), count);
    if (!is_new) word->second += count;
    at += letters;
  }
}

Counts fetch_counts(MPI_Comm comm, int peer) {
  MPI_Send(nullptr, 0, MPI_BYTE, peer, 0, comm);
  Counts counts;
  add_received(comm, peer, counts);
  return counts;
}

void supply_counts(MPI_Comm comm, int peer, const Counts& counts) {
  MPI_Recv(nullptr, 0, MPI_BYTE, peer, 0, comm, MPI_STATUS_IGNORE);
  send_counts(comm, peer, counts);
}

}  // namespace baselines
