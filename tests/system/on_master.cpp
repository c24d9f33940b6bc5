#include "on_master.hpp"

namespace gluster::tests {
namespace {

Cluster* running = nullptr;

}  // namespace

Cluster& cluster() { return *running; }

}  // namespace gluster::tests

int main(int argc, char** argv) {
  testing::InitGoogleMock(&argc, argv);
  return gluster::launch(argc, argv, [](gluster::Cluster& cluster) {
    gluster::tests::running = &cluster;
    return RUN_ALL_TESTS();
  });
}
