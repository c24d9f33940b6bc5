#include "kernel_file.hpp"

#include <cmath>
#include <cstdlib>

#include <fmt/format.h>
#include <gluster/cluster.hpp>
#include <gluster/dataset.hpp>
#include <gluster/error.hpp>
#include <nlohmann/json.hpp>

#include "base/files.hpp"
#include "dataset_items.hpp"
#include "plugin/json.hpp"
#include "plugin/type_tree.hpp"

namespace gluster::command {
namespace {

using Json = nlohmann::json;

std::string name_of(const KernelEntry& kernel, std::size_t at) {
  const bool has_name = at < kernel.parameters.size();
  return fmt::format("argument {}{}", at + 1, has_name ? " (" + kernel.parameters[at] + ")" : "");
}

bool is_number_word(const std::string& word) { return word == "nan" || word == "inf" || word == "-inf"; }

}  // namespace

std::string Target::kernel() const { return plugin::stem_of(file) + "." + function; }

Target target_of(const std::string& word) {
  std::size_t colon = word.rfind(':');
  if (colon == std::string::npos || colon + 1 == word.size()) {
    const std::string file = word.substr(0, colon);
    throw UsageError(fmt::format("{}: which function? FILE:FUNCTION; `gluster functions {}` lists them", word, file));
  }
  Target target{word.substr(0, colon), word.substr(colon + 1)};
  std::error_code reason;
  if (!std::filesystem::is_regular_file(target.file, reason)) throw UsageError(fmt::format("there is no file {}", target.file.string()));
  return target;
}

KernelFile::KernelFile(const std::filesystem::path& file, const Options& options) : stem_(plugin::stem_of(file)), shelf_(options.cache, options.cxx) {
  auto path = std::filesystem::absolute(file).lexically_normal();
  shelved_ = shelf_.take(path);
  catalogue_.add(path, shelved_.identity, *shelved_.library, 0);
}

const KernelEntry& KernelFile::find(const std::string& function) const { return catalogue_.find(stem_ + "." + function); }

namespace {

// Numbers that JSON has no form for, .5 and 5. and +1, as it has them.
std::string number_of(const std::string& word) {
  if (word.empty() || Json::accept(word)) return word;
  const std::string digits = word.substr(word.starts_with('+') ? 1 : 0);
  if (Json::accept(digits)) return digits;
  if (digits.find_first_not_of("0123456789.eE+-") != std::string::npos) return word;
  char* end = nullptr;
  const double value = std::strtod(digits.c_str(), &end);
  return end == digits.c_str() + digits.size() && std::isfinite(value) ? Json(value).dump() : word;
}

}  // namespace

std::string plain_json_of(const std::string& word, const Type& type) {
  const bool is_character = type.scalar == Scalar::character && word.size() == 1;
  if (type.text == "str" || is_character || is_number_word(word)) try {
      return Json(word).dump();
    } catch (const Json::type_error&) {
      throw UsageError("a text that is no UTF-8, as which kernels' texts are given here");
    }
  return type.scalar == Scalar::none ? word : number_of(word);
}

namespace {

std::string json_of_dataset(const std::string& name, const Type& type, const std::string& where) {
  try {
    if (type.scalar != Scalar::none) return one_element(name);
    const Dataset found = dataset(name);
    if (found.type().text != type.text) throw DataError(fmt::format("{}: {} wanted, {} found", found.where(), type.text, found.type().text));
    return Json{{"dataset", found.where()}}.dump(-1, ' ', false, Json::error_handler_t::replace);
  } catch (const Error& error) {
    throw UsageError(fmt::format("{}: {}", where, error.what()));
  }
}

}  // namespace

std::string json_of(const std::string& given, const Type& type, const std::string& where) {
  std::string word = given;
  if (const auto name = dataset_named(word)) {
    word = json_of_dataset(*name, type, where);
    if (type.scalar == Scalar::none) return word;
  }
  if (word.starts_with("@@")) word.erase(0, 1);
  else if (word.starts_with("@")) {
    try {
      word = base::read_file(word.substr(1));
    } catch (const Error& error) {
      throw UsageError(fmt::format("{}: {}", where, error.what()));
    }
  }
  try {
    word = plain_json_of(word, type);
  } catch (const UsageError& error) {
    throw UsageError(fmt::format("{}: {}", where, error.what()));
  }
  Json value = Json::parse(word, nullptr, false);
  if (value.is_discarded()) throw UsageError(fmt::format("{}: {} is no {}", where, given.empty() ? "nothing" : given, type.text));
  try {
    Encoder scratch;
    plugin::encode_json(value, type.text, scratch);
  } catch (const UsageError& error) {
    throw UsageError(fmt::format("{}: {}", where, error.what()));
  }
  return word;
}

std::vector<std::string> json_of(const std::vector<std::string>& words, const KernelEntry& kernel, std::size_t first) {
  const auto& parameters = kernel.signature->parameters;
  for (const Type& type : parameters)
    if (type.text.starts_with("out "))
      throw UsageError(fmt::format("{} writes into an array of its caller's ({}): only a program can call it, with run_into", kernel.name,
                                   kernel.signature->text()));
  if (first + words.size() != parameters.size())
    throw UsageError(fmt::format("{} takes {} argument{}, not {}: it is {}", kernel.name, parameters.size(), parameters.size() == 1 ? "" : "s",
                                 first + words.size(), kernel.signature->text()));
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < words.size(); ++i)
    texts.push_back(json_of(words[i], parameters[first + i], fmt::format("{}, {}", kernel.name, name_of(kernel, first + i))));
  return texts;
}

}  // namespace gluster::command
