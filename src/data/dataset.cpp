#include "data/dataset.hpp"

#include <sys/stat.h>

#include <array>
#include <filesystem>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gluster/dataset.hpp>
#include <gluster/error.hpp>

#include "base/scalar.hpp"
#include "data/h5.hpp"
#include "data/new_file.hpp"

namespace gluster {
namespace data {
namespace {

std::size_t bytes_of(Scalar scalar) {
  return base::visit(scalar, [](auto zero) { return sizeof zero; });
}

std::string shape_text(const std::vector<std::uint64_t>& shape) { return shape.empty() ? "one element" : fmt::format("{}", fmt::join(shape, " × ")); }

std::uint64_t product(std::span<const std::uint64_t> sizes, const std::string& of) {
  std::uint64_t all = 1;
  for (std::uint64_t size : sizes)
    if (__builtin_mul_overflow(all, size, &all)) throw DataError(fmt::format("{} has more elements than can be counted", of));
  return all;
}

// A dataset and what it is; a Session is held while there is one.
struct OpenDataset {
  std::string what;
  h5::Handle file, dataset;
  std::vector<std::uint64_t> shape;
  std::uint64_t rows, row;
  std::string found;  // what its elements are, where no kernel takes them
  Scalar element;

  OpenDataset(const std::filesystem::path& path, const std::string& name)
      : what(path.string() + ":" + name),
        file(h5::open_file(path)),
        dataset(h5::open_dataset(file, path, name)),
        shape(h5::shape_of(dataset, what)),
        rows(shape.empty() ? 1 : shape[0]),
        row(product(shape.empty() ? std::span(shape) : std::span(shape).subspan(1), what)),
        element(h5::element_of(dataset, found, what)) {
    if (found.empty()) found = fmt::format("[{}]", detail::scalar_name(element));
  }
};

}  // namespace

DatasetName dataset_name(std::string_view where) {
  std::size_t colon = where.rfind(":/");
  if (colon == std::string_view::npos) colon = where.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == where.size())
    throw UsageError(fmt::format("{}: which dataset? FILE:/DATASET is wanted", where));
  return {std::string(where.substr(0, colon)), std::string(where.substr(colon + 1))};
}

void read_rows(const DatasetRef& ref, std::span<std::byte> into) {
  const h5::Session session;
  const OpenDataset opened(std::string(ref.file), std::string(ref.name));
  if (opened.element != ref.fixed.element)
    throw DataError(fmt::format("{}: [{}] wanted, {} found", opened.what, detail::scalar_name(ref.fixed.element), opened.found));
  if (opened.row != ref.fixed.row || ref.fixed.begin > opened.rows || ref.fixed.rows > opened.rows - ref.fixed.begin)
    throw DataError(fmt::format("{}: rows {} to {} of {} elements each wanted, {} found", opened.what, ref.fixed.begin,
                                ref.fixed.begin + ref.fixed.rows, ref.fixed.row, shape_text(opened.shape)));
  if (into.size() != ref.elements() * bytes_of(opened.element)) throw DataError(opened.what + ": a place of another size");
  if (into.empty()) return;
  h5::read_rows(opened.dataset, opened.element, ref.fixed.begin, ref.fixed.rows, into.data(), opened.what + " cannot be read");
}

std::string hdf5_version() {
  const h5::Session session;
  unsigned major = 0, minor = 0, release = 0;
  h5::expect(H5get_libversion(&major, &minor, &release), "HDF5 does not say which it is");
  return fmt::format("{}.{}.{}", major, minor, release);
}

}  // namespace data

Dataset dataset(std::string_view where, Rows rows) {
  const data::DatasetName name = data::dataset_name(where);
  auto state = std::make_shared<Dataset::State>();
  state->file = std::filesystem::absolute(name.file).lexically_normal().string();
  state->name = name.name;
  const data::h5::Session session;
  const data::OpenDataset opened(state->file, state->name);
  if (opened.element == Scalar::none) throw DataError(fmt::format("{}: numbers of up to 8 bytes wanted, {} found", opened.what, opened.found));
  state->type = {opened.found};
  state->element = opened.element;
  state->shape = opened.shape;
  state->row = opened.row;
  struct stat file {};
  if (::stat(state->file.c_str(), &file) == 0) {
    state->bytes = static_cast<std::uint64_t>(file.st_size);
    state->modified = static_cast<std::uint64_t>(file.st_mtim.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(file.st_mtim.tv_nsec);
  }
  data::product(std::array{opened.rows, opened.row, std::uint64_t{data::bytes_of(opened.element)}}, opened.what);
  const Dataset all(std::move(state), {0, opened.rows});
  if (rows.count == Rows::kRest) rows.count = rows.begin <= opened.rows ? opened.rows - rows.begin : 1;
  return all.part(rows.begin, rows.count);
}

Dataset Dataset::part(std::uint64_t begin, std::uint64_t count) const {
  if (begin > rows_.count || count > rows_.count - begin)
    throw UsageError(fmt::format("{}: {} rows from row {} on wanted, it has {}", where(), count, begin, rows_.count));
  return Dataset(state_, {rows_.begin + begin, count});
}

DatasetRef Dataset::ref() const noexcept {
  return {{rows_.begin, rows_.count, state_->row, state_->bytes, state_->modified, state_->element}, state_->file, state_->name};
}

namespace detail {

DatasetOut::DatasetOut(std::string_view where, Scalar element, std::vector<std::uint64_t> shape, bool replace)
    : where_(where), shape_(std::move(shape)) {
  const data::DatasetName name = data::dataset_name(where);
  name_ = name.name;
  file_ = std::make_unique<data::NewFile>(name.file, replace);
  file_->create(name_, element, shape_);
}
DatasetOut::~DatasetOut() = default;
DatasetOut::DatasetOut(DatasetOut&&) noexcept = default;

void DatasetOut::write(std::uint64_t row, const void* elements, std::size_t count) {
  if (!file_) throw UsageError(where_ + " is finished");
  const std::uint64_t all = shape_.empty() ? 1 : shape_[0];
  const std::uint64_t each = data::product(shape_.empty() ? std::span(shape_) : std::span(shape_).subspan(1), where_);
  if (count != 0 && (each == 0 || count % each != 0)) throw UsageError(fmt::format("{}: {} elements are no whole rows of {}", where_, count, each));
  const std::uint64_t rows = each == 0 ? 0 : count / each;
  if (row > all || rows > all - row) throw UsageError(fmt::format("{}: rows {} to {} wanted, it has {}", where_, row, row + rows, all));
  if (rows != 0) file_->write(name_, row, rows, elements);
}

void DatasetOut::finish() {
  if (!file_) throw UsageError(where_ + " is finished");
  std::exchange(file_, nullptr)->finish();
}

}  // namespace detail
}  // namespace gluster
