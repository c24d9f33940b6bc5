#include "data/h5.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gluster/error.hpp>

#include "base/scalar.hpp"

namespace gluster::data::h5 {
namespace {

#if !H5_VERSION_GE(1, 12, 0)
using H5O_info1_t = H5O_info_t;  // what H5Ovisit2 gives, by the name it has since
#endif

std::recursive_mutex& mutex() {
  static auto& all = *new std::recursive_mutex;  // for ever: a static object may close a file
  return all;
}

// The datasets there, a few of them, for who asked for another.
std::string datasets_in(const Handle& file) {
  std::vector<std::string> names;
  auto note = [](hid_t, const char* name, const H5O_info1_t* info, void* out) -> herr_t {
    auto& all = *static_cast<std::vector<std::string>*>(out);
    if (info->type == H5O_TYPE_DATASET) all.push_back(std::string("/") + name);
    return all.size() == 10 ? 1 : 0;
  };
  if (H5Ovisit2(file, H5_INDEX_NAME, H5_ITER_INC, note, &names, H5O_INFO_BASIC) < 0 || names.empty()) return "it has none";
  return fmt::format("it has {}{}", fmt::join(names, ", "), names.size() == 10 ? ", …" : "");
}

Handle select(const Handle& dataset, std::uint64_t begin, std::uint64_t count, Handle& memory, const std::string& what) {
  Handle space(H5Dget_space(dataset), H5Sclose, what);
  std::vector<hsize_t> sizes(static_cast<std::size_t>(std::max(0, H5Sget_simple_extent_ndims(space))));
  H5Sget_simple_extent_dims(space, sizes.data(), nullptr);
  if (sizes.empty()) {
    memory = Handle(H5Screate(H5S_SCALAR), H5Sclose, what);
    return space;
  }
  std::vector<hsize_t> from(sizes.size());
  from[0] = begin;
  sizes[0] = count;
  expect(H5Sselect_hyperslab(space, H5S_SELECT_SET, from.data(), nullptr, sizes.data(), nullptr), what);
  memory = Handle(H5Screate_simple(static_cast<int>(sizes.size()), sizes.data(), nullptr), H5Sclose, what);
  return space;
}

}  // namespace

Session::Session() : lock_(mutex()) {
  H5Eget_auto2(H5E_DEFAULT, &print_, &data_);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}
Session::~Session() { H5Eset_auto2(H5E_DEFAULT, print_, data_); }

void fail(const std::string& what) {
  std::string reason;
  auto note = [](unsigned, const H5E_error2_t* error, void* out) -> herr_t {  // from the innermost on
    if (error->desc == nullptr) return 0;
    *static_cast<std::string*>(out) = error->desc;
    return 1;
  };
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, note, &reason);
  constexpr std::string_view of_system = "error message = '";  // between a time, addresses and sizes
  if (const std::size_t at = reason.find(of_system); at != std::string::npos) {
    reason.erase(0, at + of_system.size());
    reason.erase(std::min(reason.find('\''), reason.size()));
  }
  throw DataError(reason.empty() ? what : fmt::format("{}: {}", what, reason));
}

Handle::Handle(hid_t id, herr_t (*closer)(hid_t), const std::string& what) : id_(id), close_(closer) {
  if (id_ < 0) fail(what);
}
Handle::Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
Handle& Handle::operator=(Handle&& other) noexcept {
  std::swap(id_, other.id_);
  std::swap(close_, other.close_);
  return *this;
}
void Handle::reset() noexcept {
  if (id_ >= 0) close_(std::exchange(id_, -1));
}
void Handle::finish(const std::string& what) {
  if (id_ >= 0) expect(close_(std::exchange(id_, -1)), what);
}

Handle open_file(const std::filesystem::path& file) {
  std::error_code reason;
  const auto kind = std::filesystem::status(file, reason).type();
  if (kind == std::filesystem::file_type::not_found) throw DataError(fmt::format("there is no file {}", file.string()));
  if (kind == std::filesystem::file_type::directory) throw DataError(fmt::format("{} is a directory, and an HDF5 file is wanted", file.string()));
  if (kind != std::filesystem::file_type::regular) throw DataError(fmt::format("{} is no file", file.string()));
  const htri_t is_one = H5Fis_hdf5(file.c_str());
  if (is_one == 0) throw DataError(fmt::format("{} is no HDF5 file", file.string()));
  return Handle(H5Fopen(file.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose, fmt::format("{} cannot be opened", file.string()));
}

Handle create_file(const std::filesystem::path& file) {
  return Handle(H5Fcreate(file.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), H5Fclose, fmt::format("{} cannot be made", file.string()));
}

Handle open_dataset(const Handle& in, const std::filesystem::path& file, const std::string& name) {
  const hid_t object = H5Oopen(in, name.c_str(), H5P_DEFAULT);
  if (object < 0) throw DataError(fmt::format("{} has no dataset {}: {}", file.string(), name, datasets_in(in)));
  Handle found(object, H5Oclose, name);
  if (H5Iget_type(found) != H5I_DATASET) throw DataError(fmt::format("{}:{} is no dataset: {}", file.string(), name, datasets_in(in)));
  return found;
}

Handle create_dataset(const Handle& in, const std::string& name, hid_t type, const std::vector<std::uint64_t>& shape, const std::string& what) {
  const std::vector<hsize_t> sizes(shape.begin(), shape.end());
  const Handle space(sizes.empty() ? H5Screate(H5S_SCALAR) : H5Screate_simple(static_cast<int>(sizes.size()), sizes.data(), nullptr), H5Sclose, what);
  const Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose, what);
  expect(H5Pset_create_intermediate_group(links, 1), what);
  return Handle(H5Dcreate2(in, name.c_str(), type, space, links, H5P_DEFAULT, H5P_DEFAULT), H5Dclose, what);
}

std::vector<std::uint64_t> shape_of(const Handle& dataset, const std::string& what) {
  const Handle space(H5Dget_space(dataset), H5Sclose, what);
  if (H5Sget_simple_extent_type(space) == H5S_NULL) return {0};
  std::vector<hsize_t> sizes(static_cast<std::size_t>(std::max(0, H5Sget_simple_extent_ndims(space))));
  expect(H5Sget_simple_extent_dims(space, sizes.data(), nullptr), what);
  return {sizes.begin(), sizes.end()};
}

Scalar element_of(const Handle& dataset, std::string& found, const std::string& what) {
  const Handle type(H5Dget_type(dataset), H5Tclose, what);
  const std::size_t bytes = H5Tget_size(type);
  const H5T_class_t kind = H5Tget_class(type);
  const bool is_signed = kind == H5T_INTEGER && H5Tget_sign(type) != H5T_SGN_NONE;
  for (Scalar scalar :
       {Scalar::i8, Scalar::i16, Scalar::i32, Scalar::i64, Scalar::u8, Scalar::u16, Scalar::u32, Scalar::u64, Scalar::f32, Scalar::f64}) {
    const bool fits = base::visit(scalar, [&](auto zero) {
      using T = decltype(zero);
      if (sizeof(T) != bytes) return false;
      return std::is_floating_point_v<T> ? kind == H5T_FLOAT : kind == H5T_INTEGER && std::is_signed_v<T> == is_signed;
    });
    if (fits) return scalar;
  }
  constexpr const char* kinds[] = {
      "integers",     "floating-point numbers",  "times", "texts", "bit fields", "opaque bytes", "compounds", "references",
      "enumerations", "sequences of any length", "arrays"};
  found = fmt::format("{} of {} bytes", kind >= 0 && kind < static_cast<int>(std::size(kinds)) ? kinds[kind] : "something", bytes);
  return Scalar::none;
}

hid_t native(Scalar scalar) {
  switch (scalar) {
    case Scalar::i8: return H5T_NATIVE_INT8;
    case Scalar::i16: return H5T_NATIVE_INT16;
    case Scalar::i32: return H5T_NATIVE_INT32;
    case Scalar::i64: return H5T_NATIVE_INT64;
    case Scalar::u8: return H5T_NATIVE_UINT8;
    case Scalar::u16: return H5T_NATIVE_UINT16;
    case Scalar::u32: return H5T_NATIVE_UINT32;
    case Scalar::u64: return H5T_NATIVE_UINT64;
    case Scalar::f32: return H5T_NATIVE_FLOAT;
    case Scalar::f64: return H5T_NATIVE_DOUBLE;
    default: throw DataError("no type of HDF5's");
  }
}

Handle text_type() {
  Handle type(H5Tcopy(H5T_C_S1), H5Tclose, "a type for texts");
  expect(H5Tset_size(type, H5T_VARIABLE), "a type for texts");
  expect(H5Tset_cset(type, H5T_CSET_UTF8), "a type for texts");
  return type;
}

void read_rows(const Handle& dataset, Scalar scalar, std::uint64_t begin, std::uint64_t count, void* into, const std::string& what) {
  Handle memory;
  const Handle space = select(dataset, begin, count, memory, what);
  expect(H5Dread(dataset, native(scalar), memory, space, H5P_DEFAULT, into), what);
}

void write_rows(const Handle& dataset, hid_t type, std::uint64_t begin, std::uint64_t count, const void* from, const std::string& what) {
  Handle memory;
  const Handle space = select(dataset, begin, count, memory, what);
  expect(H5Dwrite(dataset, type, memory, space, H5P_DEFAULT, from), what);
}

}  // namespace gluster::data::h5
