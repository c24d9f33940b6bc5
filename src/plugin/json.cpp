#include "plugin/json.hpp"

#include <memory>
#include <utility>

#include "plugin/json_value.hpp"

// Flat types are packed bytes, the same in a frame's body, in a block and inside cereal's form. So there are two layers: Packer
// and Unpacker (json_value) know cereal's form; encode and Opening know what is put around it, as codec.hpp does.
namespace gluster::plugin {
namespace {

using Kind = TypeNode::Kind;

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
    case Kind::kOptional: out.put(std::uint8_t{!value.is_null()}); return value.is_null() ? void() : encode(*type.parts[0], value, where, out);
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
