#include "base/pages.hpp"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <span>
#include <vector>

#include <gmock/gmock.h>

namespace gluster::base {
namespace {

// Memory that processes could share, none of which is there yet.
class PagesTest : public testing::Test {
 protected:
  static constexpr std::size_t kBytes = std::size_t{16} << 20;
  PagesTest() {
    const int file = ::memfd_create("pages", MFD_CLOEXEC);
    if (::ftruncate(file, kBytes) == 0) data_ = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    ::close(file);
  }
  ~PagesTest() override { ::munmap(data_, kBytes); }
  std::span<std::byte> all() const { return {static_cast<std::byte*>(data_), kBytes}; }
  // Bytes of a part that have memory.
  static std::size_t present(std::span<std::byte> part) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    std::vector<unsigned char> is_there(part.size() / page);
    EXPECT_EQ(::mincore(part.data(), part.size(), is_there.data()), 0);
    return page * static_cast<std::size_t>(std::ranges::count_if(is_there, [](unsigned char one) { return (one & 1) != 0; }));
  }

 private:
  void* data_ = MAP_FAILED;
};

TEST_F(PagesTest, ReservedPagesAreThereAndZero) {
  const auto part = all().subspan(12288, (std::size_t{9} << 20) + 4096);
  ASSERT_TRUE(reserve_pages(part.data(), part.size()));
  EXPECT_EQ(present(part), part.size());
  EXPECT_EQ(std::ranges::count(part, std::byte{0}), static_cast<std::ptrdiff_t>(part.size()));
}

TEST_F(PagesTest, WhatSomePagesHoldStays) {
  for (std::size_t at = 0; at < kBytes; at += 700'001) all()[at] = std::byte{7};
  ASSERT_TRUE(reserve_pages(all().data(), kBytes));
  EXPECT_EQ(present(all()), kBytes);
  for (std::size_t at = 0; at < kBytes; at += 700'001) EXPECT_EQ(all()[at], std::byte{7});
  EXPECT_EQ(std::ranges::count(all(), std::byte{7}), static_cast<std::ptrdiff_t>((kBytes - 1) / 700'001 + 1));
}

TEST_F(PagesTest, DroppedPagesAreZeroAgainAndTheirNeighboursAreNot) {
  ASSERT_TRUE(reserve_pages(all().data(), kBytes));
  std::ranges::fill(all(), std::byte{5});
  const auto dropped = all().subspan(4096, (std::size_t{5} << 20) + 4096);
  drop_shared_pages(dropped);
  EXPECT_EQ(present(dropped.subspan((std::size_t{2} << 20) - 4096, std::size_t{2} << 20)), 0u) << "parts of large pages may stay, all zeros";
  EXPECT_EQ(std::ranges::count(all(), std::byte{5}), static_cast<std::ptrdiff_t>(kBytes - dropped.size()));
  EXPECT_EQ(std::ranges::count(dropped, std::byte{0}), static_cast<std::ptrdiff_t>(dropped.size()));
}

// A kernel's memory would have to be made anew by every call.
TEST_F(PagesTest, ATrimmedProcessMapsNoBlockOfSomeMegabytesByItself) {
  trim_arena_of_this_thread();
  const auto mapped = ::mallinfo2().hblks;
  void* volatile block = std::malloc(std::size_t{4} << 20);
  EXPECT_EQ(::mallinfo2().hblks, mapped);
  std::free(block);
}

TEST_F(PagesTest, AViewShowsTheSameMemoryWhereLargePagesMayBe) {
  constexpr std::uintptr_t kLarge = std::uintptr_t{2} << 20;
  constexpr std::size_t kBefore = 3 * 4096 + 64;  // of the file, so many bytes lie before it
  // Where the mapping does not lie as the file does.
  auto* const room = static_cast<std::byte*>(::mmap(nullptr, kBytes + 2 * kLarge, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  auto* const odd = room + (kLarge - reinterpret_cast<std::uintptr_t>(room) % kLarge) % kLarge + 5 * 4096;
  ASSERT_EQ(::mremap(all().data(), 0, kBytes, MREMAP_MAYMOVE | MREMAP_FIXED, odd), odd);
  const std::span<std::byte> data(odd + kBefore, kBytes - kBefore);
  {
    const LargePagesView view(data);
    ASSERT_EQ(view.bytes().size(), data.size());
    EXPECT_EQ((reinterpret_cast<std::uintptr_t>(view.bytes().data()) - kBefore) % kLarge, 0u);
    view.bytes().front() = std::byte{1};
    view.bytes().back() = std::byte{2};
    EXPECT_EQ(data.front(), std::byte{1});
    EXPECT_EQ(data.back(), std::byte{2});
    ASSERT_TRUE(reserve_pages(view.bytes().data(), view.bytes().size()));
    data[5'000'000] = std::byte{3};
    EXPECT_EQ(view.bytes()[5'000'000], std::byte{3});
  }
  EXPECT_EQ(data[5'000'000], std::byte{3});
  EXPECT_EQ(all()[kBefore], std::byte{1});
  ::munmap(room, kBytes + 2 * kLarge);
}

}  // namespace
}  // namespace gluster::base
