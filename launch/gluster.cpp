// gluster: functions on a cluster, from a command line. This file reads the words; what they do is in a file each.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gluster/error.hpp>

#include "base/distance.hpp"
#include "base/host.hpp"
#include "commands.hpp"

namespace {

using namespace gluster::command;

constexpr const char* kAbout =
    "Functions on a cluster: this starts your program, or a single function, on the ranks that mpirun or Slurm give it.\n\n"
    "    gluster functions sweep.cpp                       what is in a file of kernels\n"
    "    gluster call sweep.cpp:at 3.5 '[1, 2]'            one call; options stand before FILE:FUNCTION\n"
    "    gluster map sweep.cpp:at --over 0:10000 -o all.csv --journal sweep.journal\n"
    "    gluster run -n 16 --threads 4 ./my_master         a program of your own with 16 runners\n\n"
    "Exit status: 0, or 1 when what was started failed, 2 when it could not be started as it was asked for, 3 when items of a map failed; of `run`, "
    "the master's own.";

// What stands below the options of --help.
constexpr const char* kRunMore =
    "    gluster run ./model input.txt                     one runner with all cores; in an allocation, one a task\n"
    "    gluster run -n 8 --threads 4 --hosts n1,n2 ./model\n"
    "    gluster run --journal model.journal ./model       killed at any time, its maps go on where they were\n"
    "    gluster run --dry-run -n 8 ./model                the line for mpirun or srun\n\n"
    "The first Ctrl-C (or SIGTERM, SIGUSR1) ends it in order, with status 75; the second at once.";
constexpr const char* kCallMore =
    "Options stand before FILE:FUNCTION; all behind it are arguments, also -1. Each is read as the kernel's parameter wants it:\n\n"
    "    3.5  -1  nan          a number\n"
    "    'two words'           a text, as it is\n"
    "    '[1, 2]' '{\"a\": 1}'   JSON for anything else: an array for a vector and for a struct's members in order, an object for a map of\n"
    "                          texts; gluster functions FILE shows types\n"
    "    @notes.txt            what a file holds; @@ for a text that begins with @\n"
    "    @in.h5:/a             a dataset of numbers, which the runner reads";
constexpr const char* kMapMore =
    "    gluster map sweep.cpp:at --over 0:10000 -o all.csv\n"
    "    gluster map sweep.cpp:at --over 0:10000 --with '[1, 2]' --journal sweep.journal -o all.h5\n"
    "    gluster map words.so:count --over-lines files.txt\n"
    "    gluster map stats.so:mean --over-dataset in.h5:/x -o means.h5\n\n"
    "Results come in the order of the inputs. CSV: index,value, a line an item. HDF5: a dataset /value, a row an item, and /error where\n"
    "some failed. An item that fails is told of at the end, and the status is 3. With a journal the same words go on where they were\n"
    "stopped, whatever stopped them.";
constexpr const char* kSubmitMore =
    "    gluster submit --ntasks=16 --time=1:00:00 run ./model input.txt\n"
    "    gluster submit --ntasks=16 --time=1:00:00 --requeue map sweep.cpp:at --over 0:100000 --journal sweep.journal -o all.csv\n"
    "    gluster submit --dry-run ...                      the script, and nothing is submitted\n\n"
    "Options have sbatch's own names. With --requeue the job ends in order ahead of its limit, goes back into the queue, and on.";
constexpr const char* kStatusMore =
    "    gluster status sweep.journal\n"
    "    gluster status --watch 4711       a job of gluster submit's";

// Help of a command whose words are not only options: CLI11 knows nothing of those that prefix_command leaves.
class HelpOfPrefix final : public CLI::Formatter {
 public:
  explicit HelpOfPrefix(std::string usage) : usage_(std::move(usage)) {}
  std::string make_usage(const CLI::App* /*app*/, std::string /*name*/) const override { return fmt::format("Usage: gluster {}\n", usage_); }

 private:
  std::string usage_;
};

void take_prefix(CLI::App& app, const char* usage) {
  app.formatter(std::make_shared<HelpOfPrefix>(usage));
  app.prefix_command();
}

const auto not_empty = [](const std::string& text) { return std::string(text.empty() ? "a file's name is wanted" : ""); };

void add_start(CLI::App& app, Start& start, Command& command) {
  app.add_option("-n,--runners", start.runners,
                 "runners; the master comes on top and takes no core (the allocation's tasks, else one with all cores)")
      ->check(CLI::Range(1, 1 << 20));
  app.add_option("--threads", start.threads, "OpenMP threads a runner (its share of its host's cores)")->check(CLI::Range(1, 65536));
  app.add_option("--hosts", start.hosts, "where runners go: names, separated by commas")->delimiter(',')->allow_extra_args(false);
  app.add_option("--launcher", start.launcher, "mpirun or srun; else by what is there")->check(CLI::IsMember({"mpirun", "srun"}));
  app.add_option("--restart", start.restarts, "starts it again, so often, when a runner or a node was lost")->check(CLI::Range(0, 1000));
  app.add_flag("--requeue", start.requeue, "of a Slurm job: back into the queue when its time is over, to go on later");
  app.add_flag("--dry-run", command.dry_run, "shows the line that would be executed");
}

void add_batch(CLI::App& app, Batch& batch, Command& command) {
  app.add_option("-N,--nodes", batch.nodes)->check(CLI::Range(1, 1 << 20));
  app.add_option("-n,--ntasks", batch.ntasks, "a runner each")->check(CLI::Range(1, 1 << 20));
  app.add_option("-c,--cpus-per-task", batch.cpus_per_task, "OpenMP threads of a runner")->check(CLI::Range(1, 65536));
  app.add_option("--mem", batch.mem);
  app.add_option("-t,--time", batch.time);
  app.add_option("-p,--partition", batch.partition);
  app.add_option("-A,--account", batch.account);
  app.add_option("-J,--job-name", batch.job_name);
  app.add_option("-o,--output", batch.output);
  app.add_option("-q,--qos", batch.others["qos"]);
  app.add_option("-C,--constraint", batch.others["constraint"]);
  app.add_option("-w,--nodelist", batch.others["nodelist"]);
  app.add_option("-x,--exclude", batch.others["exclude"]);
  for (const char* name : {"gres", "mem-per-cpu", "ntasks-per-node", "reservation", "dependency", "begin", "mail-type", "mail-user"})
    app.add_option(std::string("--") + name, batch.others[name]);
  app.add_flag("--exclusive", batch.exclusive);
  app.add_flag("--requeue", batch.requeue, "goes on by itself after the time limit: wants --journal among the words");
  app.add_option("--signal-ahead", batch.signal_ahead, "seconds before the limit, to end in order (60)")->check(CLI::Range(1, 65535));
  app.add_flag("--dry-run", command.dry_run, "shows the script");
  take_prefix(app, "submit [SLURM'S OPTIONS] run|call|map WORDS...");
}

// The program of rank 0 is this one with the same words.
void be_master(Start& start, const Command& command, bool shows_progress = false) {
  start.master = {start.self, "--as-master"};
  if (shows_progress) start.master.push_back("--terminal");
  const std::vector<std::string> words(command.argv + 1, command.argv + command.argc);
  // The first: what comes later may be an argument.
  const auto dry =
      std::find_if(words.begin(), words.end(), [](const std::string& word) { return word == "--dry-run" || word.starts_with("--dry-run="); });
  start.master.insert(start.master.end(), words.begin(), command.dry_run ? dry : words.end());
  if (command.dry_run && dry != words.end()) start.master.insert(start.master.end(), dry + 1, words.end());
}

// Programs that were built or installed with this one.
void find_own(Start& start) {
  start.self = gluster::base::program_path();
  start.runner = std::filesystem::path(start.self).replace_filename("gluster-runner").string();
  if (::access(start.runner.c_str(), X_OK) != 0) throw gluster::Error(fmt::format("there is no gluster-runner beside {}: install both", start.self));
}

// SIGUSR1, ahead of a job's limit, may come while a source is still compiled: it waits until there is something to end in order.
void hold_back_drain() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
}

// Where one is near enough to have been meant.
std::string nearest(const std::string& word, const std::vector<std::string>& known) {
  const auto apart = [&](const std::string& each) { return gluster::base::distance(word, each); };
  const auto best = std::ranges::min_element(known, {}, apart);
  const bool is_near = best != known.end() && apart(*best) <= std::max<std::size_t>(2, best->size() / 3) && apart(*best) < best->size();
  return is_near ? fmt::format("; the nearest is {}", *best) : "";
}

std::vector<std::string> options_of(const CLI::App& app) {
  std::vector<std::string> options;
  for (const CLI::Option* option : app.get_options())
    for (const std::string& each : option->get_lnames()) options.push_back("--" + each);
  return options;
}

// `is_job`: the words are those behind gluster submit's own.
[[noreturn]] void refuse_option(const CLI::App& app, const std::string& word, bool is_job) {
  std::string name = app.get_name();
  const CLI::App* root = app.get_parent();
  for (; root->get_parent() != nullptr; root = root->get_parent()) name = root->get_name() + " " + name;
  const std::string option = word.substr(0, word.find('='));
  const auto* of_slurm = is_job ? root->get_subcommand("submit")->get_option_no_throw(option) : nullptr;
  throw gluster::UsageError(
      fmt::format("gluster {} has no option {}{}", name, word,
                  of_slurm != nullptr ? fmt::format(": it is one for Slurm, and stands before {}", name) : nearest(option, options_of(app))));
}

// What stands behind the options of run, call and submit begins with no dash.
void expect_no_option(const CLI::App& app, const Command& command) {
  const std::vector<std::string> words = app.remaining();
  if (!words.empty() && words[0].starts_with('-')) refuse_option(app, words[0], command.checks_alone);
}

// What is wrong with the words that CLI11 could not read.
[[noreturn]] void refuse(const CLI::App& app, const CLI::ParseError& error, const Command& given) {
  std::vector<std::string> commands;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App* each) { return !each->get_group().empty(); }))
    commands.push_back(command->get_name());
  if (app.get_subcommands().empty()) {
    if (given.argc > 1 && given.argv[1][0] != '-')
      throw gluster::UsageError(
          fmt::format("there is no gluster {}{}; gluster --help says what there is", given.argv[1], nearest(given.argv[1], commands)));
    throw gluster::UsageError(fmt::format("which command? {}; gluster --help says what they do", fmt::join(commands, ", ")));
  }
  const CLI::App* at = app.get_subcommands().front();
  std::string name = "gluster " + at->get_name();
  while (!at->get_subcommands().empty()) {
    at = at->get_subcommands().front();
    name += " " + at->get_name();
  }
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr)
    for (const std::string& word : app.remaining(true))
      if (word.starts_with("-")) refuse_option(*at, word, given.checks_alone);
  throw gluster::UsageError(fmt::format("{}: {}", name, error.what()));
}

int main_of(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "help") == 0) {  // gluster help map: gluster map --help
    std::string help = "--help";
    std::vector<char*> words{argv[0]};
    if (argc > 2) words.push_back(argv[2]);
    words.push_back(help.data());  // before what else there is, which may be a program's
    if (argc > 3) words.insert(words.end(), argv + 3, argv + argc);
    return main_of(static_cast<int>(words.size()), words.data());
  }
  Command command{argc, argv};
  CLI::App app(kAbout, "gluster");
  app.require_subcommand(1);
  app.set_version_flag("--version", "gluster " GLUSTER_VERSION);
  bool terminal = false;
  app.add_flag("--as-master", command.is_master)->group("");
  app.add_flag("--check", command.checks_alone)->group("");
  app.add_option("--tasks", command.tasks)->group("");
  app.add_flag("--terminal", terminal)->group("");

  RunWords run_words;
  CLI::App* run_app = app.add_subcommand("run", "starts a program of your own, the master, with runners");
  run_app->footer(kRunMore);
  add_start(*run_app, run_words.start, command);
  run_app->add_option("--journal", run_words.journal, "a file that keeps the values of the program's maps: the next start runs what is missing")
      ->check(not_empty);
  take_prefix(*run_app, "run [OPTIONS] ./master ARGUMENTS...");

  CLI::App* hold_app = app.add_subcommand("hold")->group("");
  hold_app->prefix_command();

  CallWords call_words;
  CLI::App* call_app = app.add_subcommand("call", "runs one function with no program written");
  call_app->footer(kCallMore);
  add_start(*call_app, call_words.start, command);
  call_app->add_flag("--json", command.json, "the value as JSON, a text too");
  take_prefix(*call_app, "call [OPTIONS] FILE:FUNCTION ARGUMENTS...");

  MapWords map_words;
  CLI::App* map_app = app.add_subcommand("map", "runs a function over many inputs");
  map_app->footer(kMapMore);
  add_start(*map_app, map_words.start, command);
  map_app->add_option("TARGET", map_words.target, "FILE:FUNCTION")->required();
  map_app->add_option("--over", map_words.over, "FIRST:END, the numbers from FIRST to END - 1");
  map_app->add_option("--over-lines", map_words.over_lines, "a text file, a line an item; - for stdin")
      ->check(CLI::ExistingFile | CLI::IsMember({"-"}));
  map_app->add_option("--over-dataset", map_words.over_dataset, "FILE.h5:/DATASET, a row an item; runners read them");
  map_app->add_option("--with", map_words.with, "the next argument, the same for all items; may be said again")->allow_extra_args(false);
  map_app->add_option("--chunk", map_words.chunk, "items that travel together (what takes about a millisecond)")->check(CLI::Range(1, 1 << 30));
  map_app->add_option("--journal", map_words.journal, "a file that keeps the values: the next start runs what is missing")->check(not_empty);
  map_app->add_option("-o,--output", map_words.out, "where results go: FILE.csv, FILE.h5, or - for stdout, as CSV (-)");
  map_app->add_flag("--force", map_words.force, "overwrites the output; never a journal");

  Batch batch;
  CLI::App* submit_app = app.add_subcommand("submit", "a Slurm job of run, call or map");
  submit_app->footer(kSubmitMore);
  add_batch(*submit_app, batch, command);

  std::string what;
  bool watch = false;
  CLI::App* status_app = app.add_subcommand("status", "how far a run is");
  status_app->footer(kStatusMore);
  status_app->add_option("JOURNAL|JOBID", what, "the job that this is a part of, else what has a journal in this directory");
  status_app->add_flag("--watch", watch, "every second, until it has ended");
  status_app->add_flag("--json", command.json);

  Start doctor_start;
  CLI::App* doctor_app = app.add_subcommand("doctor", "what to know before asking for help: each line ok, slow or wrong, and what to do");
  doctor_app->add_flag("--json", command.json);

  std::string file;
  CLI::App* functions_app = app.add_subcommand("functions", "the kernels of a plugin or a source, with their signatures");
  functions_app->add_option("FILE", file)->required();
  functions_app->add_flag("--json", command.json);

  CLI::App* journal_app = app.add_subcommand("journal", "what is in a journal");
  journal_app->require_subcommand(1);
  CLI::App* show_app = journal_app->add_subcommand("show", "its starts and maps");
  show_app->add_option("FILE", file)->required();
  show_app->add_flag("--json", command.json);
  ExportWords export_words;
  CLI::App* export_app = journal_app->add_subcommand("export", "the values of a map");
  export_app->add_option("FILE", export_words.file)->required();
  export_app->add_option("--map", export_words.map, "which of the program's, from 1 on")->check(CLI::Range(1, 1 << 20));
  export_app->add_option("-o,--output", export_words.out, "FILE.csv, FILE.h5, or - for stdout, as CSV (-)");
  export_app->add_flag("--force", export_words.force, "overwrites the output");

  try {
    try {
      app.parse(argc, argv);
    } catch (const CLI::ExtrasError&) {  // of run and call: what stands behind -- is not for them
      std::vector<char*> words(argv, argv + argc);
      const auto dashes = std::find_if(words.begin(), words.end(), [](const char* word) { return std::string(word) == "--"; });
      if (dashes == words.end()) throw;
      words.erase(dashes);
      app.parse(static_cast<int>(words.size()), words.data());
    }
  } catch (const CLI::Success& told) {
    return app.exit(told);
  } catch (const CLI::ParseError& error) {
    refuse(app, error, command);
  }
  for (const CLI::App* each : {run_app, call_app, submit_app})
    if (*each) expect_no_option(*each, command);
  if (*hold_app) return hold(command, hold_app->remaining());
  for (Start* start : {&run_words.start, &call_words.start, &map_words.start, &doctor_start}) find_own(*start);
  if (*run_app) {
    run_words.start.master = run_app->remaining();
    return run(command, std::move(run_words));
  }
  if (command.is_master) std::signal(SIGUSR1, SIG_IGN);  // until launch() listens
  else if (!command.dry_run) hold_back_drain();
  if (*call_app) {
    be_master(call_words.start, command);
    call_words.words = call_app->remaining();
    return call(command, std::move(call_words));
  }
  if (*map_app) {
    // Not where the results come as well: they would run into one another.
    be_master(map_words.start, command, ::isatty(STDERR_FILENO) != 0 && (map_words.out != "-" || ::isatty(STDOUT_FILENO) == 0));
    map_words.progress = terminal;
    return map(command, std::move(map_words));
  }
  if (*doctor_app) {
    be_master(doctor_start, command);
    return doctor(command, doctor_start);
  }
  if (*submit_app) {
    batch.words = submit_app->remaining();
    take_requeue(batch);
    return submit(command, batch, run_words.start.self);
  }
  if (*status_app) return status(command, what, watch);
  if (*functions_app) return functions(command, file);
  if (*show_app) return show_journal(command, file);
  return export_journal(export_words);
}

}  // namespace

// Whoever starts this may have closed some of 0, 1 and 2: nothing else may get these numbers. Writing to what was closed fails, but for messages, which go nowhere.
void expect_standard_files() {
  for (int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(number, F_GETFD) < 0) ::open("/dev/null", number == STDERR_FILENO ? O_WRONLY : O_RDONLY);
}

int main(int argc, char** argv) {
  expect_standard_files();
  const int status = tell_errors([&] { return main_of(argc, argv); });
  if (std::fflush(stdout) == 0 || status != 0) return status;
  return tell_errors([]() -> int { throw gluster::Error(fmt::format("cannot write to stdout: {}", std::strerror(errno))); });
}
