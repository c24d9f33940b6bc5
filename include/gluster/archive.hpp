#pragma once
#include <cstdint>
#include <stdexcept>
#include <string>

#include <cereal/cereal.hpp>

#include <gluster/decoder.hpp>

/// cereal's side: whole values in one block of bytes, written and read by archives that know no files.
namespace gluster {
namespace detail {

class SaveArchive : public cereal::OutputArchive<SaveArchive, cereal::AllowEmptyClassElision> {
 public:
  explicit SaveArchive(Bytes& out) : OutputArchive(this), out_(&out) {}
  void saveBinary(const void* data, std::size_t bytes) { out_->append(data, bytes); }

 private:
  Bytes* out_;
};

class LoadArchive : public cereal::InputArchive<LoadArchive, cereal::AllowEmptyClassElision> {
 public:
  explicit LoadArchive(std::span<const std::byte> in) : InputArchive(this), in_(in) {}
  void loadBinary(void* data, std::size_t bytes) {
    if (bytes > in_.size()) Decoder::malformed("an early end inside a value");
    if (bytes != 0) std::memcpy(data, in_.data(), bytes);
    in_ = in_.subspan(bytes);
  }
  /// A container's size, before cereal sizes it. (Elements of no bytes at all, empty structs, are allowed for.)
  void check_size(std::uint64_t size) const {
    if (size > in_.size() + kEmptyElements) Decoder::malformed("a container larger than its bytes");
  }
  bool at_end() const { return in_.empty(); }

 private:
  static constexpr std::uint64_t kEmptyElements = 1 << 16;
  std::span<const std::byte> in_;
};

}  // namespace detail
}  // namespace gluster

// For what cereal serialises by `save_minimal`, as it does enums, both archives must be known to be of one kind.
CEREAL_SETUP_ARCHIVE_TRAITS(gluster::detail::LoadArchive, gluster::detail::SaveArchive)

namespace gluster {
namespace detail {

template <class T>
requires std::is_arithmetic_v<T>
void CEREAL_SAVE_FUNCTION_NAME(SaveArchive& archive, const T& value) { archive.saveBinary(&value, sizeof value); }
template <class T>
requires std::is_arithmetic_v<T>
void CEREAL_LOAD_FUNCTION_NAME(LoadArchive& archive, T& value) {
  std::conditional_t<std::is_same_v<T, bool>, std::uint8_t, T> raw;  // any byte may come, but no bool is like it
  archive.loadBinary(&raw, sizeof raw);
  value = static_cast<T>(raw);
}
template <class A, class T>
requires std::is_same_v<A, SaveArchive> || std::is_same_v<A, LoadArchive>
void CEREAL_SERIALIZE_FUNCTION_NAME(A& archive, cereal::NameValuePair<T>& pair) { archive(pair.value); }
template <class T>
void CEREAL_SAVE_FUNCTION_NAME(SaveArchive& archive, const cereal::SizeTag<T>& tag) {
  archive(static_cast<std::uint64_t>(tag.size));
}
template <class T>
void CEREAL_LOAD_FUNCTION_NAME(LoadArchive& archive, cereal::SizeTag<T>& tag) {
  std::uint64_t size;
  archive(size);
  archive.check_size(size);
  tag.size = static_cast<std::decay_t<decltype(tag.size)>>(size);
}
template <class T>
void CEREAL_SAVE_FUNCTION_NAME(SaveArchive& archive, const cereal::BinaryData<T>& data) {
  archive.saveBinary(data.data, static_cast<std::size_t>(data.size));
}
template <class T>
void CEREAL_LOAD_FUNCTION_NAME(LoadArchive& archive, cereal::BinaryData<T>& data) {
  archive.loadBinary(data.data, static_cast<std::size_t>(data.size));
}

template <class T>
void load_whole(std::span<const std::byte> bytes, T& value) {
  LoadArchive archive(bytes);
  try {
    archive(value);
  } catch (const std::length_error&) {
    Decoder::malformed("a container beyond reason");
  } catch (const cereal::Exception& error) {
    throw DataError(std::string("malformed frame: ") + error.what());
  }
  if (!archive.at_end()) Decoder::malformed("more bytes than the value takes");
}

}  // namespace detail
}  // namespace gluster
