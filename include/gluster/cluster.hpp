#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <gluster/codec.hpp>
#include <gluster/error.hpp>
#include <gluster/job.hpp>
#include <gluster/plugin.hpp>
#include <gluster/runner_info.hpp>
#include <gluster/signature.hpp>

namespace gluster {

/// What can be chosen when a cluster is made. `from_environment` is the only place that reads GLUSTER_ variables.
struct Options {
  int credit = 16;                      ///< calls on their way to, or in, one runner (1 to 4096)
  int threads = 0;                      ///< OpenMP threads a runner; 0: OMP_NUM_THREADS, else its share of the node's cores
  std::optional<std::uint64_t> memory;  ///< bytes that the ranks of a node share; unset: 0.25 MiB a runner; 0: none, and all goes through MPI
  bool tag_output = false;              ///< kernels' lines begin with `[rank host] `
  std::string log = "warn";             ///< trace, debug, info, warn, error, off
  std::string cxx;                      ///< the compiler for source plugins; empty: the one Gluster was built with
  std::filesystem::path cache;          ///< where plugins are kept; empty: as from_environment chooses

  /// GLUSTER_CREDIT, GLUSTER_THREADS, GLUSTER_MEMORY, GLUSTER_TAG_OUTPUT, GLUSTER_LOG, GLUSTER_CXX, GLUSTER_CACHE (else
  /// XDG_CACHE_HOME/gluster). Throws UsageError that names the variable with a value it cannot have.
  static Options from_environment();
};

/// A kernel that can be called.
struct KernelInfo {
  std::string name;  ///< `stem.function`
  std::string signature;
  std::string documentation;
  std::vector<std::string> parameters;  ///< names, where the kernel's author gave them
};

/// Indices [begin, end).
struct Range {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  std::int64_t size() const noexcept { return end - begin; }
};

/// `count` indices in `parts` ranges of nearly equal size, in order; fewer ranges when there are fewer indices.
std::vector<Range> split(std::int64_t count, int parts);

/// A value that is sent from where it lies: it must outlive the job, unchanged.
template <class T>
struct Borrowed {
  const T* value;
};
/// Borrows `value` (which may be anything that can be sent) for a call.
template <class T>
Borrowed<T> view(const T& value) {
  return {&value};
}
template <class T>
void view(const T&&) = delete;  // a temporary would be gone before it is sent

namespace detail {

/// One argument of a call, packed: what the non-template side needs of it.
struct Argument {
  const Type* type;
  const void* value;  ///< null: a null pointer was given
  void (*encode)(Encoder& out, const void* value);
};

template <class T>
Argument argument(const T* value) {
  return {&type_of<T>(), value, [](Encoder& out, const void* it) { encode(out, *static_cast<const T*>(it)); }};
}

/// True when a frame may point into a T: then the job has to keep it.
template <class T>
constexpr bool kPointedInto = !kHasWhole<T> || (kFlat<T> && sizeof(T) >= kSegmentBytes);
template <class... T>
constexpr bool kPointedInto<std::tuple<T...>> = (kPointedInto<T> || ... || false);
template <class A, class B>
constexpr bool kPointedInto<std::pair<A, B>> = kPointedInto<A> || kPointedInto<B>;
template <class T>
constexpr bool kPointedInto<std::optional<T>> = kPointedInto<T>;
template <class T, std::size_t N>
requires(!kFlat<T>) constexpr bool kPointedInto<std::array<T, N>> = kPointedInto<T>;

/// How a job keeps an argument given as A: a copy of an lvalue, the rvalue itself, or nothing but its address when
/// the frame will hold all of it anyway.
template <class T>
struct Kept {
  T value;
  template <class A>
  explicit Kept(A&& given) : value(std::forward<A>(given)) {}
  Argument pack() const { return argument(&value); }
};
template <class T>
requires(!kPointedInto<T>) struct Kept<T> {
  const T* value;
  explicit Kept(const T& given) : value(&given) {}
  Argument pack() const { return argument(value); }
};
template <class T>
struct Kept<Borrowed<T>> {
  Borrowed<T> value;
  explicit Kept(Borrowed<T> given) : value(given) {}
  Argument pack() const { return argument(value.value); }
};
template <class T>
struct Kept<std::span<T>> {
  std::span<const T> value;
  explicit Kept(std::span<T> given) : value(given) {}
  Argument pack() const { return argument(&value); }
};
template <class T>
requires std::same_as < std::remove_cv_t<T>,
char > struct Kept<T*> {
  std::optional<std::string> value;
  explicit Kept(const char* given) {
    if (given != nullptr) value = given;
  }
  Argument pack() const { return argument(value ? &*value : nullptr); }
};
template <>
struct Kept<std::string_view> {
  std::string value;
  explicit Kept(std::string_view given) : value(given) {}
  Argument pack() const { return argument(&value); }
};
template <class T>
requires(!std::same_as<std::remove_cv_t<T>, char>) struct Kept<T*> {
  std::optional<std::remove_cv_t<T>> value;
  explicit Kept(const T* given) {
    if (given != nullptr) value = *given;
  }
  Argument pack() const { return argument(value ? &*value : nullptr); }
};
template <class T>
struct Kept<std::shared_ptr<T>> {
  std::shared_ptr<T> value;
  explicit Kept(std::shared_ptr<T>&& given) : value(std::move(given)) {}
  explicit Kept(const std::shared_ptr<T>& given) : value(given ? std::make_shared<T>(*given) : nullptr) {}
  Argument pack() const { return argument<std::remove_cv_t<T>>(value.get()); }
};
template <class T>
struct Kept<std::unique_ptr<T>> {
  std::unique_ptr<T> value;
  explicit Kept(std::unique_ptr<T>&& given) : value(std::move(given)) {}
  explicit Kept(const std::unique_ptr<T>& given) : value(given ? std::make_unique<T>(*given) : nullptr) {}
  Argument pack() const { return argument<std::remove_cv_t<T>>(value.get()); }
};
template <>
struct Kept<std::nullptr_t> {
  explicit Kept(std::nullptr_t) {}
  Argument pack() const { return argument<std::uint8_t>(nullptr); }
};

/// A call's state together with the arguments that its frame points into.
template <class R, class... T>
class CallOf final : public Value<R> {
  static_assert(!kLooksElsewhere<R>,
                "gluster: a call's value is its caller's own: ask for a vector or a string, not for a view, a pointer or a reference");

 public:
  template <class... A>
  explicit CallOf(std::shared_ptr<Engine> engine, A&&... given) : Value<R>(std::move(engine)), kept_(std::forward<A>(given)...) {}
  void open_value(Decoder& in) override {
    if constexpr (!std::is_void_v<R>) decode(in, this->set(fresh<R>));
  }
  auto pack() const {
    return std::apply([](const auto&... kept) { return std::array<Argument, sizeof...(T)>{kept.pack()...}; }, kept_);
  }

 private:
  std::tuple<Kept<T>...> kept_;
};

}  // namespace detail

template <class F>
class Function;

/// The master's side of a cluster: imports kernels and runs them on the runners.
///
/// Handed to the `main` that was given to launch(), or made by a Session. Any thread of the master's program may call any of
/// this, at any time until `main` returns.
class Cluster {
 public:
  Cluster(std::shared_ptr<Engine> engine, const Options& options);
  ~Cluster();
  Cluster(const Cluster&) = delete;

  /// How many calls can run at the same time: the runners in use, or 1 in a program started alone.
  int workers() const;

  /// Makes the kernels of a plugin (`.so`) or a source (`.cpp`, `.cc`, `.cxx`) callable as `stem.function`, and returns when
  /// their signatures are known. `stem` is the file's name without directory and suffix, and a plugin's without `lib`. The same path again with other
  /// bytes replaces it for later calls. Throws PluginError (with the compiler's output), or UsageError when another path with
  /// this stem was imported before.
  void import_functions(const std::filesystem::path& file);

  /// The same for the kernels in this program itself, whose stem is the program's name.
  void import_self() { import_table(*gluster_manifest()); }

  /// Calls a kernel and returns at once. `R` is exactly the kernel's result type; `name` is `stem.function`, or the bare
  /// function where only one plugin has it.
  ///
  /// An lvalue is copied, an rvalue is moved into the job, a std::span or view(x) is borrowed and must outlive the job; of a
  /// pointer, the T it points to is sent. Large contiguous data goes out from where it then lies. Throws UsageError for an
  /// unknown kernel, a wrong number or type of arguments, or a null pointer; an arithmetic argument converts when its value is exactly
  /// representable in the kernel's type.
  template <class R, class... A>
  Job<R> run(std::string_view name, A&&... arguments) {
    return call<R>(kernel(name), std::forward<A>(arguments)...);
  }

  /// A handle `Job<R> operator()(Args...)` that has found the kernel already. Throws UsageError as `run` does.
  template <class F>
  Function<F> function(std::string_view name) {
    return Function<F>(*this, name);
  }

  /// As the runners described themselves.
  std::vector<RunnerInfo> runners() const;
  /// Asks every runner how it is, and waits at most `patience` for answers; a runner that computes answers too.
  Status status(std::chrono::milliseconds patience = std::chrono::milliseconds(100));
  /// All that can be called.
  std::vector<KernelInfo> kernels() const;

  /// Only runners on hosts named so far are given calls; before the first such call, all are. UsageError when there is none.
  void use_host(std::string_view host);

  /// Messages of the library itself: "trace" to "off".
  void set_log_level(std::string_view level);

 private:
  template <class F>
  friend class Function;

  template <class R, class... A>
  Job<R> call(const KernelEntry& kernel, A&&... arguments) {
    auto state = std::make_shared<detail::CallOf<R, std::decay_t<A>...>>(engine_, std::forward<A>(arguments)...);
    submit(state, kernel, state->pack(), type_of<R>());
    return Job<R>(std::move(state));
  }

  void import_table(const Manifest& manifest);
  const KernelEntry& kernel(std::string_view name) const;
  void check(const KernelEntry& kernel, const Signature& wanted) const;
  void submit(const std::shared_ptr<JobState>& job, const KernelEntry& kernel, std::span<const detail::Argument> arguments, const Type& result);

  struct State;
  std::shared_ptr<Engine> engine_;
  std::unique_ptr<State> state_;
};

/// A kernel, looked up once: `auto f = cluster.function<double(std::vector<double>)>("stats.mean"); f(x).get();`
///
/// Copyable, thread-safe; must not outlive its Cluster.
template <class R, class... P>
class Function<R(P...)> {
 public:
  Function(Cluster& cluster, std::string_view name) : cluster_(&cluster), kernel_(&cluster.kernel(name)) {
    cluster.check(*kernel_, {type_of<R>(), {type_of<typename detail::Parameter<P>::Wire>()...}});
  }
  template <class... A>
  requires(sizeof...(A) == sizeof...(P)) Job<R>
  operator()(A&&... arguments) const { return cluster_->call<R>(*kernel_, std::forward<A>(arguments)...); }

 private:
  Cluster* cluster_;
  const KernelEntry* kernel_;
};

}  // namespace gluster
