#include "data/new_file.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>

#include <fmt/format.h>
#include <gluster/error.hpp>

#include "base/files.hpp"
#include "base/scalar.hpp"
#include "data/h5.hpp"

namespace gluster::data {
namespace {

// The disk's refusals too.
template <class F>
void as_data_error(F&& what) {
  try {
    what();
  } catch (const DataError&) {
    throw;
  } catch (const Error& error) {
    throw DataError(error.what());
  }
}

}  // namespace

struct NewFile::State {
  struct Made {
    h5::Handle dataset;
    Scalar element = Scalar::none;
  };
  explicit State(const std::filesystem::path& path) : bytes(path, true) {  // HDF5 asks for a file's real path
    bytes.reserve(kSlack);
    file = h5::create_file(bytes.path());  // which empties it
    reserve(0);
  }
  // A write that the disk refuses must not come to HDF5: what it cannot write it tries again when the file is closed and when MPI ends, and then brings the process down (seen: 1.10.8 on a full disk).
  void reserve(std::uint64_t more) {
    reserved += more;
    bytes.reserve(reserved);
  }
  static constexpr std::uint64_t kSlack = 1 << 16;  // for what HDF5 has beside elements
  std::uint64_t reserved = kSlack;
  base::Unnamed bytes;
  h5::Handle file;
  std::map<std::string, Made> made;  // closed first
};

NewFile::NewFile(const std::filesystem::path& file, bool replace) : path_(file), replace_(replace) {
  std::error_code reason;
  if (!replace && std::filesystem::exists(path_, reason)) throw UsageError(fmt::format("{} is there already", path_.string()));
  const auto directory = std::filesystem::absolute(path_).parent_path();
  if (::access(directory.c_str(), W_OK) != 0)
    throw DataError(fmt::format("{} cannot be made: {}: {}", path_.string(), directory.string(), std::strerror(errno)));
  const h5::Session session;
  as_data_error([&] { state_ = std::make_unique<State>(path_); });
}

NewFile::~NewFile() {
  const h5::Session session;
  state_ = nullptr;
}

std::string NewFile::cannot() const { return fmt::format("{} cannot be written", path_.string()); }

void NewFile::create(const std::string& name, Scalar element, const std::vector<std::uint64_t>& shape) {
  const h5::Session session;
  std::uint64_t bytes = base::visit(element, [](auto zero) { return sizeof zero; });
  for (std::uint64_t size : shape)
    if (__builtin_mul_overflow(bytes, size, &bytes)) throw DataError(fmt::format("{}: more elements than can be counted", cannot()));
  as_data_error([&] { state_->reserve(bytes + State::kSlack); });
  state_->made.insert_or_assign(name, State::Made{h5::create_dataset(state_->file, name, h5::native(element), shape, cannot()), element});
}

void NewFile::create_texts(const std::string& name, std::uint64_t count) {
  const h5::Session session;
  as_data_error([&] { state_->reserve(16 * count + State::kSlack); });
  state_->made.insert_or_assign(name, State::Made{h5::create_dataset(state_->file, name, h5::text_type(), {count}, cannot())});
}

void NewFile::write(const std::string& name, std::uint64_t begin, std::uint64_t rows, const void* elements) {
  const h5::Session session;
  const State::Made& made = state_->made.at(name);
  h5::write_rows(made.dataset, h5::native(made.element), begin, rows, elements, cannot());
}

void NewFile::write_texts(const std::string& name, std::uint64_t begin, std::span<const std::string> texts) {
  if (texts.empty()) return;
  std::vector<const char*> all;
  std::uint64_t bytes = State::kSlack;
  for (const std::string& text : texts) {
    all.push_back(text.c_str());
    bytes += text.size() + 32;
  }
  const h5::Session session;
  as_data_error([&] { state_->reserve(bytes); });
  h5::write_rows(state_->made.at(name).dataset, h5::text_type(), begin, all.size(), all.data(), cannot());
}

void NewFile::finish() {
  {
    const h5::Session session;
    for (auto& [name, made] : state_->made) made.dataset.finish(cannot());
    state_->made.clear();
    state_->file.finish(cannot());
  }
  as_data_error([&] { state_->bytes.name_it(replace_); });
}

}  // namespace gluster::data
