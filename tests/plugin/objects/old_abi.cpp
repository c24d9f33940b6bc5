// What a plugin built with another version of the headers looks like: only the manifest's first two fields are known.
#include <cstdint>

struct OldManifest {
  std::uint32_t abi, bytes;
};
extern "C" __attribute__((visibility("default"))) const OldManifest* gluster_manifest() {
  static const OldManifest manifest{990, sizeof(OldManifest)};
  return &manifest;
}
