// gluster-runner: the generic runner, compiled once, that knows nothing of the functions it will run.
//
//     mpirun -n 1 ./my_master : -n 16 gluster-runner
#include <csignal>

#include <CLI/CLI.hpp>
#include <gluster/gluster.hpp>

int main(int argc, char** argv) {
  std::signal(SIGUSR1, SIG_IGN);  // it is for the master, and mpirun gives it to all ranks
  CLI::App app("A resident runner of a Gluster cluster. Start it beside a master:\n\n    mpirun -n 1 ./my_master : -n 16 gluster-runner\n");
  int threads = 0;
  app.add_option("--threads", threads, "OpenMP threads a kernel gets; by default this runner's share of its host's cores")
      ->check(CLI::Range(1, 65536));
  CLI11_PARSE(app, argc, argv);
  auto as_master = [](gluster::Cluster&) -> int {
    throw gluster::UsageError(
        "gluster-runner cannot be the master: start your own program as the first rank, mpirun -n 1 ./my_master : -n N gluster-runner");
  };
  if (threads != 0) setenv("GLUSTER_THREADS", std::to_string(threads).c_str(), 1);
  return gluster::launch(argc, argv, as_master);
}
