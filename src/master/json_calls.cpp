// Calls with arguments and values as JSON texts: for who learns a kernel's types only when it runs.
#include <algorithm>
#include <deque>
#include <utility>

#include <fmt/format.h>
#include <gluster/cluster.hpp>
#include <nlohmann/json.hpp>

#include "master/kernel_entry.hpp"
#include "plugin/json.hpp"

namespace gluster {
namespace {

using Json = nlohmann::json;

// JSON has no form for a `str` that is no UTF-8. Throws DataError.
std::string text_of(const Json& value) {
  try {
    return value.dump();
  } catch (const Json::type_error&) {
    throw DataError("its value has a text that is no UTF-8, for which JSON has no form");
  }
}

// One argument: read when it is written into a frame.
struct JsonArgument {
  std::string text;
  const Type* type;
  std::string where;  // said ahead of what is wrong
  std::optional<Dataset> dataset{};

  static void encode(Encoder& out, const void* it) {
    const auto& self = *static_cast<const JsonArgument*>(it);
    Json value = Json::parse(self.text, nullptr, false);
    if (value.is_discarded())
      throw UsageError(fmt::format("{}: {} is no {}", self.where, self.text.empty() ? "nothing" : self.text, self.type->text));
    try {
      plugin::encode_json(value, self.type->text, out);
    } catch (const UsageError& error) {
      throw UsageError(fmt::format("{}: {}", self.where, error.what()));
    }
  }
  detail::Argument pack() const { return dataset ? detail::Kept<Dataset>::pack(*dataset) : detail::Argument{type, this, &encode}; }
};

// {"dataset": "FILE:/DATASET"}, where numbers are wanted.
std::optional<Dataset> dataset_in(const std::string& text, const Type& type) {
  if (!type.text.starts_with('[') || !text.starts_with('{')) return {};
  const Json value = Json::parse(text, nullptr, false);
  const auto name = value.is_object() && value.size() == 1 ? value.find("dataset") : value.end();
  if (name == value.end() || !name->is_string()) return {};
  return dataset(name->get<std::string>());
}

std::string where(const KernelEntry& kernel, std::size_t at) {
  std::string name = at < kernel.parameters.size() ? " (" + kernel.parameters[at] + ")" : "";
  return fmt::format("{}, which is {}: argument {}{}", kernel.name, kernel.signature->text(), at + 1, name);
}

void expect_callable(const KernelEntry& kernel, std::size_t given) {
  const auto& parameters = kernel.signature->parameters;
  if (parameters.size() != given)
    throw UsageError(fmt::format("{} takes {} argument{}, not {}: it is {}", kernel.name, parameters.size(), parameters.size() == 1 ? "" : "s", given,
                                 kernel.signature->text()));
  if (std::any_of(parameters.begin(), parameters.end(), [](const Type& type) { return type.text.starts_with("out "); }))
    throw UsageError(fmt::format("{} writes outputs of its caller's ({}): that has no form in JSON", kernel.name, kernel.signature->text()));
}

class JsonCall final : public detail::Value<std::string> {
 public:
  using Value::Value;
  void open_value(Decoder& in) override {
    plugin::decode_json(call.kernel->signature->result.text, in, value_);
    in.later([this] { set([this] { return text_of(value_); }); });
  }

 private:
  Json value_;
};

class JsonChunk final : public detail::ChunkOf<std::string> {
 public:
  using ChunkOf::ChunkOf;
  static std::shared_ptr<Chunk> make(std::shared_ptr<Engine> engine) { return std::make_shared<JsonChunk>(std::move(engine)); }
  void encode_item(Encoder& out, std::size_t item) const override { plugin::encode_json(read_[item], type(), out); }

 private:
  const std::string& type() const { return call.kernel->signature->result.text; }
  void open_items(std::size_t items) override {
    ChunkOf::open_items(items);
    read_.resize(items);
  }
  void open_item(Decoder& in, std::size_t item) override {
    plugin::decode_json(type(), in, read_[item]);
    in.later([this, item] {
      try {
        values[item] = text_of(read_[item]);
      } catch (const DataError& error) {  // and the others are what they are
        const auto after = std::find_if(failures.begin(), failures.end(), [&](const auto& failure) { return failure.item > item; });
        failures.insert(after, {item, "gluster::DataError", error.what()});
      }
    });
  }

  std::deque<Json> read_;
};

// Items from a function of their numbers, and what they have in common.
class JsonInputs final : public detail::Inputs {
 public:
  JsonInputs(const KernelEntry& kernel, JsonItems items, std::vector<JsonArgument> common)
      : kernel_(&kernel), items_(std::move(items)), common_(std::move(common)) {}

  void write(detail::ChunkWriter& out, std::size_t most) override {
    const auto common = pack_common();
    for (; out.count() < most && !out.is_full() && at_ < items_.count; step()) {
      const JsonArgument own = item(at_);
      out.add(std::array{own.pack()}, common);
    }
  }
  std::int64_t remaining() const override { return items_.count - at_; }
  bool is_anyones() const override { return true; }
  void leave_out(std::shared_ptr<const detail::Journaled> known, bool) override {
    known_ = std::move(known);
    pass_known();
  }
  void add_to(detail::InputsDigest& digest) const {
    digest.add(pack_common());
    if (items_.rows) return digest.add(std::array{detail::Kept<Dataset>::pack(*items_.rows)});
    for (std::int64_t at = 0; at < items_.count; ++at) {
      std::string text = items_.at(at);
      digest.add("item", std::as_bytes(std::span(text)));
    }
  }

 private:
  JsonArgument item(std::int64_t at) const {
    const Type& type = kernel_->signature->parameters[0];
    if (items_.rows) return {{}, &type, {}, items_.rows->part(static_cast<std::uint64_t>(at), 1)};
    return {items_.at(at), &type, fmt::format("item {}: {}", at, where(*kernel_, 0))};
  }
  std::vector<detail::Argument> pack_common() const {
    std::vector<detail::Argument> packed;
    for (const JsonArgument& argument : common_) packed.push_back(argument.pack());
    return packed;
  }
  void step() {
    ++at_;
    if (known_) pass_known();
  }
  void pass_known() {
    while (at_ < items_.count && known_->has(static_cast<std::size_t>(at_))) ++at_;
  }

  const KernelEntry* kernel_;
  const JsonItems items_;
  const std::vector<JsonArgument> common_;
  std::int64_t at_ = 0;
  std::shared_ptr<const detail::Journaled> known_;
};

std::vector<JsonArgument> arguments_from(const KernelEntry& kernel, std::size_t first, std::span<const std::string> texts) {
  std::vector<JsonArgument> arguments;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const Type& type = kernel.signature->parameters[first + i];
    arguments.push_back({texts[i], &type, where(kernel, first + i), dataset_in(texts[i], type)});
  }
  return arguments;
}

}  // namespace

Job<std::string> Cluster::run_json(std::string_view name, std::span<const std::string> arguments) {
  const KernelEntry& entry = kernel(name);
  expect_callable(entry, arguments.size());
  const std::vector<JsonArgument> own = arguments_from(entry, 0, arguments);
  std::vector<detail::Argument> packed;
  for (const JsonArgument& argument : own) packed.push_back(argument.pack());
  auto state = std::make_shared<JsonCall>(engine_);
  submit(state, entry, packed, entry.signature->result);
  return Job<std::string>(std::move(state));
}

Map<std::string> Cluster::map_json(std::string_view name, JsonItems items, const MapOptions& options, std::span<const std::string> common) {
  const KernelEntry& entry = kernel(name);
  expect_callable(entry, 1 + common.size());
  for (const JsonArgument& argument : arguments_from(entry, 1, common)) {  // what is wrong with one of these is wrong with all items
    Encoder scratch;
    if (!argument.dataset) JsonArgument::encode(scratch, &argument);
  }
  detail::check_map(entry, 1 + common.size(), {}, entry.signature->result, options);
  const std::int64_t count = items.count;
  auto inputs = std::make_unique<JsonInputs>(entry, std::move(items), arguments_from(entry, 1, common));
  std::shared_ptr<detail::Journaled> journal;
  if (keeps_journal(options)) {
    detail::InputsDigest digest(*engine_);
    inputs->add_to(digest);
    journal = open_journal(entry, options, digest, count);
  }
  return Map<std::string>(detail::MapState::Parts{engine_, &entry, 0, std::move(inputs), &JsonChunk::make, options, std::move(journal)});
}

}  // namespace gluster
