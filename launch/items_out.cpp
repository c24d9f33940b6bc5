#include "items_out.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include <fmt/format.h>
#include <gluster/error.hpp>
#include <nlohmann/json.hpp>

#include "base/files.hpp"
#include "items_h5.hpp"

namespace gluster::command {
namespace {

using Json = nlohmann::json;

class Csv final : public ItemsOut {
 public:
  Csv(const Place& place, std::string type, std::FILE* standard) : place_(place), type_(std::move(type)), file_(standard) {
    if (place_.name != "-") {
      unnamed_.emplace(place_.name);
      file_ = std::fopen(unnamed_->path().c_str(), "we");
      if (file_ == nullptr) fail();
    }
    put("index,value\n");
  }
  ~Csv() override {
    if (unnamed_) std::fclose(file_);
  }
  void value(std::uint64_t index, const std::string& json) override { put(fmt::format("{},{}\n", index, csv_field(plain_value(json, type_)))); }
  void error(std::uint64_t index, const std::string& what) override { put(fmt::format("{},{}\n", index, csv_field("error: " + what))); }
  void finish() override {
    if (std::fflush(file_) != 0) fail();
    if (unnamed_) unnamed_->name_it(place_.force);
  }

 private:
  void put(const std::string& text) {
    if (std::fwrite(text.data(), 1, text.size(), file_) != text.size()) fail();
  }
  [[noreturn]] void fail() const {
    throw Error(fmt::format("cannot write {}: {}", place_.name == "-" ? "to stdout" : place_.name, std::strerror(errno)));
  }

  const Place place_;
  const std::string type_;
  std::optional<base::Unnamed> unnamed_;  // nothing: it goes to stdout
  std::FILE* file_;
};

}  // namespace

std::string plain_value(const std::string& json, const std::string& type) {
  constexpr std::array plain{"str", "char", "f32", "f64", "f80"};
  const bool has_quotes = json.starts_with('"') && std::ranges::find(plain, type) != plain.end();
  return has_quotes ? Json::parse(json).get<std::string>() : json;
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

namespace {

bool is_h5(const std::string& name) { return name.ends_with(".h5") || name.ends_with(".hdf5"); }

}  // namespace

void ItemsOut::check(const Place& place) {
  const std::string& name = place.name;
  if (name == "-") return;
  if (!name.ends_with(".csv") && !is_h5(name)) throw UsageError(fmt::format("{}: results are written as .csv or .h5, or to stdout as -", name));
  std::error_code reason;
  if (std::filesystem::is_directory(name, reason)) throw UsageError(fmt::format("{} is a directory", name));
  if (!place.force && std::filesystem::exists(std::filesystem::symlink_status(name, reason)))
    throw UsageError(fmt::format("{} is there already: --force overwrites it", name));
  auto directory = std::filesystem::absolute(name).parent_path();
  if (::access(directory.c_str(), W_OK) != 0)
    throw UsageError(fmt::format("{} cannot be made: {}: {}", name, directory.string(), std::strerror(errno)));
}

std::unique_ptr<ItemsOut> ItemsOut::open(const Place& place, const std::string& type, std::uint64_t count, std::FILE* standard) {
  if (is_h5(place.name)) return items_to_h5(place.name, place.force, type, count);
  return std::make_unique<Csv>(place, type, standard);
}

std::FILE* take_stdout() {
  std::fflush(stdout);
  int results = ::dup(STDOUT_FILENO);
  std::FILE* file = results < 0 || ::dup2(STDERR_FILENO, STDOUT_FILENO) < 0 ? nullptr : ::fdopen(results, "w");
  if (file == nullptr) throw Error(fmt::format("cannot tell results from what kernels print: {}", std::strerror(errno)));
  return file;
}

}  // namespace gluster::command
