#include "plugin/type_tree.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>

#include <fmt/format.h>

#include <gluster/error.hpp>

namespace gluster::plugin {
namespace {

using Kind = TypeNode::Kind;

std::size_t size_of(Scalar scalar) {
  switch (scalar) {
    case Scalar::none: return 0;
    case Scalar::boolean:
    case Scalar::character:
    case Scalar::i8:
    case Scalar::u8: return 1;
    case Scalar::i16:
    case Scalar::u16: return 2;
    case Scalar::i32:
    case Scalar::u32:
    case Scalar::f32: return 4;
    case Scalar::f80: return sizeof(long double);
    default: return 8;
  }
}

class Parser {
 public:
  Parser(std::string_view text, std::deque<TypeNode>& nodes) : text_(text), nodes_(&nodes) {}

  const TypeNode* parse() {
    const TypeNode* root = type();
    if (at_ != text_.size()) malformed("the end");
    resolve();
    return root;
  }

 private:
  static constexpr int kDeepest = 500;

  // `@Name`, and the structs it is inside of.
  struct Reference {
    TypeNode* node;
    std::string_view name;
    std::vector<const TypeNode*> open;
    const TypeNode* target = nullptr;
  };
  using Names = std::map<const TypeNode*, std::string_view>;

  [[noreturn]] void malformed(std::string_view expected) const {
    throw PluginError(fmt::format("malformed type text `{}`: expected {} at {}", text_, expected, at_));
  }
  [[noreturn]] void refuse(std::string_view what) const { throw UsageError(fmt::format("type {} has no form in JSON: {}", text_, what)); }

  bool take(char wanted) {
    if (at_ == text_.size() || text_[at_] != wanted) return false;
    return ++at_, true;
  }
  void expect(char wanted) {
    if (!take(wanted)) malformed(fmt::format("`{}`", wanted));
  }
  std::string_view since(std::size_t from) const { return text_.substr(from, at_ - from); }

  TypeNode* add(Kind kind, std::vector<const TypeNode*> parts = {}) {
    TypeNode& node = nodes_->emplace_back();
    node.kind = kind;
    node.parts = std::move(parts);
    return &node;
  }

  TypeNode* type() {
    if (++depth_ > kDeepest) malformed("less depth");
    std::size_t from = at_;
    TypeNode* node = complete(first(), from);
    while (take('?')) node = complete(add(Kind::kOptional, {node}), from);
    --depth_;
    return node;
  }
  TypeNode* complete(TypeNode* node, std::size_t from) const {
    measure(*node);
    node->text = since(from);
    return node;
  }

  // A type but for the `?` behind it.
  TypeNode* first() {
    if (take('[')) return sequence();
    if (take('(')) return add(Kind::kTuple, list(',', ')'));
    if (take('{')) return keyed();
    if (take('<')) return variant();
    if (take('*')) return pointer(Kind::kUnique);
    if (take('&')) return pointer(Kind::kShared);
    if (take('@')) return again();
    return word();
  }

  std::vector<const TypeNode*> list(char separator, char close) {
    std::vector<const TypeNode*> parts;
    if (take(close)) return parts;
    do parts.push_back(type());
    while (take(separator));
    expect(close);
    return parts;
  }

  TypeNode* sequence() {
    TypeNode* node = add(Kind::kSequence, {type()});
    if (take(';')) {
      node->kind = Kind::kArray;
      node->count = number();
    }
    expect(']');
    return node;
  }
  TypeNode* keyed() {
    auto parts = list(':', '}');
    if (parts.empty() || parts.size() > 2) malformed("`{K}` or `{K:V}`");
    Kind kind = parts.size() == 1 ? Kind::kSet : Kind::kMap;
    return add(kind, std::move(parts));
  }
  TypeNode* variant() {
    auto parts = list('|', '>');
    if (parts.empty()) malformed("an alternative");
    return add(Kind::kVariant, std::move(parts));
  }
  TypeNode* pointer(Kind kind) {
    const TypeNode* target = type();
    if (target->kind == Kind::kOptional) refuse("a pointer to an optional and an optional pointer have the same text");
    return add(kind, {target});
  }
  TypeNode* again() {
    std::size_t from = at_;
    skip_name();
    if (at_ == from || open_.empty()) malformed("the name of a struct that it is inside of");
    TypeNode* node = add(Kind::kStruct);
    references_.push_back({node, since(from), open_});
    return node;
  }

  TypeNode* word() {
    std::size_t from = at_;
    while (at_ < text_.size() && ((text_[at_] >= 'a' && text_[at_] <= 'z') || (text_[at_] >= '0' && text_[at_] <= '9'))) ++at_;
    std::string_view word = since(from);
    if (word == "str") return add(Kind::kText);
    if (word == "void" || word == "none") return add(Kind::kNone);
    if (word == "struct") return structure();
    if (word == "enum") return of_scalar(Kind::kScalar);
    if (word == "complex") return of_scalar(Kind::kComplex);
    if (word == "size" || word == "bytes") refuse(fmt::format("a struct's `serialize` writes raw {}", word));
    if (word == "opaque") {
      skip_name();
      refuse(fmt::format("{} has `save` and `load` of its own, or nothing that cereal knows", since(from)));
    }
    return scalar(word, from);
  }
  TypeNode* scalar(std::string_view word, std::size_t from) {
    for (int i = 1; i <= static_cast<int>(Scalar::f80); ++i) {
      if (word != gluster::detail::scalar_name(static_cast<Scalar>(i))) continue;
      TypeNode* node = add(Kind::kScalar);
      node->scalar = static_cast<Scalar>(i);
      return node;
    }
    at_ = from;
    malformed("a type");
  }
  TypeNode* of_scalar(Kind kind) {
    expect('(');
    const TypeNode* part = type();
    if (part->kind != Kind::kScalar) malformed("an arithmetic type before");
    expect(')');
    TypeNode* node = add(kind);
    if (kind == Kind::kScalar) node->scalar = part->scalar;
    else node->parts = {part}, node->count = 2;
    return node;
  }
  TypeNode* structure() {
    if (take('#')) refuse(fmt::format("a struct's `serialize` takes a class version (struct#{})", number()));
    expect('(');
    TypeNode* node = add(Kind::kStruct);
    open_.push_back(node);
    node->parts = list(',', ')');
    open_.pop_back();
    return node;
  }

  std::size_t number() {
    std::size_t value = 0;
    auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (error != std::errc()) malformed("a number");
    at_ = static_cast<std::size_t>(end - text_.data());
    return value;
  }

  // A class's own name: template arguments, and `::` in them, belong to it.
  void skip_name() {
    int inside = 0;
    for (; at_ < text_.size(); ++at_) {
      char c = text_[at_];
      bool qualifies = c == ':' && at_ + 1 < text_.size() && text_[at_ + 1] == ':';
      if (qualifies) ++at_;
      else if (std::string_view("<({[").find(c) != std::string_view::npos) ++inside;
      else if (inside == 0 && std::string_view(">)}],|:;?").find(c) != std::string_view::npos) return;
      else if (std::string_view(">)}]").find(c) != std::string_view::npos) --inside;
    }
  }

  void measure(TypeNode& node) const {
    auto has_whole = [](const TypeNode* part) { return part->has_whole; };
    switch (node.kind) {
      case Kind::kScalar: node.bytes = node.alignment = size_of(node.scalar); break;
      case Kind::kComplex:
      case Kind::kArray: {
        const TypeNode& part = *node.parts[0];
        if (part.bytes != 0 && node.count > std::numeric_limits<std::size_t>::max() / part.bytes) malformed("a smaller number before");
        node.bytes = part.bytes * node.count;
        node.alignment = part.alignment;
        break;
      }
      case Kind::kText:
      case Kind::kSequence:
      case Kind::kTuple:
      case Kind::kOptional: break;
      default: return;
    }
    node.has_whole = std::any_of(node.parts.begin(), node.parts.end(), has_whole);
  }

  // The structs' own names are not in the text, but one struct has one name: what another name means is ruled out. (Two structs
  // may have one, in namespaces of their own, so that a name is known already says nothing.)
  void resolve() {
    Names known;
    for (bool more = true; more;) {
      more = false;
      for (Reference& reference : references_) {
        if (reference.target != nullptr || (reference.target = only_candidate(reference, known)) == nullptr) continue;
        known[reference.target] = reference.name;
        more = true;
      }
    }
    for (const Reference& reference : references_) {
      if (reference.target == nullptr) refuse(fmt::format("@{} may be any of the structs that it is inside of", reference.name));
      *reference.node = *reference.target;
    }
  }
  static const TypeNode* only_candidate(const Reference& reference, const Names& known) {
    const TypeNode* candidate = nullptr;
    int candidates = 0;
    for (const TypeNode* open : reference.open) {
      auto named = known.find(open);
      if (named != known.end() && named->second != reference.name) continue;
      candidate = open;
      ++candidates;
    }
    return candidates == 1 ? candidate : nullptr;
  }

  std::string_view text_;
  std::deque<TypeNode>* nodes_;
  std::size_t at_ = 0;
  int depth_ = 0;
  std::vector<const TypeNode*> open_;
  std::vector<Reference> references_;
};

}  // namespace

TypeTree::TypeTree(std::string text) : text_(std::move(text)), root_(Parser(text_, nodes_).parse()) {}

}  // namespace gluster::plugin
