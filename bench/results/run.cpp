#include "results/run.hpp"

#include <hdf5.h>

#include <stdexcept>

#include <fmt/format.h>

namespace bench {
namespace {

// Any of HDF5's objects, closed by what belongs to its kind; and the one place where its return codes are looked at.
class Handle {
 public:
  Handle(hid_t id, herr_t (*close)(hid_t), const std::string& what) : id_(id), close_(close) {
    if (id_ < 0) throw std::runtime_error(fmt::format("HDF5: {}", what));
  }
  ~Handle() { close_(id_); }
  Handle(const Handle&) = delete;
  operator hid_t() const { return id_; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

void expect(herr_t status, const std::string& what) {
  if (status < 0) throw std::runtime_error(fmt::format("HDF5: {}", what));
}

Handle string_type() {
  return {[] {
            const hid_t type = H5Tcopy(H5T_C_S1);
            H5Tset_size(type, H5T_VARIABLE);
            H5Tset_cset(type, H5T_CSET_UTF8);
            return type;
          }(),
          H5Tclose, "a type for strings"};
}

void write_fact(hid_t object, const std::string& name, const nlohmann::json& fact) {
  const Handle space(H5Screate(H5S_SCALAR), H5Sclose, "a scalar");
  const auto write = [&](hid_t type, const void* value) {
    const Handle attribute(H5Acreate2(object, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose, "attribute " + name);
    expect(H5Awrite(attribute, type, value), "writing attribute " + name);
  };
  if (fact.is_number_integer()) {
    const auto value = fact.get<std::int64_t>();
    write(H5T_NATIVE_INT64, &value);
  } else if (fact.is_number()) {
    const auto value = fact.get<double>();
    write(H5T_NATIVE_DOUBLE, &value);
  } else {
    const auto text = fact.get<std::string>();
    const char* const value = text.c_str();
    write(string_type(), &value);
  }
}

nlohmann::json read_fact(hid_t object, const char* name) {
  const Handle attribute(H5Aopen(object, name, H5P_DEFAULT), H5Aclose, fmt::format("attribute {}", name));
  const Handle type(H5Aget_type(attribute), H5Tclose, fmt::format("the type of attribute {}", name));
  const auto read = [&](hid_t as, void* value) { expect(H5Aread(attribute, as, value), fmt::format("reading attribute {}", name)); };
  switch (H5Tget_class(type)) {
    case H5T_INTEGER: {
      std::int64_t value = 0;
      read(H5T_NATIVE_INT64, &value);
      return value;
    }
    case H5T_FLOAT: {
      double value = 0;
      read(H5T_NATIVE_DOUBLE, &value);
      return value;
    }
    case H5T_STRING: {
      char* value = nullptr;
      read(string_type(), &value);
      std::string text = value == nullptr ? "" : value;
      H5free_memory(value);
      return text;
    }
    default: throw std::runtime_error(fmt::format("HDF5: attribute {} is neither a number nor a string", name));
  }
}

// What H5Aiterate2 and H5Literate2 hand to a C function; exceptions must not pass through HDF5.
struct Names {
  std::vector<std::string> all;
};
herr_t add_attribute(hid_t, const char* name, const H5A_info_t*, void* names) {
  static_cast<Names*>(names)->all.emplace_back(name);
  return 0;
}
herr_t add_link(hid_t, const char* name, const H5L_info_t*, void* names) {
  static_cast<Names*>(names)->all.emplace_back(name);
  return 0;
}

Facts read_facts(hid_t object) {
  Names names;
  expect(H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, nullptr, add_attribute, &names), "the names of attributes");
  Facts facts;
  for (const std::string& name : names.all) facts[name] = read_fact(object, name.c_str());
  return facts;
}

std::vector<std::string> links(hid_t group) {
  Names names;
  expect(H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, nullptr, add_link, &names), "the names in a group");
  return names.all;
}

void write_rounds(hid_t group, const std::string& name, const std::vector<double>& seconds) {
  const hsize_t size = seconds.size();
  const Handle space(H5Screate_simple(1, &size, nullptr), H5Sclose, "a row of numbers");
  const Handle set(H5Dcreate2(group, name.c_str(), H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Dclose, "dataset " + name);
  expect(H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, seconds.data()), "writing dataset " + name);
}

std::vector<double> read_rounds(hid_t group, const std::string& name) {
  const Handle set(H5Dopen2(group, name.c_str(), H5P_DEFAULT), H5Dclose, "dataset " + name);
  const Handle space(H5Dget_space(set), H5Sclose, "the size of dataset " + name);
  std::vector<double> seconds(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)));
  expect(H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, seconds.data()), "reading dataset " + name);
  return seconds;
}

}  // namespace

Run read_run(const std::string& line) {
  Run run;
  const auto told = nlohmann::json::parse(line);
  if (!told.value("correct", true)) throw std::runtime_error(fmt::format("{} has computed something wrong", told.value("program", "a contestant")));
  for (const auto& [name, value] : told.items()) {
    if (value.is_array()) run.rounds[name] = value.get<std::vector<double>>();
    else if (value.is_number() || value.is_string()) run.facts[name] = value;
  }
  for (const char* derived : {"median", "gflops", "residual"}) run.facts.erase(derived);  // each start has its own
  if (run.rounds["total"].empty()) throw std::runtime_error("a contestant has told no rounds: " + line);
  return run;
}

std::string to_line(const Run& run) {
  nlohmann::json line(run.facts);
  for (const auto& [name, seconds] : run.rounds) line[name] = seconds;
  return line.dump();
}

void write_hdf5(const std::filesystem::path& path, const Measured& measured) {
  const Handle file(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), H5Fclose, path.string() + " cannot be written");
  for (const auto& [name, fact] : measured.machine) write_fact(file, name, fact);
  for (std::size_t at = 0; at < measured.runs.size(); ++at) {
    const Handle group(H5Gcreate2(file, fmt::format("run{:04}", at).c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Gclose, "a group");
    for (const auto& [name, fact] : measured.runs[at].facts) write_fact(group, name, fact);
    for (const auto& [name, seconds] : measured.runs[at].rounds) write_rounds(group, name, seconds);
  }
  expect(H5Fflush(file, H5F_SCOPE_GLOBAL), path.string() + " cannot be written");
}

Measured read_hdf5(const std::filesystem::path& path) {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);  // one sentence is enough
  const Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose, path.string() + " cannot be read");
  Measured measured{read_facts(file), {}};
  for (const std::string& name : links(file)) {
    const Handle group(H5Gopen2(file, name.c_str(), H5P_DEFAULT), H5Gclose, "group " + name);
    Run run{read_facts(group), {}};
    for (const std::string& set : links(group)) run.rounds[set] = read_rounds(group, set);
    measured.runs.push_back(std::move(run));
  }
  return measured;
}

}  // namespace bench
