#pragma once
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <gluster/arguments.hpp>
#include <gluster/call.hpp>
#include <gluster/codec.hpp>
#include <gluster/dataset.hpp>
#include <gluster/error.hpp>
#include <gluster/job.hpp>
#include <gluster/map.hpp>
#include <gluster/options.hpp>
#include <gluster/plugin.hpp>
#include <gluster/runner_info.hpp>
#include <gluster/shared.hpp>
#include <gluster/signature.hpp>

namespace gluster {

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

/// Inputs of a map, as JSON texts or as rows of a dataset.
struct JsonItems {
  std::int64_t count = 0;
  std::function<std::string(std::int64_t)> at;  ///< the same text whenever it is asked; on any thread, one at a time
  std::optional<Dataset> rows{};                ///< then these are the items, one each
};

/// `count` indices in `parts` ranges of nearly equal size, in order; fewer ranges when there are fewer indices.
std::vector<Range> split(std::int64_t count, int parts);

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
  /// pointer, the T it points to is sent. Large contiguous data goes out from where it then lies, or is copied into node memory (256 MiB at most) before this returns. Throws UsageError for an
  /// unknown kernel, a wrong number or type of arguments, or a null pointer; an arithmetic argument converts when its value is exactly
  /// representable in the kernel's type.
  template <class R, class... A>
  Job<R> run(std::string_view name, A&&... arguments) {
    return call<R>(kernel(name), std::forward<A>(arguments)...);
  }

  /// The same with a priority: a call goes to a runner before all those of lower priority that wait (0: what run() gives).
  template <class R, class... A>
  Job<R> run_first(int priority, std::string_view name, A&&... arguments) {
    return call_at<R>(priority, kernel(name), std::forward<A>(arguments)...);
  }

  /// Calls a kernel whose first parameters are outputs (`std::span<T>`), which it writes where `out` says: in place when `out` is part of an array of allocate() and the
  /// kernel runs on the master's node, or when the master runs it itself, else they come back into their place. `out` is such an array, a contiguous range of T, or a std::tuple of spans; it is borrowed until the job
  /// has ended; what it holds after an error is undefined. Throws UsageError also for outputs that overlap those of a call that has not ended, and for such in a sealed array.
  template <class Out, class... A>
  Job<void> run_into(Out&& out, std::string_view name, A&&... arguments) {
    const KernelEntry& entry = kernel(name);
    return std::apply(
        [&]<class... T>(std::span<T>... place) {
          auto state = std::make_shared<detail::CallInto<std::tuple<T...>, std::decay_t<A>...>>(engine_, std::forward<A>(arguments)...);
          state->call.has_outputs = true;
          state->claim(place...);
          submit(state, entry, state->pack(), type_of<void>());
          return Job<void>(std::move(state));
        },
        detail::outputs(out));
  }

  /// Puts a copy of `data` (contiguous, of elements that travel as bytes) on every node, once. Returns when it is on the master's; the others get it in the background.
  template <std::ranges::contiguous_range Data>
  Shared<std::ranges::range_value_t<Data>> share(const Data& data) {
    using T = std::ranges::range_value_t<Data>;
    const std::size_t size = std::ranges::size(data);
    auto state = make_array<T>(size, type_of<std::conditional_t<detail::kIsText<Data>, std::string, std::vector<T>>>());
    state->fill_and_seal(std::ranges::data(data));
    return Shared<T>(std::move(state), 0, size);
  }
  /// An array to be filled in place, by the master or by outputs of calls, and then sealed: one copy less than share().
  template <class T>
  Shared<T> allocate(std::size_t size) {
    return Shared<T>(make_array<T>(size, type_of<std::vector<T>>()), 0, size);
  }

  /// A handle `Job<R> operator()(Args...)` that has found the kernel already. Throws UsageError as `run` does.
  template <class F>
  Function<F> function(std::string_view name) {
    return Function<F>(*this, name);
  }

  /// Calls a kernel once for each of `inputs`, chunks of them at a time, and gives back its values in order or as they come. `inputs` is any
  /// range, also one that is made as it goes: it is never held whole; or a Shared, whose elements are not sent again. An lvalue is borrowed, an rvalue is moved into the Map. `common` arguments follow the
  /// input's own in every call; large ones should be Shared. Throws UsageError as `run` does.
  template <class R, detail::MapInputs Inputs, class... C>
  Map<R> map(std::string_view name, Inputs&& inputs, const MapOptions& options, C&&... common) {
    return start_map<R, false>(kernel(name), std::forward<Inputs>(inputs), options, std::forward<C>(common)...);
  }
  template <class R, detail::MapInputs Inputs, class... C>
  requires(!std::same_as<std::tuple_element_t<0, std::tuple<std::decay_t<C>..., void>>, MapOptions>) Map<R> map(std::string_view name,
                                                                                                                Inputs&& inputs, C&&... common) {
    return start_map<R, false>(kernel(name), std::forward<Inputs>(inputs), {}, std::forward<C>(common)...);
  }
  /// The same for inputs that are tuples (or pairs): an argument each.
  template <class R, std::ranges::input_range Inputs, class... C>
  Map<R> starmap(std::string_view name, Inputs&& inputs, const MapOptions& options = {}, C&&... common) {
    return start_map<R, true>(kernel(name), std::forward<Inputs>(inputs), options, std::forward<C>(common)...);
  }
  /// Calls `void f(index, common...)` for every index of [begin, end), and returns when all have ended. Throws as Map::get does.
  template <class... C>
  void parallel_for(std::string_view name, std::int64_t begin, std::int64_t end, const MapOptions& options = {}, C&&... common) {
    start_map<void, false>(kernel(name), std::views::iota(begin, std::max(begin, end)), options, std::forward<C>(common)...).get();
  }
  /// One value of all of a map's, in order: `reduce(...reduce(initial, f(first))..., f(last))`, where `reduce` is a kernel `R(R, R)` of the same plugin as `f`
  /// and associative: runners reduce what they have computed, the master what comes from them. Throws the first error of an item.
  template <class R, detail::MapInputs Inputs, class... C>
  R map_reduce(std::string_view name, Inputs&& inputs, std::string_view reduce, R initial, const MapOptions& options = {}, C&&... common) {
    const KernelEntry& by = kernel(reduce);
    std::unique_ptr<Fold> fold = fold_for(kernel(name), by, type_of<R>(), options);
    add_to(*fold, initial);
    auto parts = parts_of_map<R, false, false>(kernel(name), std::forward<Inputs>(inputs), options, std::forward<C>(common)...);
    parts.fold = fold_number(by);
    detail::MapState state(std::move(parts));
    while (auto chunk = state.next(true)) {
      if (auto error = chunk->error_of(0)) std::rethrow_exception(error);
      add_to(*fold, *static_cast<detail::ChunkOf<R>&>(*chunk).values.at(0));
    }
    Encoder all;
    fold->finish(all);
    all.close();
    R value = detail::fresh<R>();
    Decoder in(all.body, all.segments.size());
    detail::decode(in, value);
    detail::fetch(all, in);
    return value;
  }

  /// A call whose arguments and value are JSON texts, by the kernel's own signature, as src/plugin/json.hpp says: for programs that do not know its types. For an array of numbers
  /// `{"dataset": "FILE:/DATASET"}` is one that the runner reads. Throws UsageError that says
  /// which argument does not fit, and where in it; also for a kernel with outputs.
  Job<std::string> run_json(std::string_view name, std::span<const std::string> arguments);
  /// The same for many: an item's text is the first argument, `common` are the others. An item that does not fit fails alone, with OnError::collect.
  Map<std::string> map_json(std::string_view name, JsonItems items, const MapOptions& options = {}, std::span<const std::string> common = {});

  /// As the runners described themselves.
  std::vector<RunnerInfo> runners() const;
  /// How every runner is. Those of the master's node are looked at where their counters lie, without their knowing; others are asked, also while they
  /// compute, and waited for at most for `patience`.
  Status status(std::chrono::milliseconds patience = std::chrono::milliseconds(100));
  /// All that can be called.
  std::vector<KernelInfo> kernels() const;

  /// Only runners on hosts named so far are given calls; before the first such call, all are. UsageError when there is none.
  void use_host(std::string_view host);

  /// Ends the run early and in order: nothing more is sent, what runs comes to its end, and whatever has not begun (calls, what is left of maps) ends with Cancelled, which says `why`. For ever. In a
  /// program started by launch() SIGUSR1 does it.
  void drain(std::string_view why);
  bool is_draining() const;

  /// Messages of the library itself: "trace" to "off".
  void set_log_level(std::string_view level);

 private:
  template <class F>
  friend class Function;

  template <class R, class... A>
  Job<R> call(const KernelEntry& kernel, A&&... arguments) {
    return call_at<R>(0, kernel, std::forward<A>(arguments)...);
  }
  template <class R, class... A>
  Job<R> call_at(int priority, const KernelEntry& kernel, A&&... arguments) {
    auto state = std::make_shared<detail::CallOf<R, std::decay_t<A>...>>(engine_, std::forward<A>(arguments)...);
    state->call.priority = priority;
    submit(state, kernel, state->pack(), type_of<R>());
    return Job<R>(std::move(state));
  }

  template <class T>
  std::shared_ptr<detail::SharedState> make_array(std::size_t size, const Type& type) {
    static_assert(detail::kFlat<T>, "gluster: shared data travels as bytes: arithmetic types, enums, complex and arrays of these");
    if (size > std::numeric_limits<std::size_t>::max() / 2 / sizeof(T)) detail::refuse_size(size, sizeof(T));
    return make_shared_state(size * sizeof(T), type);
  }
  std::shared_ptr<detail::SharedState> make_shared_state(std::size_t bytes, const Type& type);

  template <class R, bool kSpread, bool kKept = true, class Inputs, class... C>
  detail::MapState::Parts parts_of_map(const KernelEntry& kernel, Inputs&& inputs, const MapOptions& options, C&&... common) {
    std::tuple<detail::Common<std::decay_t<C>>...> kept(std::forward<C>(common)...);
    std::shared_ptr<detail::Journaled> journal;
    bool each_input = false;
    auto parts_of = [&]<class From>(std::type_identity<From>, auto... from) {
      return detail::MapState::Parts{
          engine_, &kernel, 0, std::make_unique<From>(std::move(from)..., std::move(kept)), &detail::ChunkOf<R>::make, options, journal, each_input};
    };
    if constexpr (detail::kIsShared<std::decay_t<Inputs>>) {
      using T = typename std::decay_t<Inputs>::value_type;
      detail::check_map(kernel, 1, detail::pack_all(kept), type_of<R>(), options);
      detail::Elements<T> elements{detail::Kept<Shared<T>>(std::forward<Inputs>(inputs))};
      const detail::Argument any = detail::argument(&elements.any);
      if (kKept && keeps_journal(options)) {
        detail::InputsDigest digest(*engine_);
        digest.add(detail::pack_all(kept));
        digest.add(any.type->text, std::as_bytes(elements.shared.value.span()));
        journal = open_journal(kernel, options, digest, elements.size());
      }
      // What is known is left out one by one, and not by numbers.
      if ((!journal || journal->size() == 0) && detail::may_send_elements(kernel, any, detail::pack_all(kept)))
        return parts_of(std::type_identity<detail::NumberedInputs<detail::Elements<T>, std::decay_t<C>...>>(), std::move(elements));
      return parts_of(std::type_identity<detail::RangeInputs<kSpread, detail::SharedView<T>, std::decay_t<C>...>>(),
                      detail::SharedView<T>(elements.shared.value));
    } else {
      using View = std::views::all_t<Inputs>;
      std::size_t own = 1;
      if constexpr (kSpread) own = std::tuple_size_v<std::ranges::range_value_t<View>>;
      detail::check_map(kernel, own, detail::pack_all(kept), type_of<R>(), options);
      View view = std::views::all(std::forward<Inputs>(inputs));
      if (kKept && keeps_journal(options)) {
        detail::InputsDigest digest(*engine_);
        digest.add(detail::pack_all(kept));
        const std::int64_t items = detail::add_inputs<kSpread>(digest, view);
        each_input = !std::ranges::forward_range<View>;
        journal = open_journal(kernel, options, digest, items);
      }
      if constexpr (!kSpread && detail::kIsIota<View>) {
        detail::Indices indices{0, 0};
        if (!view.empty()) indices = {view.front(), std::int64_t{view.back()} + 1};
        if ((!journal || journal->size() == 0) && detail::may_send_indices(kernel, indices, detail::pack_all(kept)))
          return parts_of(std::type_identity<detail::NumberedInputs<detail::Indices, std::decay_t<C>...>>(), indices);
      }
      return parts_of(std::type_identity<detail::RangeInputs<kSpread, View, std::decay_t<C>...>>(), std::move(view));
    }
  }
  template <class R, bool kSpread, class Inputs, class... C>
  Map<R> start_map(const KernelEntry& kernel, Inputs&& inputs, const MapOptions& options, C&&... common) {
    return Map<R>(parts_of_map<R, kSpread>(kernel, std::forward<Inputs>(inputs), options, std::forward<C>(common)...));
  }
  template <class R>
  static void add_to(Fold& fold, const R& value) {
    Encoder one;
    detail::encode(one, value);
    one.close();
    fold.add(one);
  }
  // Throws UsageError where the two do not fit.
  std::unique_ptr<Fold> fold_for(const KernelEntry& kernel, const KernelEntry& reduce, const Type& type, const MapOptions& options) const;
  static std::uint32_t fold_number(const KernelEntry& reduce);

  bool keeps_journal(const MapOptions& options) const;
  // The next map of the program, in its journal. Throws as MapOptions::journal says.
  std::shared_ptr<detail::Journaled> open_journal(const KernelEntry& kernel, const MapOptions& options, detail::InputsDigest& inputs,
                                                  std::int64_t items);
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
