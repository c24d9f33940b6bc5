#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <gluster/arguments.hpp>
#include <gluster/operand.hpp>
#include <gluster/signature.hpp>

/// Datasets in HDF5 files, as arguments of calls and as places for what comes back.
///
///     auto a = gluster::dataset("in.h5:/a"), b = gluster::dataset("in.h5:/b");
///     auto rows = cluster.run<std::vector<double>>("matmul.multiply", a.part(first, count), b, n);
///     gluster::DatasetWriter<double> c("out.h5:/c", {n, n});
///     c.write(first, rows.get());
///     c.finish();
///
/// Datasets have integers or floating-point numbers as elements, in either byte order, filtered or not. All of this is thread-safe, but for one DatasetWriter.
namespace gluster {

namespace data {
class NewFile;
}

/// Rows of a dataset, as its first dimension counts them.
struct Rows {
  static constexpr std::uint64_t kRest = ~std::uint64_t{0};
  std::uint64_t begin = 0;
  std::uint64_t count = kRest;
};

/// Rows of a dataset in an HDF5 file: an argument that its runner reads for itself, when the call's turn has come.
///
/// A kernel takes it as `std::span<const T>`, `std::vector<T>` or `Block<T>`, where T is what the file has: row-major, without its dimensions. Only its description is in here, as it was when
/// the handle was made: file (an absolute path, which must lead to the same file on every host), name, type and shape. Where it has another type or shape by then, or fewer rows, the call fails with a DataError.
class Dataset {
 public:
  const std::string& file() const noexcept { return state_->file; }
  const std::string& name() const noexcept { return state_->name; }
  /// file:name, for people.
  std::string where() const { return file() + ":" + name(); }
  /// Of the whole dataset; empty: it is one element.
  const std::vector<std::uint64_t>& shape() const noexcept { return state_->shape; }
  /// What a kernel takes for it, e.g. `[f64]`.
  const Type& type() const noexcept { return state_->type; }
  /// The first of its rows in the dataset, and how many they are.
  std::uint64_t begin() const noexcept { return rows_.begin; }
  std::uint64_t size() const noexcept { return rows_.count; }
  /// `count` of these rows, from `begin` on. Throws UsageError beyond the end.
  Dataset part(std::uint64_t begin, std::uint64_t count) const;
  /// As a call names it; lies in this object.
  DatasetRef ref() const noexcept;

 private:
  friend Dataset dataset(std::string_view where, Rows rows);
  struct State {
    std::string file, name;
    Type type;
    Scalar element;
    std::vector<std::uint64_t> shape;
    std::uint64_t row = 1;  // elements
    std::uint64_t bytes = 0, modified = 0;
  };
  Dataset(std::shared_ptr<const State> state, Rows rows) : state_(std::move(state)), rows_(rows) {}

  std::shared_ptr<const State> state_;
  Rows rows_;
};

/// `where`: FILE:/DATASET. Reads the file's description, and no elements. Throws DataError where the file or the dataset is missing or damaged, or no kernel takes its elements, and UsageError for rows beyond the end.
Dataset dataset(std::string_view where, Rows rows = {});

namespace detail {

template <>
struct Kept<Dataset> {
  Dataset value;
  explicit Kept(Dataset given) : value(std::move(given)) {}
  Argument pack() const { return pack(value); }
  static Argument pack(const Dataset& dataset) {
    return {&dataset.type(), &dataset, [](Encoder& out, const void* it) { encode(out, static_cast<const Dataset*>(it)->ref()); },
            ArgumentKind::dataset};
  }
};
template <>
struct Kept<Borrowed<Dataset>> {
  Borrowed<Dataset> value;
  explicit Kept(Borrowed<Dataset> given) : value(given) {}
  Argument pack() const { return Kept<Dataset>::pack(*value.value); }
};
template <>
inline constexpr bool kPointedInto<Dataset> = false;

/// DatasetWriter, whatever its elements are.
class DatasetOut {
 public:
  DatasetOut(std::string_view where, Scalar element, std::vector<std::uint64_t> shape, bool replace);
  ~DatasetOut();
  DatasetOut(DatasetOut&&) noexcept;
  void write(std::uint64_t row, const void* elements, std::size_t count);
  void finish();

 private:
  std::string where_, name_;
  std::vector<std::uint64_t> shape_;
  std::unique_ptr<data::NewFile> file_;
};

}  // namespace detail

enum class IfThere { refuse, replace };

/// A new HDF5 file with one dataset in it. The file appears when it is whole, at finish(): until then it has another name beside its own, and goes with this object.
template <class T>
class DatasetWriter {
  static_assert(std::is_arithmetic_v<T> && !std::is_same_v<T, bool> && !std::is_same_v<T, char> && sizeof(T) <= 8,
                "gluster::DatasetWriter<T>: T is an integer, float or double");

 public:
  /// `where`: FILE:/DATASET. `shape` in elements. Throws UsageError when the file is there and is not to be replaced, and DataError when it cannot be made.
  DatasetWriter(std::string_view where, std::vector<std::uint64_t> shape, IfThere if_there = IfThere::refuse)
      : out_(where, detail::scalar_of<T>(), std::move(shape), if_there == IfThere::replace) {}
  /// Whole rows, from `row` on, in any order. Rows that nobody writes are zeros. Throws UsageError for a part of a row or beyond the end, and DataError when the disk refuses.
  void write(std::uint64_t row, std::span<const T> elements) { out_.write(row, elements.data(), elements.size()); }
  /// On disk, under its own name. Throws DataError when the disk refuses.
  void finish() { out_.finish(); }

 private:
  detail::DatasetOut out_;
};

}  // namespace gluster
