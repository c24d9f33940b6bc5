#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "items_out.hpp"

namespace gluster::command {

// Results in an HDF5 file: dataset /value, an item a row: numbers, rows of as many numbers each, or else texts (JSON, where they are none). Where items have none there is /error too, empty for those that
// have a value; their rows are nan, 0 or empty.
std::unique_ptr<ItemsOut> items_to_h5(const std::string& file, bool force, const std::string& type, std::uint64_t count);

}  // namespace gluster::command
