#pragma once
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

namespace gluster::command {

// Where a map's results go, an item after the other. What is written to a file appears there when all of it is: until then it has another name.
class ItemsOut {
 public:
  virtual ~ItemsOut() = default;
  // `json`: its value.
  virtual void value(std::uint64_t index, const std::string& json) = 0;
  virtual void error(std::uint64_t index, const std::string& what) = 0;
  // All is there. Throws Error when the disk is full, and then nothing is.
  virtual void finish() = 0;

  // By its suffix: .csv, .h5, or "-", CSV to `standard`.
  struct Place {
    std::string name;
    bool force = false;
  };
  // Throws UsageError for what open() would: a suffix that it does not know, a file that is there already unless `force`, and where none can be made.
  static void check(const Place& place);
  // `type`: of the values, which are `count`.
  static std::unique_ptr<ItemsOut> open(const Place& place, const std::string& type, std::uint64_t count, std::FILE* standard);
};

// This process's stdout for results alone: what others print there from now on, kernels too, goes to stderr.
std::FILE* take_stdout();

// A value as people and CSV have it: a text, a character, nan and inf without quotes, all else as JSON.
std::string plain_value(const std::string& json, const std::string& type);

// A field of a CSV file: in quotes where it has to be (RFC 4180).
std::string csv_field(const std::string& text);

}  // namespace gluster::command
