#include "dataset_items.hpp"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <vector>

#include <fmt/format.h>
#include <gluster/dataset.hpp>
#include <gluster/error.hpp>
#include <nlohmann/json.hpp>

#include "base/scalar.hpp"
#include "data/dataset.hpp"
#include "plugin/json_number.hpp"

namespace gluster::command {
namespace {

// The elements of a dataset of one dimension, as JSON; read a block at a time.
class Elements {
 public:
  explicit Elements(Dataset dataset) : dataset_(std::move(dataset)) {}
  const std::string& at(std::uint64_t index) {
    if (index < begin_ || index - begin_ >= texts_.size()) read(index / kBlock * kBlock);
    return texts_[index - begin_];
  }

 private:
  static constexpr std::uint64_t kBlock = 1 << 16;

  void read(std::uint64_t begin) {
    const Dataset block = dataset_.part(begin, std::min(kBlock, dataset_.size() - begin));
    const DatasetRef ref = block.ref();
    texts_.clear();
    base::visit(ref.fixed.element, [&](auto zero) {
      std::vector<decltype(zero)> elements(ref.elements());
      if constexpr (!std::is_same_v<decltype(zero), bool>) data::read_rows(ref, std::as_writable_bytes(std::span(elements)));
      for (auto element : elements) texts_.push_back(plugin::json_of(static_cast<decltype(zero)>(element)).dump());
      return 0;
    });
    begin_ = begin;
  }

  const Dataset dataset_;
  std::uint64_t begin_ = 0;
  std::vector<std::string> texts_;
};

}  // namespace

std::optional<std::string> dataset_named(const std::string& word) {
  std::error_code reason;
  if (!word.starts_with("@") || word.find(":/") == std::string::npos || std::filesystem::exists(word.substr(1), reason)) return {};
  return word.substr(1);
}

std::string one_element(const std::string& where) {
  const Dataset dataset = gluster::dataset(where);
  if (dataset.ref().elements() != 1) throw DataError(fmt::format("{}: one element wanted, {} found", dataset.where(), dataset.ref().elements()));
  return Elements(dataset).at(0);
}

JsonItems over_dataset(const std::string& where, const Type& type) {
  const Dataset dataset = gluster::dataset(where);
  const auto count = static_cast<std::int64_t>(dataset.size());
  if (type.scalar == Scalar::none) {
    if (dataset.type().text != type.text)
      throw DataError(fmt::format("{}: {} wanted of each row, {} found", dataset.where(), type.text, dataset.type().text));
    return {count, {}, dataset};
  }
  if (dataset.ref().fixed.row != 1)
    throw DataError(
        fmt::format("{}: {} wanted of each row, {} of {} elements found", dataset.where(), type.text, dataset.type().text, dataset.ref().fixed.row));
  return {count, [elements = std::make_shared<Elements>(dataset)](std::int64_t at) { return elements->at(static_cast<std::uint64_t>(at)); }};
}

}  // namespace gluster::command
