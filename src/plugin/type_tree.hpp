#pragma once
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include <gluster/signature.hpp>

namespace gluster::plugin {

// One type in a structural text (signature.hpp has the grammar), with what decides its form on the wire (codec.hpp).
struct TypeNode {
  enum class Kind : std::uint8_t {
    kScalar,  // an enum too
    kComplex,
    kText,
    kNone,
    kSequence,
    kArray,
    kTuple,
    kStruct,
    kMap,
    kSet,
    kOptional,
    kVariant,
    kUnique,
    kShared,
  };

  Kind kind = Kind::kNone;
  Scalar scalar = Scalar::none;
  std::size_t count = 0;                 // an array's elements; 2 of a complex
  std::vector<const TypeNode*> parts;    // a struct may be among its own
  std::string_view text;                 // in the tree's own copy
  std::size_t bytes = 0, alignment = 0;  // of a flat type, in memory and on the wire; else 0
  bool has_whole = true;                 // kHasWhole: cereal's form is anywhere inside

  bool is_flat() const { return bytes != 0; }
};

// A type's text as a tree. Immutable; its nodes live as long as it does.
class TypeTree {
 public:
  // Throws PluginError for a malformed text. Throws UsageError for types whose text does not tell their form on the wire: opaque
  // ones, structs with a class version, `size` and `bytes`, `*T?` (a pointer to an optional, or an optional pointer), and an
  // `@Name` that may be one of several structs that it is inside of, for their names are not in the text.
  explicit TypeTree(std::string text);
  TypeTree(const TypeTree&) = delete;

  const TypeNode& root() const noexcept { return *root_; }

 private:
  std::string text_;
  std::deque<TypeNode> nodes_;
  const TypeNode* root_;
};

}  // namespace gluster::plugin
