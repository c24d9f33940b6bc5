#include "runner/operands.hpp"

#include <gluster/error.hpp>
#include <gmock/gmock.h>

#include "fixtures/throws_with.hpp"

namespace gluster::runner {
namespace {

DatasetRef rows_of_doubles(std::uint64_t rows) {
  DatasetRef ref;
  ref.fixed.rows = rows;
  ref.fixed.element = Scalar::f64;
  ref.file = "/data/f.h5";
  ref.name = "/x";
  return ref;
}

TEST(OperandsTest, SaysWhichDatasetThereIsNoRoomFor) {
  Operands operands{{}};
  operands.expect_room(rows_of_doubles(1000));
  EXPECT_THROWS_WITH(operands.expect_room(rows_of_doubles(std::uint64_t{1} << 50)), UsageError, "/data/f.h5:/x", "8589934592 MiB", "free");
}

TEST(OperandsTest, SharedDataThatNobodySentIsNotHere) {
  EXPECT_THROWS_WITH(Operands({}).find({7, kNowhere, 0, 8}), DataError, "shared data 7 is not here");
}

}  // namespace
}  // namespace gluster::runner
