#include "plugin/json.hpp"

#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/scalar.hpp"
#include "plugin/type_tree.hpp"

// Flat types are packed bytes, the same in a frame's body, in a block and inside cereal's form. So there are two layers: Packer
// and Unpacker know cereal's form, which is all bytes; encode and Opening know what is put around it, as codec.hpp does.
namespace gluster::plugin {
namespace {

using base::visit;
using Json = nlohmann::json;
using Kind = TypeNode::Kind;

constexpr std::uint32_t kFirstOwner = cereal::detail::msb_32bit;  // in a shared_ptr's number: its value follows

// How deep values of a recursive type may be: each level is on the stack.
constexpr int kDeepest = 256;

// Where in a value one is. The outer ones are on the stack.
class Where {
 public:
  Where() = default;
  Where(const Where& outer, std::size_t index) : outer_(&outer), index_(index), depth_(outer.depth_ + 1) {}
  Where(const Where& outer, const std::string& key) : outer_(&outer), key_(&key), depth_(outer.depth_ + 1) {}

  int depth() const { return depth_; }

  [[noreturn]] void misfit(std::string_view expected, const Json& value, std::string_view why = "") const {
    std::string at = text();
    throw UsageError(fmt::format("{}{}expected {}, got {}{}", at, at.empty() ? "" : ": ", expected, shown(value), why));
  }

 private:
  std::string text() const {
    if (outer_ == nullptr) return "";
    return outer_->text() + (key_ != nullptr ? "." + *key_ : fmt::format("[{}]", index_));
  }
  static std::string shown(const Json& value) {
    if (value.is_array()) return fmt::format("an array of {}", value.size());
    if (value.is_object()) return fmt::format("an object of {}", value.size());
    std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
    return text.size() <= 60 ? text : text.substr(0, 57) + "...";
  }

  const Where* outer_ = nullptr;
  const std::string* key_ = nullptr;
  std::size_t index_ = 0;
  int depth_ = 0;
};

// --- numbers ---------------------------------------------------------------------------------------------------------------

// JSON's numbers, and all 64-bit integers, are long doubles exactly. What is no number is none.
long double number_of(const Json& value) {
  if (value.is_number_float()) return static_cast<long double>(value.get<double>());
  if (value.is_number_unsigned()) return static_cast<long double>(value.get<std::uint64_t>());
  return value.is_number() ? static_cast<long double>(value.get<std::int64_t>()) : std::numeric_limits<long double>::quiet_NaN();
}

template <class T>
std::optional<T> real(const Json& value) {
  using Limits = std::numeric_limits<T>;
  if (value.is_number_float()) {
    T rounded = value.get<T>();
    return std::isinf(rounded) ? std::nullopt : std::optional(rounded);
  }
  if (value.is_number()) {
    auto rounded = static_cast<T>(number_of(value));
    return static_cast<long double>(rounded) == number_of(value) ? std::optional(rounded) : std::nullopt;
  }
  if (value.is_null() || value == "nan") return Limits::quiet_NaN();
  if (value == "inf") return Limits::infinity();
  return value == "-inf" ? std::optional(-Limits::infinity()) : std::nullopt;
}

template <class T>
std::optional<T> integer(const Json& value) {
  using Limits = std::numeric_limits<T>;
  long double number = number_of(value);
  // JSON's parser makes a float of an integer beyond 64 bits: this one may be any of several.
  if (value.is_number_float() && number <= -0x1p63L) return std::nullopt;
  bool fits = number >= static_cast<long double>(Limits::min()) && number <= static_cast<long double>(Limits::max());
  return fits && std::trunc(number) == number ? std::optional(static_cast<T>(number)) : std::nullopt;
}

template <class T>
std::optional<T> scalar(const Json& value) {
  if constexpr (std::is_same_v<T, bool>) return value.is_boolean() ? std::optional(value.get<bool>()) : std::nullopt;
  else if constexpr (std::is_floating_point_v<T>) return real<T>(value);
  else if (std::is_same_v<T, char> && value.is_string() && value.get_ref<const std::string&>().size() == 1)
    return static_cast<T>(value.get_ref<const std::string&>()[0]);
  else return integer<T>(value);
}

template <class T>
Json json_of(T value) {
  if constexpr (std::is_same_v<T, bool>) return value;
  else if constexpr (std::is_same_v<T, char>)
    return value >= 0 && value <= 127 ? Json(std::string(1, value)) : Json(static_cast<int>(value));  // else it is no UTF-8
  else if constexpr (std::is_floating_point_v<T>)
    return std::isnan(value) ? Json("nan") : std::isinf(value) ? Json(value > 0 ? "inf" : "-inf") : Json(static_cast<double>(value));
  else return value;
}

// --- cereal's form -----------------------------------------------------------------------------------------------------------

// Writes a value as SaveArchive does.
class Packer {
 public:
  explicit Packer(Bytes& out, std::uint32_t owners = 0) : out_(&out), owners_(owners) {}

  void pack(const TypeNode& type, const Json& value, const Where& where) {
    if (where.depth() > kDeepest) where.misfit("less depth", value);
    switch (type.kind) {
      case Kind::kScalar: return number(type, value, where);
      case Kind::kText: return text(string_of(type, value, where));
      case Kind::kNone: return value.is_null() ? void() : where.misfit("null", value);
      case Kind::kComplex:
      case Kind::kArray: return each(*type.parts[0], array_of(type, value, where, type.count), where);
      case Kind::kTuple:
      case Kind::kStruct: return fields(type, array_of(type, value, where, type.parts.size()), where);
      case Kind::kSequence:
      case Kind::kSet: return sized(*type.parts[0], array_of(type, value, where), where);
      case Kind::kMap: return type.parts[0]->kind == Kind::kText ? object(type, value, where) : pairs(type, value, where);
      case Kind::kOptional: return maybe(type, value, where, std::uint8_t{value.is_null()});
      case Kind::kUnique: return maybe(type, value, where, std::uint8_t{!value.is_null()});
      case Kind::kShared: return maybe(type, value, where, value.is_null() ? 0 : ++owners_ | kFirstOwner);
      case Kind::kVariant: return variant(type, value, where);
    }
  }

  void each(const TypeNode& part, const Json::array_t& values, const Where& where) {
    for (std::size_t i = 0; i < values.size(); ++i) pack(part, values[i], Where(where, i));
  }

  static const std::string& string_of(const TypeNode& type, const Json& value, const Where& where) {
    if (!value.is_string()) where.misfit(type.text, value);
    return value.get_ref<const std::string&>();
  }
  static const Json::array_t& array_of(const TypeNode& type, const Json& value, const Where& where, std::optional<std::size_t> size = {}) {
    if (!value.is_array() || (size && value.size() != *size)) where.misfit(type.text, value);
    return value.get_ref<const Json::array_t&>();
  }

 private:
  template <class T>
  void put(T value) {
    out_->append(&value, sizeof value);
  }

  void number(const TypeNode& type, const Json& value, const Where& where) {
    visit(type.scalar, [&](auto zero) {
      auto fitting = scalar<decltype(zero)>(value);
      if (!fitting) where.misfit(type.text, value, value.is_number() && type.scalar != Scalar::boolean ? ", which it does not hold" : "");
      put(*fitting);
    });
  }
  void text(const std::string& text) {
    put(static_cast<std::uint64_t>(text.size()));
    out_->append(text.data(), text.size());
  }
  void sized(const TypeNode& part, const Json::array_t& values, const Where& where) {
    put(static_cast<std::uint64_t>(values.size()));
    each(part, values, where);
  }
  void fields(const TypeNode& type, const Json::array_t& values, const Where& where) {
    for (std::size_t i = 0; i < values.size(); ++i) pack(*type.parts[i], values[i], Where(where, i));
  }
  void object(const TypeNode& type, const Json& value, const Where& where) {
    if (!value.is_object()) where.misfit(type.text, value);
    put(static_cast<std::uint64_t>(value.size()));
    for (const auto& [key, mapped] : value.get_ref<const Json::object_t&>()) {
      text(key);
      pack(*type.parts[1], mapped, Where(where, key));
    }
  }
  void pairs(const TypeNode& type, const Json& value, const Where& where) {
    const Json::array_t& all = array_of(type, value, where);
    put(static_cast<std::uint64_t>(all.size()));
    for (std::size_t i = 0; i < all.size(); ++i) {
      Where at(where, i);
      if (!all[i].is_array() || all[i].size() != 2) at.misfit(fmt::format("({},{})", type.parts[0]->text, type.parts[1]->text), all[i]);
      fields(type, all[i].get_ref<const Json::array_t&>(), at);
    }
  }
  // An optional or a pointer: what says whether there is a value, and the value.
  template <class Mark>
  void maybe(const TypeNode& type, const Json& value, const Where& where, Mark mark) {
    put(mark);
    if (!value.is_null()) pack(*type.parts[0], value, where);
  }
  void variant(const TypeNode& type, const Json& value, const Where& where) {
    for (std::size_t i = 0; i < type.parts.size(); ++i) {
      Bytes bytes;
      Packer attempt(bytes, owners_);
      try {
        attempt.pack(*type.parts[i], value, where);
      } catch (const UsageError&) {
        continue;
      }
      put(static_cast<std::int32_t>(i));
      out_->append(bytes.data(), bytes.size());
      owners_ = attempt.owners_;
      return;
    }
    where.misfit(type.text, value);
  }

  Bytes* out_;
  std::uint32_t owners_;  // shared_ptrs so far
};

// Reads a value as LoadArchive does. Throws DataError.
class Unpacker {
 public:
  explicit Unpacker(std::span<const std::byte> in) : in_(in) {}

  Json unpack(const TypeNode& type) {
    switch (type.kind) {
      case Kind::kScalar: return number(type.scalar);
      case Kind::kText: return text(size(1));
      case Kind::kNone: return nullptr;
      case Kind::kComplex:
      case Kind::kArray: return each(*type.parts[0], type.count);
      case Kind::kTuple:
      case Kind::kStruct: return fields(type);
      case Kind::kSequence:
      case Kind::kSet: return each(*type.parts[0], size(type.parts[0]->bytes));
      case Kind::kMap: return map(type);
      case Kind::kOptional: return get<std::uint8_t>() != 0 ? Json() : unpack(*type.parts[0]);
      case Kind::kUnique: return get<std::uint8_t>() == 0 ? Json() : unpack(*type.parts[0]);
      case Kind::kShared: return shared(*type.parts[0], get<std::uint32_t>());
      case Kind::kVariant: return variant(type, get<std::int32_t>());
    }
    return nullptr;
  }

  Json each(const TypeNode& part, std::size_t count) {
    Json values = Json::array();
    for (std::size_t i = 0; i < count; ++i) values.push_back(unpack(part));
    return values;
  }
  std::string text(std::size_t bytes) {
    auto data = reinterpret_cast<const char*>(take(bytes));
    return {data, bytes};
  }
  bool at_end() const { return in_.empty(); }

 private:
  const std::byte* take(std::size_t bytes) {
    if (bytes > in_.size()) Decoder::malformed("an early end inside a value");
    const std::byte* data = in_.data();
    in_ = in_.subspan(bytes);
    return data;
  }
  template <class T>
  T get() {
    T value;
    std::memcpy(&value, take(sizeof value), sizeof value);
    return value;
  }
  // A container's, before anything is sized by it; `least` bytes an element, 0 where that is not known.
  std::size_t size(std::size_t least) {
    constexpr std::uint64_t kEmptyElements = 1 << 16;  // as LoadArchive allows
    auto size = get<std::uint64_t>();
    if (least == 0 ? size > in_.size() + kEmptyElements : size > in_.size() / least) Decoder::malformed("a container larger than its bytes");
    return size;
  }

  Json number(Scalar scalar) {
    return visit(scalar, [&](auto zero) -> Json {
      if constexpr (std::is_same_v<decltype(zero), bool>) return get<std::uint8_t>() != 0;
      else return json_of(get<decltype(zero)>());
    });
  }
  Json fields(const TypeNode& type) {
    if (++depth_ > kDeepest) throw UsageError(fmt::format("a value more than {} structs deep has no form in JSON", kDeepest));
    Json values = Json::array();
    for (const TypeNode* part : type.parts) values.push_back(unpack(*part));
    --depth_;
    return values;
  }
  Json map(const TypeNode& type) {
    bool is_object = type.parts[0]->kind == Kind::kText;
    Json values = is_object ? Json::object() : Json::array();
    for (std::size_t left = size(0); left > 0; --left) {
      Json key = unpack(*type.parts[0]), mapped = unpack(*type.parts[1]);
      if (is_object) values[key.get_ref<const std::string&>()] = std::move(mapped);
      else values.push_back(Json::array({std::move(key), std::move(mapped)}));
    }
    return values;
  }
  Json variant(const TypeNode& type, std::int32_t index) {
    if (index < 0 || static_cast<std::size_t>(index) >= type.parts.size()) Decoder::malformed("an alternative that its variant does not have");
    return unpack(*type.parts[static_cast<std::size_t>(index)]);
  }
  Json shared(const TypeNode& type, std::uint32_t number) {
    if (number == 0) return nullptr;
    std::uint32_t name = number & ~kFirstOwner;
    if (name != number) {
      owners_[name] = std::nullopt;  // while it is being read
      return *(owners_[name] = unpack(type));
    }
    auto owner = owners_.find(name);
    if (owner == owners_.end()) Decoder::malformed("a pointer to what it has not");
    if (!owner->second) throw UsageError("a shared_ptr that leads back to itself has no form in JSON");
    return *owner->second;
  }

  std::span<const std::byte> in_;
  std::map<std::uint32_t, std::optional<Json>> owners_;
  int depth_ = 0;
};

// --- frames ------------------------------------------------------------------------------------------------------------------

// Not Encoder::owned: an element's alignment need not be its size.
void block(Encoder& out, Bytes&& bytes, std::size_t alignment) {
  auto holder = std::make_shared<const Bytes>(std::move(bytes));
  out.block(holder->data(), holder->size(), alignment);
  if (holder->size() >= kSegmentBytes) out.kept.push_back(std::move(holder));
}

// Flat elements.
void block(const TypeNode& part, const Json::array_t& values, const Where& where, Encoder& out) {
  Bytes bytes;
  Packer(bytes).each(part, values, where);
  block(out, std::move(bytes), part.alignment);
}

void text(const std::string& text, Encoder& out) {
  Bytes bytes;
  bytes.append(text.data(), text.size());
  out.owned(std::move(bytes));
}

void whole(const TypeNode& type, const Json& value, const Where& where, Encoder& out) {
  Bytes bytes;
  Packer(bytes).pack(type, value, where);
  out.owned(std::move(bytes));
}

void encode(const TypeNode& type, const Json& value, const Where& where, Encoder& out);

void encode_sequence(const TypeNode& part, const Json::array_t& values, const Where& where, Encoder& out) {
  if (part.is_flat()) return block(part, values, where, out);
  for (std::size_t i = 0; i < values.size(); ++i) encode(part, values[i], Where(where, i), out);
}

void encode(const TypeNode& type, const Json& value, const Where& where, Encoder& out) {
  switch (type.kind) {
    case Kind::kScalar:
    case Kind::kComplex: return Packer(out.body).pack(type, value, where);
    case Kind::kText: return text(Packer::string_of(type, value, where), out);
    case Kind::kArray: return encode_sequence(*type.parts[0], Packer::array_of(type, value, where, type.count), where, out);
    case Kind::kSequence:
      if (type.has_whole) return whole(type, value, where, out);
      out.length(Packer::array_of(type, value, where).size());
      return encode_sequence(*type.parts[0], Packer::array_of(type, value, where), where, out);
    case Kind::kTuple: {
      const Json::array_t& values = Packer::array_of(type, value, where, type.parts.size());
      if (values.empty()) out.put(std::uint8_t{0});
      for (std::size_t i = 0; i < values.size(); ++i) encode(*type.parts[i], values[i], Where(where, i), out);
      return;
    }
    case Kind::kOptional:
      out.put(std::uint8_t{!value.is_null()});
      return value.is_null() ? void() : encode(*type.parts[0], value, where, out);
    default: return whole(type, value, where, out);
  }
}

// Decodes into values that hold still until Decoder::finish. What waits for that keeps the tree.
class Opening {
 public:
  Opening(std::shared_ptr<const TypeTree> tree, Decoder& in) : tree_(std::move(tree)), in_(&in) {}

  void open(const TypeNode& type, Json& value) {
    switch (type.kind) {
      case Kind::kScalar:
      case Kind::kComplex: return unpack(type, type.bytes, 1, value);
      case Kind::kText: return block(in_->block_length(1), 1, [&value](Unpacker in, std::size_t bytes) { value = in.text(bytes); });
      case Kind::kArray:
        if (!type.is_flat()) return each(*type.parts[0], type.count, value);
        in_->expect_block(type.bytes);
        return unpack(type, type.bytes, type.alignment, value);
      case Kind::kSequence: return type.has_whole ? whole(type, value) : sequence(*type.parts[0], value);
      case Kind::kTuple: return tuple(type, value);
      case Kind::kOptional: return in_->get<std::uint8_t>() != 0 ? open(*type.parts[0], value) : void(value = nullptr);
      default: return whole(type, value);
    }
  }

 private:
  // Calls `read` with a block: now, or when its segment has arrived.
  template <class F>
  void block(std::size_t bytes, std::size_t alignment, F read) {
    std::span<const std::byte> view(static_cast<const std::byte*>(in_->view(bytes, alignment)), bytes);
    if (bytes < kSegmentBytes) return read(Unpacker(view), bytes);
    in_->later([tree = tree_, view, read] { read(Unpacker(view), view.size()); });
  }
  void unpack(const TypeNode& type, std::size_t bytes, std::size_t alignment, Json& value) {
    block(bytes, alignment, [&type, &value](Unpacker in, std::size_t) {
      value = in.unpack(type);
      if (!in.at_end()) Decoder::malformed("more bytes than the value takes");
    });
  }
  void whole(const TypeNode& type, Json& value) { unpack(type, in_->block_length(1), 1, value); }

  void sequence(const TypeNode& part, Json& value) {
    if (!part.is_flat()) return each(part, in_->length(1), value);
    std::size_t count = in_->block_length(part.bytes);
    block(count * part.bytes, part.alignment, [&part, &value, count](Unpacker in, std::size_t) { value = in.each(part, count); });
  }
  void each(const TypeNode& part, std::size_t count, Json& value) {
    for (Json& element : elements(count, value)) open(part, element);
  }
  void tuple(const TypeNode& type, Json& value) {
    Json::array_t& values = elements(type.parts.size(), value);
    if (values.empty()) in_->get<std::uint8_t>();
    for (std::size_t i = 0; i < values.size(); ++i) open(*type.parts[i], values[i]);
  }
  // Makes `value` an array whose elements hold still.
  static Json::array_t& elements(std::size_t count, Json& value) {
    value = Json::array();
    auto& all = value.get_ref<Json::array_t&>();
    all.resize(count);
    return all;
  }

  std::shared_ptr<const TypeTree> tree_;
  Decoder* in_;
};

bool is_at_end(Decoder& in) {
  try {
    return in.expect_end(), true;
  } catch (const DataError&) {
    return false;
  }
}

}  // namespace

void encode_json(const Json& value, const std::string& type, Encoder& out) {
  TypeTree tree(type);
  encode(tree.root(), value, Where(), out);
}

void decode_json(const std::string& type, Decoder& in, Json& value) {
  auto tree = std::make_shared<const TypeTree>(type);
  // A void result has no bytes, a std::monostate has: their texts are the same.
  if (tree->root().kind == Kind::kNone && is_at_end(in)) return void(value = nullptr);
  Opening(tree, in).open(tree->root(), value);
}

}  // namespace gluster::plugin
