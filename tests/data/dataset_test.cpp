#include "data/dataset.hpp"

#include <fstream>
#include <numeric>

#include <gluster/dataset.hpp>
#include <gluster/error.hpp>
#include <gmock/gmock.h>

#include "data/h5.hpp"
#include "fixtures/temporary_directory.hpp"
#include "fixtures/throws_with.hpp"

namespace gluster::tests {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class DatasetTest : public testing::Test {
 protected:
  std::string at(const std::string& name) const { return (directory / "f.h5").string() + ":" + name; }
  // 0, 1, 2, … in as many rows of `columns`.
  template <class T>
  void make(const std::string& name, std::uint64_t rows, std::uint64_t columns, IfThere if_there = IfThere::refuse) const {
    std::vector<T> all(rows * columns);
    std::iota(all.begin(), all.end(), T{});
    DatasetWriter<T> out(at(name), {rows, columns}, if_there);
    out.write(0, all);
    out.finish();
  }
  template <class T>
  static std::vector<T> read(const Dataset& dataset) {
    std::vector<T> all(dataset.ref().elements());
    data::read_rows(dataset.ref(), std::as_writable_bytes(std::span(all)));
    return all;
  }
  // As a file is that somebody else made: `type` may be any of HDF5's.
  void make_as(const std::string& name, hid_t type, const std::vector<std::uint64_t>& shape, const std::vector<double>& values = {}) const {
    const data::h5::Session session;
    const auto file = data::h5::create_file(directory / "f.h5");
    const auto dataset = data::h5::create_dataset(file, name, type, shape, name);
    if (!values.empty()) data::h5::write_rows(dataset, H5T_NATIVE_DOUBLE, 0, shape.empty() ? 1 : shape[0], values.data(), name);
  }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(directory / "")) names.push_back(entry.path().filename());
    return names;
  }

  TemporaryDirectory directory;
};

TEST_F(DatasetTest, IsWhatWasWritten) {
  make<double>("/a", 4, 3);
  const Dataset a = dataset(at("/a"));
  EXPECT_EQ(a.type().text, "[f64]");
  EXPECT_THAT(a.shape(), ElementsAre(4, 3));
  EXPECT_EQ(a.size(), 4u);
  EXPECT_THAT(read<double>(a), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
}

TEST_F(DatasetTest, RowsOfItAreReadAlone) {
  make<std::int32_t>("/deep/down/a", 5, 2);
  EXPECT_THAT(read<std::int32_t>(dataset(at("/deep/down/a"), {1, 2})), ElementsAre(2, 3, 4, 5));
  EXPECT_THAT(read<std::int32_t>(dataset(at("/deep/down/a"), {3})), ElementsAre(6, 7, 8, 9)) << "to the end";
  EXPECT_THAT(read<std::int32_t>(dataset(at("/deep/down/a"), {1, 4}).part(2, 1)), ElementsAre(6, 7));
  EXPECT_THAT(read<std::int32_t>(dataset(at("/deep/down/a"), {5, 0})), IsEmpty());
}

TEST_F(DatasetTest, RowsBeyondItsEndAreRefused) {
  make<double>("/a", 4, 3);
  EXPECT_THROWS_WITH((void)dataset(at("/a"), {3, 2}), UsageError, "f.h5:/a", "2 rows from row 3 on", "it has 4");
  EXPECT_THROWS_WITH((void)dataset(at("/a"), {5}), UsageError, "it has 4");
  EXPECT_THROWS_WITH((void)dataset(at("/a"), {0, 2}).part(1, 2), UsageError, "it has 2");
}

TEST_F(DatasetTest, EveryTypeOfNumberKeepsItsOwn) {
  make<std::uint8_t>("/a", 1, 3);
  EXPECT_EQ(dataset(at("/a")).type().text, "[u8]");
  make<std::int64_t>("/a", 1, 3, IfThere::replace);
  EXPECT_EQ(dataset(at("/a")).type().text, "[i64]");
  make<float>("/a", 1, 3, IfThere::replace);
  EXPECT_EQ(dataset(at("/a")).type().text, "[f32]");
}

TEST_F(DatasetTest, OfTheOtherByteOrderIsReadInThisOne) {
  make_as("/a", H5T_IEEE_F64BE, {2}, {1.5, -2});
  EXPECT_THAT(read<double>(dataset(at("/a"))), ElementsAre(1.5, -2));
}

TEST_F(DatasetTest, OneElementIsARow) {
  make_as("/a", H5T_NATIVE_DOUBLE, {}, {7});
  EXPECT_EQ(dataset(at("/a")).size(), 1u);
  EXPECT_THAT(read<double>(dataset(at("/a"))), ElementsAre(7));
}

TEST_F(DatasetTest, ThatIsNoneSaysWhatIsThere) {
  EXPECT_THROWS_WITH((void)dataset("f.h5"), UsageError, "f.h5", "FILE:/DATASET");
  EXPECT_THROWS_WITH((void)dataset(at("/a")), DataError, "there is no file", "f.h5");
  make<double>("/group/a", 1, 1);
  EXPECT_THROWS_WITH((void)dataset(at("/b")), DataError, "f.h5 has no dataset /b", "it has /group/a");
  EXPECT_THROWS_WITH((void)dataset(at("/group")), DataError, "/group is no dataset", "it has /group/a");
}

TEST_F(DatasetTest, OfAnotherKindThanNumbersIsRefused) {
  make_as("/a", data::h5::text_type(), {2});
  EXPECT_THROWS_WITH((void)dataset(at("/a")), DataError, "f.h5:/a", "numbers", "texts");
}

TEST_F(DatasetTest, AFileThatIsNoneOrTruncatedSaysSo) {
  std::ofstream(directory / "f.h5") << "not at all";
  EXPECT_THROWS_WITH((void)dataset(at("/a")), DataError, "f.h5 is no HDF5 file");
  std::filesystem::remove(directory / "f.h5");
  make<double>("/a", 100, 100);
  std::filesystem::resize_file(directory / "f.h5", 50'000);
  EXPECT_THROWS_WITH((void)dataset(at("/a")), DataError, "f.h5", "truncated", "50000");
}

TEST_F(DatasetTest, ThatBecameAnotherOneIsRefusedWhenItIsRead) {
  make<double>("/a", 4, 3);
  const Dataset a = dataset(at("/a"));
  make<double>("/a", 4, 2, IfThere::replace);
  EXPECT_THROWS_WITH((void)read<double>(a), DataError, "f.h5:/a", "rows 0 to 4 of 3 elements each wanted", "4 × 2 found");
  make<double>("/a", 3, 3, IfThere::replace);
  EXPECT_THROWS_WITH((void)read<double>(a), DataError, "3 × 3 found");
  make<float>("/a", 4, 3, IfThere::replace);
  EXPECT_THROWS_WITH((void)read<double>(a), DataError, "[f64] wanted, [f32] found");
  std::filesystem::remove(directory / "f.h5");
  EXPECT_THROWS_WITH((void)read<double>(a), DataError, "there is no file");
}

TEST_F(DatasetTest, IsWrittenInAnyOrderAndMissingRowsAreZeros) {
  DatasetWriter<double> out(at("/a"), {4, 1});
  out.write(3, std::vector{3.0});
  out.write(0, std::vector{1.0, 2.0});
  out.finish();
  EXPECT_THAT(read<double>(dataset(at("/a"))), ElementsAre(1, 2, 0, 3));
}

TEST_F(DatasetTest, PartsOfRowsAndRowsBeyondItsEndAreNotWritten) {
  DatasetWriter<double> out(at("/a"), {4, 2});
  EXPECT_THROWS_WITH(out.write(0, std::vector{3.0}), UsageError, "1 elements are no whole rows of 2");
  EXPECT_THROWS_WITH(out.write(3, std::vector<double>(4)), UsageError, "rows 3 to 5", "it has 4");
}

TEST_F(DatasetTest, TheFileAppearsWhenItIsWhole) {
  {
    DatasetWriter<double> out(at("/a"), {2});
    EXPECT_FALSE(std::filesystem::exists(directory / "f.h5"));
    out.write(0, std::vector{3.0, 4.0});
  }
  EXPECT_THAT(files(), IsEmpty()) << "what was given up leaves nothing";
  make<double>("/a", 1, 1);
  EXPECT_THAT(files(), ElementsAre("f.h5"));
}

TEST_F(DatasetTest, AFileThatIsThereIsLeftAsItIs) {
  make<double>("/a", 1, 1);
  EXPECT_THROWS_WITH(make<double>("/b", 1, 1), UsageError, "f.h5 is there already");
  EXPECT_EQ(dataset(at("/a")).size(), 1u);
  make<double>("/b", 1, 1, IfThere::replace);
  EXPECT_EQ(dataset(at("/b")).size(), 1u);
}

TEST_F(DatasetTest, OneThatAppearsMeanwhileIsNotOverwritten) {
  DatasetWriter<double> out(at("/a"), {1});
  make<double>("/b", 1, 1);
  EXPECT_THROWS_WITH(out.finish(), DataError, "f.h5: File exists");
  EXPECT_EQ(dataset(at("/b")).size(), 1u);
  EXPECT_THAT(files(), ElementsAre("f.h5"));
}

}  // namespace
}  // namespace gluster::tests
