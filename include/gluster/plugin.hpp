#pragma once
#include <gluster/block.hpp>
#include <gluster/codec.hpp>
#include <gluster/error.hpp>
#include <gluster/parameter.hpp>
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
inline constexpr std::uint32_t kAbiVersion = 5;

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
