#include "base/log.hpp"

#include <gluster/error.hpp>
#include <gmock/gmock.h>

#include "fixtures/throws_with.hpp"

namespace gluster::base {
namespace {

TEST(LogTest, WarnsByDefaultAndTakesEveryLevelByName) {
  EXPECT_EQ(log().level(), spdlog::level::warn);
  for (const char* level : {"trace", "debug", "info", "error", "off", "warn"}) {
    set_log_level(level);
    EXPECT_EQ(spdlog::level::to_string_view(log().level()), spdlog::level::to_string_view(spdlog::level::from_str(level)));
  }
}

TEST(LogTest, RefusesWhatIsNoLevel) {
  auto before = log().level();
  EXPECT_THROWS_WITH(set_log_level("loud"), UsageError, "'loud'", "trace, debug");
  EXPECT_EQ(log().level(), before);
}

TEST(LogTest, WritesToStderrWithTheLibrarysName) {
  testing::internal::CaptureStderr();
  log().warn("number {}", 7);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "gluster: warning: number 7\n");
}

}  // namespace
}  // namespace gluster::base
