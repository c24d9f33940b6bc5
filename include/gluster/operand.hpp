#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <gluster/signature.hpp>

/// What a call names instead of carrying it.
namespace gluster {

/// What an argument in a call is. Those that are not made yet keep their numbers.
enum class ArgumentKind : std::uint8_t { value = 0, shared = 1, dataset = 2, job = 3, output = 4 };

inline constexpr std::uint64_t kNowhere = ~std::uint64_t{0};

/// A part of shared data, as a call names it.
struct SharedRef {
  std::uint64_t object = 0;         ///< its number; 0: not shared at all (an output in the master's own memory)
  std::uint64_t offset = kNowhere;  ///< of the part in node memory; kNowhere: it does not lie there, anywhere
  std::uint64_t begin = 0;          ///< of the part in the object, bytes; where it is not shared at all: its address there
  std::uint64_t bytes = 0;
};

/// Rows of a dataset in a file, as a call names them.
struct DatasetRef {
  struct Fixed {
    std::uint64_t begin = 0, rows = 0;
    std::uint64_t row = 1;  ///< elements of one
    std::uint64_t
        bytes = 0,
        modified = 0;  ///< the file's size, and when it was changed, when the master looked at it: a journal's inputs are others when it was changed
    Scalar element = Scalar::none;
    std::uint8_t zero[7] = {};
  } fixed;
  std::string_view file, name;  ///< the file's absolute path; the dataset's in it
  /// All of the rows.
  std::uint64_t elements() const noexcept { return fixed.rows * fixed.row; }
};

/// Where a runner finds what calls name.
class Operands {
 public:
  virtual ~Operands() = default;
  /// Throws DataError when it is not here.
  virtual std::span<const std::byte> find(const SharedRef& ref) = 0;
  /// Where an output may be written in place; empty: nowhere, it has to travel.
  virtual std::span<std::byte> output(const SharedRef& ref) = 0;
  /// Throws UsageError where this machine has no room for all of the rows.
  virtual void expect_room(const DatasetRef& ref) = 0;
  /// Reads rows of a dataset from its file, in this machine's byte order. Throws DataError where it is not what `ref` says.
  virtual void read(const DatasetRef& ref, std::span<std::byte> into) = 0;
};

namespace detail {

/// A parameter that a kernel writes.
template <class T>
struct Output {
  SharedRef ref;
};
template <class T>
struct Describe<Output<T>> {
  static void add(TypeText& text) { describe_all<T>(text, "out [", ',', "]"); }
};

}  // namespace detail
}  // namespace gluster
