#pragma once
#include <cstdint>
#include <string>

namespace gluster::base {

// What this host and this process are, from the kernel's own files.
std::string host_name();
std::string architecture();      // uname -m
std::string operating_system();  // uname -sr
std::string cpu_model();         // with the feature flags' digest, since a virtual CPU's name says little
std::string program_path();
std::uint64_t available_memory();  // bytes that can still be had, the control group's limit included
// Memory that is promised but not there ends a process without a word: so large blocks are asked for first. Small ones cost no look.
// Thread-safe.
bool has_room_for(std::uint64_t bytes);
std::uint64_t resident_memory();                  // bytes, of this process
std::uint64_t resident_memory(std::int64_t pid);  // of that process of this host; 0: nobody may know
double load_average();                            // over one minute

}  // namespace gluster::base
