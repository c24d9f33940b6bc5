// One kernel a type: each returns what it was given, so both ways are tested; a few return less, to show that they could read it.
#include <gluster/plugin.hpp>

#include "types.hpp"

#include <cereal/types/map.hpp>
#include <cereal/types/memory.hpp>
#include <cereal/types/optional.hpp>
#include <cereal/types/set.hpp>
#include <cereal/types/string.hpp>
#include <cereal/types/tuple.hpp>
#include <cereal/types/unordered_map.hpp>
#include <cereal/types/utility.hpp>
#include <cereal/types/variant.hpp>
#include <cereal/types/vector.hpp>

namespace kernel_side {

// The shape of the master's Point and Tree, under other names and with other fields.
struct Place {
  double longitude = 0, latitude = 0;
  std::string label;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(longitude, latitude, label);
  }
};

struct Tree {
  std::int64_t value = 0;
  std::vector<Tree> children;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(value, children);
  }
};

std::int64_t sum(const Tree& tree) {
  std::int64_t all = tree.value;
  for (const Tree& child : tree.children) all += sum(child);
  return all;
}

}  // namespace kernel_side

template <class T>
T same(T value) {
  return value;
}

#define TYPES_SAME(name, ...) GLUSTER_EXPORT_AS(name, same<__VA_ARGS__>)
TYPES_FOR_EACH(TYPES_SAME)

kernel_side::Place moved(kernel_side::Place place) {
  place.longitude += 1;
  place.label += "!";
  return place;
}
GLUSTER_EXPORT(moved)

std::int64_t tree_sum(const kernel_side::Tree& tree) { return kernel_side::sum(tree); }
GLUSTER_EXPORT(tree_sum)

kernel_side::Tree grown(kernel_side::Tree tree) {
  tree.children.push_back({tree.value + 1, {}});
  return tree;
}
GLUSTER_EXPORT(grown)

// Parameters that read in place, or through a pointer.
double span_sum(std::span<const double> values) {
  double all = 0;
  for (double value : values) all += value;
  return all;
}
std::string views(std::string_view text) { return std::string(text.rbegin(), text.rend()); }
std::int64_t through_pointer(const std::int64_t* value) { return *value * 2; }
std::vector<double> through_unique(std::unique_ptr<std::vector<double>> value) { return std::move(*value); }
std::string through_shared(std::shared_ptr<const std::string> value) { return *value + *value; }
std::size_t c_string(const char* text) { return std::string(text).size(); }
gluster::Block<double> block(std::span<const double> values) {
  gluster::Block<double> out(values.size());
  std::copy(values.begin(), values.end(), out.data());
  return out;
}
std::int64_t alignment(std::span<const double> values, std::uint8_t, std::span<const std::complex<double>> more) {
  return static_cast<std::int64_t>((reinterpret_cast<std::uintptr_t>(values.data()) | reinterpret_cast<std::uintptr_t>(more.data())) % 8);
}
GLUSTER_EXPORT(span_sum)
GLUSTER_EXPORT(views)
GLUSTER_EXPORT(through_pointer)
GLUSTER_EXPORT(through_unique)
GLUSTER_EXPORT(through_shared)
GLUSTER_EXPORT(c_string)
GLUSTER_EXPORT(block)
GLUSTER_EXPORT(alignment)
