#pragma once
#include <cstddef>

namespace gluster::base {

// As memcpy; of much, each of a few threads copies a part: one core alone does not move what memory can.
void copy(std::byte* to, const std::byte* from, std::size_t bytes);

}  // namespace gluster::base
