#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <gluster/signature.hpp>

namespace gluster::data {

// An HDF5 file that appears when it is whole, at finish(); until then it goes with this object. One thread.
class NewFile {
 public:
  // Throws UsageError where the file is there and is not to be replaced, DataError where it cannot be made.
  NewFile(const std::filesystem::path& file, bool replace);
  ~NewFile();
  NewFile(const NewFile&) = delete;

  // A dataset of numbers, zeros at first, or of texts, empty at first. What follows throws DataError when the disk refuses.
  void create(const std::string& name, Scalar element, const std::vector<std::uint64_t>& shape);
  void create_texts(const std::string& name, std::uint64_t count);
  // Whole rows, from `begin` on.
  void write(const std::string& name, std::uint64_t begin, std::uint64_t rows, const void* elements);
  void write_texts(const std::string& name, std::uint64_t begin, std::span<const std::string> texts);
  // On disk, under its own name.
  void finish();

 private:
  struct State;
  std::string cannot() const;

  const std::filesystem::path path_;
  const bool replace_;
  std::unique_ptr<State> state_;
};

}  // namespace gluster::data
