#pragma once
#include <cstdint>

#include <gluster/signature.hpp>

namespace gluster::base {

// Calls `what` with a value of the C++ type that `scalar` names.
template <class F>
auto visit(Scalar scalar, F&& what) {
  switch (scalar) {
    case Scalar::boolean: return what(bool{});
    case Scalar::character: return what(char{});
    case Scalar::i8: return what(std::int8_t{});
    case Scalar::i16: return what(std::int16_t{});
    case Scalar::i32: return what(std::int32_t{});
    case Scalar::u8: return what(std::uint8_t{});
    case Scalar::u16: return what(std::uint16_t{});
    case Scalar::u32: return what(std::uint32_t{});
    case Scalar::u64: return what(std::uint64_t{});
    case Scalar::f32: return what(float{});
    case Scalar::f64: return what(double{});
    case Scalar::f80: return what(0.0L);
    default: return what(std::int64_t{});
  }
}

}  // namespace gluster::base
