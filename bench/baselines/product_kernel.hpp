// The shape of a function that multiplies rows.
#pragma once
#include <cstdint>

namespace baselines {

/// c = a·b; a and c have `rows` rows, b has n. Such are in kernels/matmul.hpp.
template <class T>
using ProductKernel = void (*)(T* c, const T* a, const T* b, std::int64_t rows, std::int64_t n);

}  // namespace baselines
