#include "data/new_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>

#include <fmt/format.h>
#include <gluster/error.hpp>

#include "base/files.hpp"
#include "data/h5.hpp"

namespace gluster::data {
namespace {

// HDF5 never does this.
bool sync(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool done = ::fsync(descriptor) == 0;
  const int reason = errno;
  ::close(descriptor);
  errno = reason;
  return done;
}

}  // namespace

struct NewFile::State {
  struct Made {
    h5::Handle dataset;
    Scalar element = Scalar::none;
  };
  h5::Handle file;
  std::map<std::string, Made> made;  // closed first
};

NewFile::NewFile(const std::filesystem::path& file, bool replace) : path_(file), replace_(replace) {
  std::error_code reason;
  if (!replace && std::filesystem::exists(path_, reason)) throw UsageError(fmt::format("{} is there already", path_.string()));
  const auto directory = std::filesystem::absolute(path_).parent_path();
  if (::access(directory.c_str(), W_OK) != 0)
    throw DataError(fmt::format("{} cannot be made: {}: {}", path_.string(), directory.string(), std::strerror(errno)));
  temporary_ = base::temporary_name(path_);
  const h5::Session session;
  state_ = std::make_unique<State>();
  state_->file = h5::create_file(temporary_);
}

NewFile::~NewFile() {
  const h5::Session session;
  state_ = nullptr;
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

std::string NewFile::cannot() const { return fmt::format("{} cannot be written", path_.string()); }

void NewFile::create(const std::string& name, Scalar element, const std::vector<std::uint64_t>& shape) {
  const h5::Session session;
  state_->made.insert_or_assign(name, State::Made{h5::create_dataset(state_->file, name, h5::native(element), shape, cannot()), element});
}

void NewFile::create_texts(const std::string& name, std::uint64_t count) {
  const h5::Session session;
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
  for (const std::string& text : texts) all.push_back(text.c_str());
  const h5::Session session;
  h5::write_rows(state_->made.at(name).dataset, h5::text_type(), begin, all.size(), all.data(), cannot());
}

void NewFile::finish() {
  {
    const h5::Session session;
    for (auto& [name, made] : state_->made) made.dataset.finish(cannot());
    state_->made.clear();
    state_->file.finish(cannot());
  }
  if (!sync(temporary_)) throw DataError(fmt::format("{}: {}", cannot(), std::strerror(errno)));
  // Between the look and the rename another process may have made it: a link is refused then, a rename is not.
  const bool named = replace_ ? ::rename(temporary_.c_str(), path_.c_str()) == 0 : ::link(temporary_.c_str(), path_.c_str()) == 0;
  if (!named) throw DataError(fmt::format("{}: {}", cannot(), std::strerror(errno)));
  if (!replace_) ::unlink(temporary_.c_str());
  temporary_.clear();
  (void)sync(std::filesystem::absolute(path_).parent_path());
}

}  // namespace gluster::data
