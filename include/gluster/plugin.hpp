#pragma once
#include <gluster/block.hpp>
#include <gluster/codec.hpp>
#include <gluster/error.hpp>
#include <gluster/signature.hpp>

/// All that a kernel's author includes; nothing needs to be linked.
///
///     #include <gluster/plugin.hpp>
///     double mean(std::span<const double> x) { ... }
///     GLUSTER_EXPORT(mean)
///     GLUSTER_DOC(mean, "The arithmetic mean; 0 for nothing.", "x")
///
/// A kernel takes its parameters by value, `const T&`, `T&&`, `std::span<const T>` and `std::string_view` (these two read
/// the received bytes, or shared data, in place), `const T*`, `unique_ptr<T>` or `shared_ptr<T>`, and returns a value or void. Parameters
/// `std::span<T>` are outputs: they come first, the kernel returns void, and what they hold when it starts is undefined. It runs on
/// the runner's main thread, one at a time, and may use OpenMP. What it throws becomes the caller's KernelError.
namespace gluster {

/// Changes whenever a plugin compiled against older headers could no longer be called.
inline constexpr std::uint32_t kAbiVersion = 4;

/// One call of a kernel with its arguments decoded (or being received). Used by one thread at a time.
class Invocation {
 public:
  virtual ~Invocation() = default;
  /// Runs the kernel once and encodes its value into `out`, which keeps alive what its segments lie in.
  /// Throws whatever the kernel throws.
  virtual void run(Encoder& out) = 0;
};

/// Makes one value of many with a kernel `R f(R, R)`. Used by one thread at a time; throws what the kernel throws.
class Fold {
 public:
  virtual ~Fold() = default;
  /// A value, encoded and closed.
  virtual void add(const Encoder& value) = 0;
  /// Encodes what has become of them, in order; one at least.
  virtual void finish(Encoder& out) = 0;
};

/// A kernel as a plugin's table has it; constant data of the plugin.
struct Kernel {
  const char* name;
  const Signature& (*signature)();
  /// Decodes the arguments; the Decoder must outlive what is returned. Throws DataError.
  std::unique_ptr<Invocation> (*open)(Decoder& in);
  /// Null for a kernel that is no `R f(R, R)`.
  std::unique_ptr<Fold> (*fold)();
  /// A bit for each of the first 64 parameters, the lowest for the first: it looks at its elements where they lie.
  std::uint64_t views = 0;
};

/// A kernel's documentation and its parameters' names.
struct KernelDoc {
  const char* kernel;
  const char* text;
  const char* const* parameters;
  std::size_t parameter_count;
};

/// A plugin's table of contents, what its `gluster_manifest()` returns. The first two fields never change their place.
struct Manifest {
  std::uint32_t abi;
  std::uint32_t bytes;
  const Kernel* const* kernels_begin;
  const Kernel* const* kernels_end;
  const KernelDoc* const* docs_begin;
  const KernelDoc* const* docs_end;
};

namespace detail {

template <class T>
constexpr bool kNever = false;

/// What holds a parameter of type P while its kernel runs, and how it is handed over.
template <class P>
struct Parameter {
  using Value = std::remove_cvref_t<P>;
  using Wire = Value;
  Value value = fresh<Value>();
  void decode(Decoder& in) { detail::decode(in, value); }
  P pass() { return static_cast<P>(std::move(value)); }
};
template <class P>
requires(std::is_lvalue_reference_v<P> && !kIsSmartPointer<std::remove_cvref_t<P>>) struct Parameter<P> {
  static_assert(std::is_const_v<std::remove_reference_t<P>>,
                "GLUSTER_EXPORT: a kernel cannot take a non-const reference: what it changes would not travel back; "
                "return the value instead");
  using Value = std::remove_cvref_t<P>;
  using Wire = Value;
  Value value = fresh<Value>();
  void decode(Decoder& in) { detail::decode(in, value); }
  P pass() { return value; }
};
template <class P>
requires(std::is_reference_v<P>&& kIsSmartPointer<std::remove_cvref_t<P>>) struct Parameter<P> : Parameter<std::remove_cvref_t<P>> {
  static_assert(std::is_rvalue_reference_v<P> || std::is_const_v<std::remove_reference_t<P>>,
                "GLUSTER_EXPORT: a kernel cannot take a non-const reference: what it changes would not travel back; "
                "return the value instead");
  P pass() { return static_cast<P>(this->value); }
};
template <class T>
struct Parameter<std::span<const T>> {
  using Wire = std::vector<T>;
  std::conditional_t<kFlat<T>, std::span<const T>, Wire> value;  // read in place where that can be
  std::conditional_t<kFlat<T>, Block<T>, std::tuple<>> own;      // what was read from a file
  void decode(Decoder& in) { detail::decode(in, value); }
  std::span<const T> pass() { return value; }
};
template <class T>
requires(!std::is_const_v<T>) struct Parameter<std::span<T>> {  // an output: written where the caller wants it, or sent there
  static_assert(kFlat<T>,
                "GLUSTER_EXPORT: a std::span<T> parameter is an output, and travels as bytes: of arithmetic types, enums, complex and arrays "
                "of these; return anything else as a value");
  using Wire = Output<T>;
  std::span<T> value;
  std::shared_ptr<Block<T>> own;
  void decode(Decoder& in) {
    auto ref = in.get<SharedRef>();
    if (ref.bytes % sizeof(T) != 0) Decoder::malformed("a part of an element");
    std::span<std::byte> place = in.operands().output(ref);
    if (place.empty()) own = std::make_shared<Block<T>>(ref.bytes / sizeof(T));
    value = own ? std::span<T>(*own) : std::span<T>(reinterpret_cast<T*>(place.data()), place.size() / sizeof(T));
  }
  std::span<T> pass() { return value; }
  void send(Encoder& out) {
    out.put(static_cast<std::uint8_t>(own != nullptr));
    if (!own) return;
    out.block(own->data(), own->size() * sizeof(T), alignof(T));
    out.kept.push_back(std::move(own));
  }
};
template <class T, std::size_t N>
requires(N != std::dynamic_extent) struct Parameter<std::span<T, N>> {
  static_assert(kNever<T>,
                "GLUSTER_EXPORT: a span of a fixed size is no parameter: take std::array<T, N>, or std::span<const T> and look at its size");
};
template <>
struct Parameter<const char*> {
  using Wire = std::string;
  std::string value;
  void decode(Decoder& in) { detail::decode(in, value); }
  const char* pass() { return value.c_str(); }
};
template <class T>
struct Parameter<T*> {
  static_assert(!std::is_same_v<T, char>, "GLUSTER_EXPORT: a char* is no parameter: take std::string, std::string_view or const char*");
  using Wire = std::remove_cv_t<T>;
  Wire value = fresh<Wire>();
  void decode(Decoder& in) { detail::decode(in, value); }
  T* pass() { return &value; }
};
template <class T>
struct Parameter<std::unique_ptr<T>> {
  using Wire = std::remove_cv_t<T>;
  std::unique_ptr<Wire> value = std::make_unique<Wire>();
  void decode(Decoder& in) { detail::decode(in, *value); }
  std::unique_ptr<T> pass() { return std::move(value); }
};
template <class T>
struct Parameter<std::shared_ptr<T>> {
  using Wire = std::remove_cv_t<T>;
  std::shared_ptr<Wire> value = std::make_shared<Wire>();
  void decode(Decoder& in) { detail::decode(in, *value); }
  std::shared_ptr<T> pass() { return std::move(value); }
};

template <class P>
constexpr bool kIsOutput = false;
template <class T>
constexpr bool kIsOutput<Parameter<std::span<T>>> = !std::is_const_v<T>;

template <class W>
constexpr bool kIsFlatSequence = false;
template <class T, class A>
constexpr bool kIsFlatSequence<std::vector<T, A>> = kFlat<T>;
template <class T>
constexpr bool kIsFlatSequence<Block<T>> = true;
template <>
inline constexpr bool kIsFlatSequence<std::string> = true;
template <>
inline constexpr bool kIsFlatSequence<std::string_view> = true;

/// What a dataset can be read into.
template <class W>
constexpr bool kIsNumbers = false;
template <class T>
constexpr bool kIsNumber = std::is_arithmetic_v<T> && !std::is_same_v<T, bool> && sizeof(T) <= 8;
template <class T>
constexpr bool kIsNumbers<std::vector<T>> = kIsNumber<T>;
template <class T>
constexpr bool kIsNumbers<Block<T>> = kIsNumber<T>;
template <class T>
constexpr std::uint64_t kMostElements = ~std::size_t{0} / 2 / sizeof(T);

template <class V>
constexpr bool kIsView = std::is_same_v<V, std::string_view>;
template <class T>
constexpr bool kIsView<std::span<const T>> = true;

/// Shared data as a parameter: a view looks at it, anything else is a copy.
template <class P>
void decode_shared(P& parameter, std::span<const std::byte> data) {
  using Value = decltype(parameter.value);
  if constexpr (kIsView<Value>) {
    using Element = typename Value::value_type;
    parameter.value = Value(reinterpret_cast<const Element*>(data.data()), data.size() / sizeof(Element));
  } else if constexpr (kIsFlatSequence<typename P::Wire>) {
    using Element = typename P::Wire::value_type;
    Encoder block;
    block.length(data.size() / sizeof(Element));
    block.block(data.data(), data.size(), alignof(Element));
    block.close();
    Decoder in(block.body, block.segments.size());
    parameter.decode(in);
    fetch(block, in);
  } else {
    Decoder::malformed("shared data for a parameter that is no sequence");
  }
}

/// Where a parameter has the elements of a dataset.
template <class T>
std::span<T> make_room(std::vector<T>& value, std::size_t size) {
  value.resize(size);
  return value;
}
template <class T>
std::span<T> make_room(Block<T>& value, std::size_t size) {
  value = Block<T>(size);
  return value;
}
template <class P>
auto make_room(P& parameter, std::size_t size) {
  using Value = std::remove_cvref_t<decltype(parameter.value)>;
  if constexpr (kIsView<Value>) {
    auto place = make_room(parameter.own, size);
    parameter.value = place;
    return place;
  } else if constexpr (std::is_same_v<Value, typename P::Wire>) {
    return make_room(parameter.value, size);
  } else {
    return make_room(*parameter.value, size);
  }
}

/// A dataset's elements as a parameter: read when the call's turn has come, on the kernel's thread.
template <class P>
void decode_dataset(Decoder& in, P& parameter) {
  DatasetRef ref;
  detail::decode(in, ref);
  if constexpr (kIsNumbers<typename P::Wire>) {
    using Element = typename P::Wire::value_type;
    if (ref.fixed.element != scalar_of<Element>() || ref.elements() > kMostElements<Element>)
      Decoder::malformed("a dataset that does not fit its parameter");
    in.later([ref, &parameter, operands = &in.operands()] { operands->read(ref, std::as_writable_bytes(make_room(parameter, ref.elements()))); });
  } else {
    Decoder::malformed("a dataset for a parameter that is no sequence of numbers");
  }
}

template <class P>
void decode_argument(Decoder& in, P& parameter) {
  ArgumentKind kind = in.next_kind();
  if constexpr (kIsOutput<P>) {
    if (kind != ArgumentKind::output) Decoder::malformed("a value for an output");
    parameter.decode(in);
  } else if (kind == ArgumentKind::value) {
    parameter.decode(in);
  } else if (kind == ArgumentKind::shared) {
    decode_shared(parameter, in.operands().find(in.get<SharedRef>()));
  } else if (kind == ArgumentKind::dataset) {
    decode_dataset(in, parameter);
  } else {
    Decoder::malformed("an argument of a kind that this version does not know");
  }
}

/// No output follows what is none.
template <class... P>
constexpr bool outputs_come_first() {
  bool may = true, right = true;
  ((kIsOutput<P> ? void(right &= may) : void(may = false)), ...);
  return right;
}

template <auto F, class R>
class FoldBy final : public Fold {
 public:
  void add(const Encoder& value) override {
    R next = fresh<R>();
    Decoder in(value.body, value.segments.size());
    detail::decode(in, next);
    in.expect_end();
    fetch(value, in);
    if (all_) all_.emplace(F(std::move(*all_), std::move(next)));
    else all_.emplace(std::move(next));
  }
  void finish(Encoder& out) override {
    auto held = std::make_shared<R>(std::move(*all_));
    encode(out, *held);
    if (!out.segments.empty()) out.kept.push_back(std::move(held));
  }

 private:
  std::optional<R> all_;
};
template <auto F, class R>
std::unique_ptr<Fold> make_fold() {
  return std::make_unique<FoldBy<F, R>>();
}

template <auto F, class = decltype(F)>
struct Exported;
template <auto F, class R, class... P>
struct Exported<F, R (*)(P...) noexcept> : Exported<F, R (*)(P...)> {};
template <auto F, class R, class... P>
struct __attribute__((visibility("hidden"))) Exported<F, R (*)(P...)> {  // two plugins may have functions of one name
  static_assert(!std::is_reference_v<R> && !std::is_pointer_v<R>,
                "GLUSTER_EXPORT: a kernel cannot return a pointer or a reference: return the value itself");
  static_assert(!kLooksElsewhere<R>,
                "GLUSTER_EXPORT: a kernel cannot return a view: what it looks at stays behind; return a vector, a string or "
                "a gluster::Block");

  static constexpr bool kHasOutputs = (kIsOutput<Parameter<P>> || ... || false);
  static_assert(outputs_come_first<Parameter<P>...>(),
                "GLUSTER_EXPORT: std::span<T> parameters are outputs and come first; what is only read is a std::span<const T>");
  static_assert(!kHasOutputs || std::is_void_v<R>, "GLUSTER_EXPORT: a kernel with outputs (std::span<T> parameters) returns void");

  class Call final : public Invocation {
   public:
    explicit Call(Decoder& in) {
      std::apply([&](auto&... parameter) { (decode_argument(in, parameter), ...); }, parameters_);
    }
    void run(Encoder& out) override {
      if constexpr (kHasOutputs) {
        call();
        std::apply([&](auto&... parameter) { (send_output(out, parameter), ...); }, parameters_);
      } else if constexpr (std::is_void_v<R>) call();
      else if constexpr (std::is_arithmetic_v<R>) encode(out, call());
      else send(out, call());
    }

   private:
    R call() {
      return std::apply([](auto&... parameter) -> R { return F(parameter.pass()...); }, parameters_);
    }
    template <class Q>
    static void send_output(Encoder& out, Q& parameter) {
      if constexpr (kIsOutput<Q>) parameter.send(out);
    }
    template <class V>
    static void send(Encoder& out, V&& value) {
      if constexpr (std::is_void_v<R>) return;
      else {
        auto held = std::make_shared<R>(std::forward<V>(value));
        encode(out, *held);
        if (!out.segments.empty()) out.kept.push_back(std::move(held));
      }
    }
    std::tuple<Parameter<P>...> parameters_;
  };

  static std::unique_ptr<Invocation> open(Decoder& in) { return std::make_unique<Call>(in); }
  static constexpr auto fold() -> std::unique_ptr<Fold> (*)() {
    if constexpr (std::is_same_v<std::tuple<R, R>, std::tuple<std::remove_cvref_t<P>...>>) return &make_fold<F, R>;
    else return nullptr;
  }
  static constexpr std::uint64_t views() {
    std::uint64_t views = 0, bit = 1;
    ((views |= kIsView<decltype(Parameter<P>::value)> ? bit : 0, bit <<= 1), ...);
    return views;
  }
  static const Signature& signature() {
    static const Signature signature{type_of<R>(), {type_of<typename Parameter<P>::Wire>()...}};
    return signature;
  }
};

}  // namespace detail
}  // namespace gluster

// Each module (plugin or program) gathers pointers to its own kernels in a section of its own: constant data, so nothing has to
// run, and no order matters, before the table can be read. The linker makes the names; the order of a table is its own.
extern "C" {
extern const gluster::Kernel* const __start_gluster_kernels[] __attribute__((weak, visibility("hidden")));
extern const gluster::Kernel* const __stop_gluster_kernels[] __attribute__((weak, visibility("hidden")));
extern const gluster::KernelDoc* const __start_gluster_docs[] __attribute__((weak, visibility("hidden")));
extern const gluster::KernelDoc* const __stop_gluster_docs[] __attribute__((weak, visibility("hidden")));

/// This module's own table. Found by name in a plugin.
__attribute__((weak, used, visibility("default"))) const gluster::Manifest* gluster_manifest() {
  static const gluster::Manifest manifest = {gluster::kAbiVersion,   sizeof(gluster::Manifest), __start_gluster_kernels,
                                             __stop_gluster_kernels, __start_gluster_docs,      __stop_gluster_docs};
  return &manifest;
}
}

/// Exports a function as a kernel of the same name.
#define GLUSTER_EXPORT(function) GLUSTER_EXPORT_AS(function, function)

/// Exports a function (an overload cast to one type, an instance of a template, one in another namespace) as `name`.
#define GLUSTER_EXPORT_AS(name, ...)                                                                                           \
  namespace gluster_export_##name {                                                                                            \
    static constexpr ::gluster::Kernel gluster_kernel_ = {                                                                     \
        #name, &::gluster::detail::Exported<(__VA_ARGS__)>::signature, &::gluster::detail::Exported<(__VA_ARGS__)>::open,      \
        ::gluster::detail::Exported<(__VA_ARGS__)>::fold(), ::gluster::detail::Exported<(__VA_ARGS__)>::views()};              \
    __attribute__((section("gluster_kernels"), used)) static const ::gluster::Kernel* const gluster_entry_ = &gluster_kernel_; \
  }

/// Documents an exported kernel: one text, then its parameters' names in order.
#define GLUSTER_DOC(name, text, ...)                                                                                        \
  namespace gluster_doc_##name {                                                                                            \
    static constexpr const char* gluster_parameters_[] = {"" __VA_OPT__(, ) __VA_ARGS__};                                   \
    static constexpr ::gluster::KernelDoc gluster_doc_ = {#name, text, gluster_parameters_ + 1,                             \
                                                          sizeof gluster_parameters_ / sizeof *gluster_parameters_ - 1};    \
    __attribute__((section("gluster_docs"), used)) static const ::gluster::KernelDoc* const gluster_entry_ = &gluster_doc_; \
  }
