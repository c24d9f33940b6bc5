#include "base/copy.hpp"

#include <algorithm>
#include <vector>

#include <gmock/gmock.h>

namespace gluster::base {
namespace {

std::vector<std::byte> numbers(std::size_t bytes) {
  std::vector<std::byte> all(bytes);
  unsigned next = 1;
  for (std::byte& one : all) one = static_cast<std::byte>((next = next * 1664525 + 1013904223) >> 24);
  return all;
}

TEST(CopyTest, CopiesAllOfItAndNothingElse) {
  constexpr std::size_t kMiB = std::size_t{1} << 20;
  const std::vector<std::byte> from = numbers(34 * kMiB);
  for (std::size_t bytes : {std::size_t{0}, std::size_t{1}, 16 * kMiB - 1, 16 * kMiB, 33 * kMiB + 7}) {
    std::vector<std::byte> to(bytes + 2, std::byte{7});
    copy(to.data() + 1, from.data(), bytes);
    EXPECT_TRUE(std::equal(to.begin() + 1, to.end() - 1, from.begin())) << bytes;
    EXPECT_EQ(to.front(), std::byte{7}) << bytes;
    EXPECT_EQ(to.back(), std::byte{7}) << bytes;
  }
}

}  // namespace
}  // namespace gluster::base
