#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gluster/options.hpp>
#include <gluster/signature.hpp>

#include "master/catalogue.hpp"
#include "plugin/shelf.hpp"

namespace gluster::command {

// FILE:FUNCTION, as a command line has it.
struct Target {
  std::filesystem::path file;
  std::string function;
  // stem.function
  std::string kernel() const;
};
// Throws UsageError for what is none, or where there is no such file.
Target target_of(const std::string& word);

// The kernels of one file, loaded here, before anything is started elsewhere: what is wrong with a call is told at once.
class KernelFile {
 public:
  // Compiles a source. Throws PluginError.
  KernelFile(const std::filesystem::path& file, const Options& options);
  // Throws UsageError with the nearest name.
  const KernelEntry& find(const std::string& function) const;
  std::vector<KernelInfo> all() const { return catalogue_.list(); }

 private:
  std::string stem_;
  plugin::Shelf shelf_;
  plugin::Shelved shelved_;
  master::Catalogue catalogue_;
};

// A word as JSON for a parameter of this type: a `str` is taken as it is, nan and inf are numbers. What does not fit is found later.
std::string plain_json_of(const std::string& word, const Type& type);
// What was written on a command line for a parameter of this type, as JSON: a `str` is taken as it is, a number or JSON is what it says, `@FILE` is what is in the file, `@FILE:/DATASET` a dataset of numbers (of one, where a number is wanted). `@@` stands for an @ at the
// beginning. Throws UsageError that names the parameter by `where`.
std::string json_of(const std::string& word, const Type& type, const std::string& where);
// The words for a kernel's parameters from `first` on; throws UsageError where they are too many or too few, or one does not fit.
std::vector<std::string> json_of(const std::vector<std::string>& words, const KernelEntry& kernel, std::size_t first);

}  // namespace gluster::command
