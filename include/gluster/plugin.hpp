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
/// the received bytes in place), `const T*`, `unique_ptr<T>` or `shared_ptr<T>`, and returns a value or void. It runs on
/// the runner's main thread, one at a time, and may use OpenMP. What it throws becomes the caller's KernelError.
namespace gluster {

/// Changes whenever a plugin compiled against older headers could no longer be called.
inline constexpr std::uint32_t kAbiVersion = 1;

/// What an argument in a call is. Only the first is made yet; the others keep their numbers.
enum class ArgumentKind : std::uint8_t { value = 0, shared = 1, dataset = 2, job = 3 };

/// One call of a kernel with its arguments decoded (or being received). Used by one thread at a time.
class Invocation {
 public:
  virtual ~Invocation() = default;
  /// Runs the kernel once and encodes its value into `out`, which keeps alive what its segments lie in.
  /// Throws whatever the kernel throws.
  virtual void run(Encoder& out) = 0;
};

/// A kernel as a plugin's table has it; constant data of the plugin.
struct Kernel {
  const char* name;
  const Signature& (*signature)();
  /// Decodes the arguments; the Decoder must outlive what is returned. Throws DataError.
  std::unique_ptr<Invocation> (*open)(Decoder& in);
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
constexpr bool kIsSmartPointer = false;
template <class T>
constexpr bool kIsSmartPointer<std::unique_ptr<T>> = true;
template <class T>
constexpr bool kIsSmartPointer<std::shared_ptr<T>> = true;
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
struct Parameter<std::span<T>> {
  static_assert(std::is_const_v<T>,
                "GLUSTER_EXPORT: a std::span<T> parameter would be an output, which this version does not have yet: take "
                "std::span<const T> and return a value");
  using Wire = std::vector<std::remove_const_t<T>>;
  std::conditional_t<kFlat<std::remove_const_t<T>>, std::span<T>, Wire> value;  // read in place where that can be
  void decode(Decoder& in) { detail::decode(in, value); }
  std::span<T> pass() { return value; }
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

  class Call final : public Invocation {
   public:
    explicit Call(Decoder& in) {
      std::apply([&](auto&... parameter) { (parameter.decode(in), ...); }, parameters_);
    }
    void run(Encoder& out) override {
      if constexpr (std::is_void_v<R>) call();
      else if constexpr (std::is_arithmetic_v<R>) encode(out, call());
      else send(out, call());
    }

   private:
    R call() {
      return std::apply([](auto&... parameter) -> R { return F(parameter.pass()...); }, parameters_);
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
    static constexpr ::gluster::Kernel gluster_kernel_ = {#name, &::gluster::detail::Exported<(__VA_ARGS__)>::signature,       \
                                                          &::gluster::detail::Exported<(__VA_ARGS__)>::open};                  \
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
