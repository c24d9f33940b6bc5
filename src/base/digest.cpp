#include "base/digest.hpp"

#include <openssl/evp.h>

#include <gluster/error.hpp>

namespace gluster::base {

std::string sha256(std::span<const char> bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_sha256(), nullptr) != 1) throw Error("libcrypto refuses to compute a SHA-256");
  std::string text;
  for (unsigned int i = 0; i < size; ++i) {
    constexpr char digits[] = "0123456789abcdef";
    text += digits[digest[i] >> 4];
    text += digits[digest[i] & 15];
  }
  return text;
}

}  // namespace gluster::base
