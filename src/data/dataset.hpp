#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <gluster/operand.hpp>

namespace gluster::data {

// FILE:/DATASET, as people write it.
struct DatasetName {
  std::string file, name;
};
// Throws UsageError for what is none.
DatasetName dataset_name(std::string_view where);

// Reads the rows, in this machine's byte order; `into` has as many bytes. Throws DataError where the dataset is missing or damaged, of another type or row length, or has fewer rows.
void read_rows(const DatasetRef& ref, std::span<std::byte> into);

// As "1.10.8".
std::string hdf5_version();

}  // namespace gluster::data
