#pragma once
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include <gluster/signature.hpp>
#include <hdf5.h>

// HDF5's calls, checked: each throws DataError with what HDF5 itself says.
namespace gluster::data::h5 {

// HDF5 is not thread-safe, and prints errors by itself: whoever calls it holds one of these.
class Session {
 public:
  Session();
  ~Session();
  Session(const Session&) = delete;

 private:
  std::unique_lock<std::recursive_mutex> lock_;
  H5E_auto2_t print_ = nullptr;
  void* data_ = nullptr;
};

// One of HDF5's objects, closed by what belongs to its kind.
class Handle {
 public:
  Handle() = default;
  // `what`: being done, e.g. "cannot open f.h5"; said with HDF5's reason where `id` is none.
  Handle(hid_t id, herr_t (*closer)(hid_t), const std::string& what);
  ~Handle() { reset(); }
  Handle(Handle&& other) noexcept;
  Handle& operator=(Handle&& other) noexcept;
  operator hid_t() const noexcept { return id_; }
  // Closes it. Throws DataError where HDF5 refuses, which is where it tells of what it could not write.
  void finish(const std::string& what);

 private:
  void reset() noexcept;
  hid_t id_ = -1;
  herr_t (*close_)(hid_t) = nullptr;
};

// Throws DataError: what, and the innermost reason that HDF5 gives.
[[noreturn]] void fail(const std::string& what);
inline void expect(herr_t status, const std::string& what) {
  if (status < 0) fail(what);
}

Handle open_file(const std::filesystem::path& file);
Handle create_file(const std::filesystem::path& file);
// Its name is one of a dataset there; else the error says which there are.
Handle open_dataset(const Handle& in, const std::filesystem::path& file, const std::string& name);
// Makes groups on the way to it.
Handle create_dataset(const Handle& in, const std::string& name, hid_t type, const std::vector<std::uint64_t>& shape, const std::string& what);

// Empty: it is one element.
std::vector<std::uint64_t> shape_of(const Handle& dataset, const std::string& what);
// none: no number of 8 bytes or fewer; `found` says what it is.
Scalar element_of(const Handle& dataset, std::string& found, const std::string& what);
// As this machine has it.
hid_t native(Scalar scalar);
// Text of any length.
Handle text_type();

// Rows [begin, begin + count) of a dataset.
void read_rows(const Handle& dataset, Scalar scalar, std::uint64_t begin, std::uint64_t count, void* into, const std::string& what);
void write_rows(const Handle& dataset, hid_t type, std::uint64_t begin, std::uint64_t count, const void* from, const std::string& what);

}  // namespace gluster::data::h5
