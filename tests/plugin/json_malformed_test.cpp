#include <gmock/gmock.h>

#include "fixtures/json_both_ways.hpp"
#include "plugin/json.hpp"

namespace gluster::plugin {
namespace {

using tests::Carried;
using tests::decoded;
using tests::encoded;
using tests::encoded_json;

TEST(MalformedJsonTest, RefusesMalformedTypes) {
  for (const char* type : {"",
                           "i33",
                           "I32",
                           "[",
                           "[i32",
                           "[i32;",
                           "[i32;]",
                           "[i32;-1]",
                           "[i32;99999999999999999999]",
                           "[f64;9999999999999999999]",
                           "[]",
                           "(i32",
                           "(i32,)",
                           "(,)",
                           "{}",
                           "{i32",
                           "{i32:i32:i32}",
                           "<>",
                           "<i32",
                           "<i32,i32>",
                           "?",
                           "*",
                           "&",
                           "@",
                           "@Name",
                           "struct",
                           "struct(",
                           "struct(@)",
                           "enum",
                           "enum(str)",
                           "complex()",
                           "complex(str)",
                           "i32]",
                           "i32 ",
                           "i32,i32"})
    EXPECT_THROWS_WITH(encoded_json(nullptr, type), PluginError, std::string("malformed type text `") + type + "`: expected ");
  EXPECT_THROWS_WITH(encoded_json(nullptr, std::string(1'000'000, '[')), PluginError, "less depth");
  EXPECT_THROWS_WITH(encoded_json(nullptr, "[i32;x]"), PluginError, "expected a number at 5");
}

TEST(MalformedJsonTest, RefusesDamagedFrames) {
  auto refused = [](const std::string& type, const std::string& whole, const std::string& why) {
    EXPECT_THROWS_WITH(decoded(type, Carried(encoded(whole))), DataError, why);
  };
  refused("<i32|str>", std::string("\2\0\0\0", 4), "an alternative that its variant does not have");
  refused("<i32|str>", std::string("\xff\xff\xff\xff", 4), "an alternative that its variant does not have");
  refused("{f64}", std::string("\2\0\0\0\0\0\0\0", 8) + std::string(15, 'x'), "a container larger than its bytes");
  refused("{()}", std::string(8, '\xff'), "a container larger than its bytes");
  refused("&i32", std::string("\1\0\0\0", 4), "a pointer to what it has not");
  refused("struct(i8)", "ab", "more bytes than the value takes");
  std::string large(3000, '\xff');
  refused("{f64}", large, "a container larger than its bytes");
}

}  // namespace
}  // namespace gluster::plugin
