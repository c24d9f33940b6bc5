#include "items_h5.hpp"

#include <cstddef>
#include <limits>
#include <map>
#include <optional>
#include <type_traits>
#include <vector>

#include <fmt/format.h>
#include <gluster/error.hpp>
#include <nlohmann/json.hpp>

#include "base/scalar.hpp"
#include "data/new_file.hpp"
#include "plugin/json_number.hpp"

namespace gluster::command {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kBlockBytes = std::size_t{1} << 20;
constexpr const char* kValue = "/value";
constexpr const char* kError = "/error";

// What a value has for elements: numbers as HDF5 has them too, or none.
Scalar element_of(std::string type) {
  if (type.starts_with('[') && type.ends_with(']')) type = type.substr(1, type.find_first_of(";]") - 1);
  if (type == "bool") return Scalar::u8;
  if (type == "char") return Scalar::none;
  for (Scalar scalar :
       {Scalar::i8, Scalar::i16, Scalar::i32, Scalar::i64, Scalar::u8, Scalar::u16, Scalar::u32, Scalar::u64, Scalar::f32, Scalar::f64})
    if (detail::scalar_name(scalar) == type) return scalar;
  return Scalar::none;
}

// Rows of /value, in order, written a block at a time.
class ValueRows {
 public:
  virtual ~ValueRows() = default;
  virtual void add(const Json& value, std::uint64_t index) = 0;
  virtual void add_none() = 0;
  virtual void finish() = 0;
};

template <class T>
class NumberRows final : public ValueRows {
 public:
  NumberRows(data::NewFile& file, Scalar element, bool is_array, std::uint64_t count)
      : file_(&file), element_(element), is_array_(is_array), count_(count) {}
  void add(const Json& value, std::uint64_t index) override {
    if (!columns_) create(is_array_ ? value.size() : 1, index);
    if (is_array_ && value.size() != *columns_)
      throw UsageError(fmt::format("item {} has {} elements and item {} has {}: rows of a dataset have as many each; -o FILE.csv takes any", first_,
                                   *columns_, index, value.size()));
    if (is_array_)
      for (const Json& each : value) block_.push_back(number(each));
    else block_.push_back(number(value));
    ++rows_;
    write_if(block_.size() * sizeof(T) >= kBlockBytes);
  }
  void add_none() override {
    if (!columns_) return void(++none_);
    block_.resize(block_.size() + *columns_, kNone);
    ++rows_;
    write_if(block_.size() * sizeof(T) >= kBlockBytes);
  }
  void finish() override {
    if (!columns_) create(1, 0);
    write_if(true);
  }

 private:
  static constexpr T kNone = std::numeric_limits<T>::has_quiet_NaN ? std::numeric_limits<T>::quiet_NaN() : T{};
  static T number(const Json& value) {
    if (value.is_boolean()) return static_cast<T>(value.get<bool>());
    return plugin::scalar<T>(value).value_or(kNone);
  }
  void create(std::size_t columns, std::uint64_t index) {
    columns_ = columns;
    first_ = index;
    file_->create(kValue, element_, is_array_ ? std::vector<std::uint64_t>{count_, columns} : std::vector<std::uint64_t>{count_});
    for (std::uint64_t i = 0; i < none_; ++i) add_none();
  }
  void write_if(bool is_time) {
    if (!is_time || rows_ == 0) return;
    if (*columns_ != 0) file_->write(kValue, written_, rows_, block_.data());
    written_ += rows_;
    rows_ = 0;
    block_.clear();
  }

  data::NewFile* file_;
  const Scalar element_;
  const bool is_array_;
  const std::uint64_t count_;
  std::optional<std::size_t> columns_;  // known with the first value
  std::uint64_t first_ = 0, none_ = 0;  // where that was; rows before it
  std::uint64_t written_ = 0, rows_ = 0;
  std::vector<T> block_;
};

class TextRows final : public ValueRows {
 public:
  TextRows(data::NewFile& file, std::uint64_t count) : file_(&file) { file.create_texts(kValue, count); }
  void add(const Json& value, std::uint64_t index) override {
    block_.push_back(value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', false, Json::error_handler_t::replace));
    if (block_.back().find('\0') != std::string::npos)
      throw UsageError(fmt::format("item {}: its text has a NUL in it, which HDF5's texts end with; -o FILE.csv takes any", index));
    bytes_ += block_.back().size() + sizeof(std::string);
    if (bytes_ >= kBlockBytes) finish();
  }
  void add_none() override { block_.emplace_back(); }
  void finish() override {
    file_->write_texts(kValue, written_, block_);
    written_ += block_.size();
    bytes_ = 0;
    block_.clear();
  }

 private:
  data::NewFile* file_;
  std::vector<std::string> block_;
  std::uint64_t written_ = 0;
  std::size_t bytes_ = 0;
};

class H5 final : public ItemsOut {
 public:
  H5(const std::string& file, bool force, const std::string& type, std::uint64_t count) : file_(file, force), count_(count) {
    const Scalar element = element_of(type);
    if (element == Scalar::none) rows_ = std::make_unique<TextRows>(file_, count);
    else
      rows_ = base::visit(element, [&](auto zero) -> std::unique_ptr<ValueRows> {
        using T = decltype(zero);
        if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, char> || std::is_same_v<T, long double>) return nullptr;
        else return std::make_unique<NumberRows<T>>(file_, element, type.starts_with('['), count);
      });
  }
  void value(std::uint64_t index, const std::string& json) override {
    pass_until(index);
    rows_->add(Json::parse(json), index);
    ++at_;
  }
  void error(std::uint64_t index, const std::string& what) override {
    pass_until(index);
    errors_.emplace(index, what);
    rows_->add_none();
    ++at_;
  }
  void finish() override {
    pass_until(count_);
    rows_->finish();
    if (!errors_.empty()) file_.create_texts(kError, count_);
    for (const auto& [index, what] : errors_) file_.write_texts(kError, index, std::span(&what, 1));
    file_.finish();
  }

 private:
  // Items that nobody has told of.
  void pass_until(std::uint64_t index) {
    for (; at_ < index; ++at_) {
      errors_.emplace(at_, "no value of it is kept");
      rows_->add_none();
    }
  }

  data::NewFile file_;
  const std::uint64_t count_;
  std::unique_ptr<ValueRows> rows_;
  std::uint64_t at_ = 0;
  std::map<std::uint64_t, std::string> errors_;
};

}  // namespace

std::unique_ptr<ItemsOut> items_to_h5(const std::string& file, bool force, const std::string& type, std::uint64_t count) {
  return std::make_unique<H5>(file, force, type, count);
}

}  // namespace gluster::command
