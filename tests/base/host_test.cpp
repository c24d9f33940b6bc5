#include "base/host.hpp"

#include <unistd.h>

#include <filesystem>
#include <limits>
#include <vector>

#include <gmock/gmock.h>

namespace gluster::base {
namespace {

TEST(HostTest, TellsWhatThisHostIs) {
  EXPECT_FALSE(host_name().empty());
  EXPECT_FALSE(architecture().empty());
  EXPECT_THAT(operating_system(), testing::StartsWith("Linux "));
  EXPECT_EQ(cpu_model(), cpu_model()) << "it is part of a cache's key";
  EXPECT_EQ(std::filesystem::path(program_path()).filename(), "base_host_test");
  EXPECT_GE(load_average(), 0.0);
}

TEST(HostTest, TellsHowMuchMemoryThereIs) {
  EXPECT_GT(available_memory(), std::uint64_t{1} << 20);
  EXPECT_LT(available_memory(), std::numeric_limits<std::uint64_t>::max()) << "in bytes";
}

TEST(HostTest, HasNoRoomForMoreThanThereIs) {
  EXPECT_TRUE(has_room_for(1));
  EXPECT_FALSE(has_room_for(std::numeric_limits<std::uint64_t>::max() / 2));
}

TEST(HostTest, SeesThisProcessGrow) {
  constexpr std::size_t kBytes = std::size_t{64} << 20;
  std::uint64_t before = resident_memory();
  std::vector<char> touched(kBytes, 1);
  EXPECT_GE(resident_memory(), before + kBytes / 2) << touched.size();
}

}  // namespace
}  // namespace gluster::base
