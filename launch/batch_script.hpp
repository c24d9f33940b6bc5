#pragma once
#include <map>
#include <string>
#include <vector>

namespace gluster::command {

// What Slurm is asked for, by sbatch's own names; empty and 0: nothing is said.
struct Batch {
  int nodes = 0, ntasks = 0, cpus_per_task = 0;
  std::string mem, time, partition, account, job_name, output;
  std::map<std::string, std::string> others;  // by name
  bool exclusive = false;
  bool requeue = false;
  int signal_ahead = 60;           // seconds, before the time limit, to end in order
  std::vector<std::string> words;  // run, call or map, and theirs
};

// The script for sbatch, which runs `gluster WORDS`. Throws UsageError for words that no job can be made of.
std::string script_of(const Batch& batch, const std::string& gluster);

// `--requeue` among the words, as run and map have it, is said of the job.
void take_requeue(Batch& batch);

// The journal that these words name; empty: none.
std::string journal_of(const std::vector<std::string>& words);

}  // namespace gluster::command
