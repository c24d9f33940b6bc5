#include "base/digest.hpp"

#include <gmock/gmock.h>

namespace gluster::base {
namespace {

// FIPS 180-2, appendix B, and the digest of nothing.
TEST(DigestTest, KnowsThePublishedVectors) {
  EXPECT_EQ(sha256(std::string()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256(std::string("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256(std::string("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256(std::string(1'000'000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(DigestTest, TakesZeroBytesAsBytes) { EXPECT_NE(sha256(std::string("a\0b", 3)), sha256(std::string("a\0c", 3))); }

}  // namespace
}  // namespace gluster::base
