#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <gluster/codec.hpp>

#include "base/scalar.hpp"
#include "plugin/json_number.hpp"
#include "plugin/type_tree.hpp"

// Values between JSON and cereal's form, which is all bytes: what SaveArchive writes and LoadArchive reads, by the type's tree alone.
namespace gluster::plugin {

// How deep values of a recursive type may be: each level is on the stack.
inline constexpr int kDeepest = 256;

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

// Writes a value as SaveArchive does.
class Packer {
 public:
  using Kind = TypeNode::Kind;

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
    base::visit(type.scalar, [&](auto zero) {
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

  static constexpr std::uint32_t kFirstOwner = cereal::detail::msb_32bit;  // in a shared_ptr's number: its value follows

  Bytes* out_;
  std::uint32_t owners_;  // shared_ptrs so far
};

// Reads a value as LoadArchive does. Throws DataError.
class Unpacker {
 public:
  using Kind = TypeNode::Kind;

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
    return base::visit(scalar, [&](auto zero) -> Json {
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
    std::uint32_t name = number & ~cereal::detail::msb_32bit;
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

}  // namespace gluster::plugin
