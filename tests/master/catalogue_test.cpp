#include "master/catalogue.hpp"

#include <gmock/gmock.h>

#include "fixtures/throws_with.hpp"

namespace gluster::master {
namespace {

const Signature& some_signature() {
  static const Signature signature{type_of<int>(), {type_of<double>()}};
  return signature;
}

// A plugin's table with kernels of these names.
class Table {
 public:
  Table(std::initializer_list<const char*> names, const KernelDoc* doc = nullptr) : doc_(doc) {
    for (const char* name : names) kernels_.push_back({name, &some_signature, nullptr, nullptr});
    for (const Kernel& kernel : kernels_) pointers_.push_back(&kernel);
    Manifest manifest{kAbiVersion, sizeof(Manifest), pointers_.data(), pointers_.data() + pointers_.size(), &doc_, &doc_ + (doc != nullptr)};
    library_ = plugin::Library::of(manifest, "a test's own");
  }
  Table(const Table&) = delete;
  const plugin::Library& library() const { return *library_; }

 private:
  const KernelDoc* doc_;
  std::deque<Kernel> kernels_;
  std::vector<const Kernel*> pointers_;
  std::shared_ptr<const plugin::Library> library_;
};

class CatalogueTest : public testing::Test {
 protected:
  CatalogueTest() {
    catalogue.add("/a/libmatmul.so", "1", matmul.library(), 0);
    catalogue.add("/a/stats.cpp", "2", stats.library(), 1);
  }

  Table matmul{"multiply", "multiply_naive", "version"}, stats{"mean", "version"};
  Catalogue catalogue;
};

TEST_F(CatalogueTest, FindsAKernelByItsFullName) {
  const KernelEntry& mean = catalogue.find("stats.mean");
  EXPECT_EQ(mean.name, "stats.mean");
  EXPECT_EQ(mean.image, 1u);
  EXPECT_EQ(mean.number, 0u);
  EXPECT_EQ(mean.signature->text(), "i32(f64)");
  EXPECT_EQ(catalogue.find("matmul.multiply_naive").number, 1u) << "its place by name";
}

TEST_F(CatalogueTest, FindsABareNameThatOnePluginHas) { EXPECT_EQ(catalogue.find("mean").name, "stats.mean"); }

TEST_F(CatalogueTest, ABareNameOfSeveralIsAmbiguous) {
  EXPECT_THROWS_WITH(catalogue.find("version"), UsageError, "several plugins have a kernel called version", "stem.version");
  EXPECT_EQ(catalogue.find("stats.version").image, 1u);
}

TEST_F(CatalogueTest, TellsTheNearestNameThereIs) {
  EXPECT_THROWS_WITH(catalogue.find("matmul.multiplly"), UsageError, "no kernel called matmul.multiplly; the nearest is matmul.multiply");
  EXPECT_THROWS_WITH(catalogue.find("men"), UsageError, "the nearest is stats.mean");
  EXPECT_THROWS_WITH(catalogue.find("matmull.multiply_naive"), UsageError, "the nearest is matmul.multiply_naive");
  EXPECT_THROWS_WITH(catalogue.find(""), UsageError, "no kernel called");
  Catalogue empty;
  EXPECT_THROWS_WITH(empty.find("mean"), UsageError, "nothing has been imported");
}

TEST_F(CatalogueTest, RefusesAnotherPathWithAStemThatIsTaken) {
  EXPECT_THROWS_WITH(catalogue.stem_for("/b/matmul.cpp"), UsageError, "/b/matmul.cpp", "/a/libmatmul.so", "rename");
  EXPECT_EQ(catalogue.stem_for("/a/libmatmul.so"), "matmul");
  EXPECT_EQ(catalogue.stem_for("/b/other.cpp"), "other");
}

TEST_F(CatalogueTest, TheSamePathAgainReplacesWhatItHad) {
  const KernelEntry& old = catalogue.find("matmul.multiply");
  Table newer{"multiply", "transpose"};
  catalogue.add("/a/libmatmul.so", "3", newer.library(), 2);
  EXPECT_EQ(catalogue.find("matmul.multiply").image, 2u);
  EXPECT_EQ(catalogue.find("transpose").image, 2u);
  EXPECT_THROWS_WITH(catalogue.find("matmul.multiply_naive"), UsageError, "there is no kernel");
  EXPECT_EQ(catalogue.find("version").name, "stats.version") << "no longer ambiguous";
  EXPECT_EQ(old.image, 0u) << "calls under way still point to what they were made for";
}

TEST_F(CatalogueTest, KnowsWhatWasImportedByPathAndContent) {
  EXPECT_TRUE(catalogue.has("/a/libmatmul.so", "1"));
  EXPECT_FALSE(catalogue.has("/a/libmatmul.so", "2"));
  EXPECT_FALSE(catalogue.has("/b/libmatmul.so", "1"));
}

TEST_F(CatalogueTest, ListsEverythingByName) {
  static constexpr const char* kParameters[] = {"x", "times"};
  static constexpr KernelDoc kDoc{"grow", "Grows x.", kParameters, 2};
  Table documented({"grow"}, &kDoc);
  catalogue.add("/a/docs.cpp", "4", documented.library(), 3);
  std::vector<std::string> names;
  for (const KernelInfo& kernel : catalogue.list()) names.push_back(kernel.name);
  EXPECT_THAT(names, testing::ElementsAre("docs.grow", "matmul.multiply", "matmul.multiply_naive", "matmul.version", "stats.mean", "stats.version"));
  KernelInfo grow = catalogue.list().front();
  EXPECT_EQ(grow.signature, "i32(f64)");
  EXPECT_EQ(grow.documentation, "Grows x.");
  EXPECT_THAT(grow.parameters, testing::ElementsAre("x", "times"));
}

}  // namespace
}  // namespace gluster::master
