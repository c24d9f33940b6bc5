#include "plugin/library.hpp"

#include <dlfcn.h>
#include <elf.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <limits>

#include <fmt/format.h>

#include "base/digest.hpp"
#include "base/files.hpp"

namespace gluster::plugin {
namespace {

constexpr auto kThisMachine =
#if defined(__x86_64__)
    EM_X86_64;
#elif defined(__aarch64__)
    EM_AARCH64;
#elif defined(__powerpc64__)
    EM_PPC64;
#elif defined(__riscv)
    EM_RISCV;
#endif

std::string machine_name(unsigned machine) {
  switch (machine) {
    case EM_X86_64: return "x86_64";
    case EM_386: return "i386";
    case EM_AARCH64: return "aarch64";
    case EM_ARM: return "arm";
    case EM_PPC64: return "ppc64";
    case EM_RISCV: return "riscv";
    default: return fmt::format("machine {}", machine);
  }
}

// How long the file must be for all that is to be mapped of it; else its first use would be a SIGBUS.
std::uint64_t bytes_needed(std::ifstream& in, const Elf64_Ehdr& head) {
  std::uint64_t needed = head.e_phoff + std::uint64_t{head.e_phnum} * sizeof(Elf64_Phdr);
  in.seekg(static_cast<std::streamoff>(head.e_phoff));
  for (int i = 0; i < head.e_phnum; ++i) {
    Elf64_Phdr part{};
    if (!in.read(reinterpret_cast<char*>(&part), sizeof part)) return std::numeric_limits<std::uint64_t>::max();
    if (part.p_type == PT_LOAD) needed = std::max(needed, part.p_offset + part.p_filesz);
  }
  return needed;
}

const Manifest& manifest_in(void* handle, const std::string& shown) {
  void* symbol = ::dlsym(handle, "gluster_manifest");
  // dlsym looks into what an object depends on, too.
  void* object = nullptr;
  Dl_info info{};
  if (symbol == nullptr || ::dladdr1(symbol, &info, &object, RTLD_DL_LINKMAP) == 0 || object != handle)
    throw PluginError(fmt::format("{} has no Gluster manifest: include <gluster/plugin.hpp> and export its kernels with GLUSTER_EXPORT", shown));
  auto manifest = reinterpret_cast<const Manifest* (*)()>(symbol)();
  if (manifest->abi != kAbiVersion)
    throw PluginError(
        fmt::format("{} was built for version {} of Gluster's plugin interface, this is version {}: build it again "
                    "with this version's headers",
                    shown, manifest->abi, kAbiVersion));
  return *manifest;
}

}  // namespace

// What the dynamic linker would say less clearly.
void Library::check(const std::filesystem::path& file, const std::string& shown) {
  std::ifstream in(file, std::ios::binary);
  Elf64_Ehdr head{};
  in.read(reinterpret_cast<char*>(&head), sizeof head);
  if (in.gcount() < EI_NIDENT || std::memcmp(head.e_ident, ELFMAG, SELFMAG) != 0)
    throw PluginError(fmt::format("{} is not a shared object (it is no ELF file): build it with -shared -fPIC", shown));
  if (in.gcount() < static_cast<std::streamsize>(sizeof head)) throw PluginError(fmt::format("{} is cut short: build or copy it again", shown));
  if (head.e_machine != kThisMachine)
    throw PluginError(fmt::format("{} is for {}, this host is {}: build it here", shown, machine_name(head.e_machine), machine_name(kThisMachine)));
  if (head.e_type != ET_DYN) throw PluginError(fmt::format("{} is not a shared object: build it with -shared -fPIC", shown));
  if (bytes_needed(in, head) > std::filesystem::file_size(file)) throw PluginError(fmt::format("{} is cut short: build or copy it again", shown));
}

std::shared_ptr<const Library> Library::load(const std::filesystem::path& file, const std::string& shown) {
  check(file, shown);
  // RTLD_NOW: a missing symbol fails here, not in the middle of a call.
  void* handle = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    std::string reason = ::dlerror();
    if (reason.starts_with(file.string() + ": ")) reason.erase(0, file.string().size() + 2);
    if (!base::may_execute(file))
      reason += fmt::format("; {} lies where nothing may be executed: set GLUSTER_CACHE to a directory elsewhere", file.string());
    throw PluginError(fmt::format("{} cannot be loaded: {}", shown, reason));
  }
  return std::shared_ptr<const Library>(new Library(manifest_in(handle, shown), shown));
}

std::shared_ptr<const Library> Library::of(const Manifest& manifest, const std::string& shown) {
  return std::shared_ptr<const Library>(new Library(manifest, shown));
}

Library::Library(const Manifest& manifest, const std::string& shown) {
  for (auto at = manifest.kernels_begin; at != manifest.kernels_end; ++at) {
    auto named = [&](const KernelDoc* doc) { return std::strcmp(doc->kernel, (*at)->name) == 0; };
    auto doc = std::find_if(manifest.docs_begin, manifest.docs_end, named);
    entries_.push_back({*at, doc == manifest.docs_end ? nullptr : *doc});
  }
  if (entries_.empty()) throw PluginError(fmt::format("{} exports no kernels: name them with GLUSTER_EXPORT", shown));
  std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) { return std::strcmp(a.kernel->name, b.kernel->name) < 0; });
  for (std::size_t i = 1; i < entries_.size(); ++i)
    if (std::strcmp(entries_[i - 1].kernel->name, entries_[i].kernel->name) == 0)
      throw PluginError(
          fmt::format("{} exports two kernels called {}: give one another name with GLUSTER_EXPORT_AS", shown, entries_[i].kernel->name));
}

std::string Library::fingerprint() const {
  std::string text;
  for (const Entry& entry : entries_) text += fmt::format("{} {}\n", entry.kernel->name, entry.kernel->signature().text());
  return base::sha256(text);
}

std::filesystem::path header_directory() {
  Dl_info info{};
  if (::dladdr(reinterpret_cast<void*>(&header_directory), &info) != 0 && info.dli_fname != nullptr) {
    std::error_code reason;
    std::filesystem::path library = std::filesystem::canonical(info.dli_fname, reason);
    // lib/libgluster.so, or lib/x86_64-linux-gnu/libgluster.so
    for (auto up = library.parent_path().parent_path(); up.has_relative_path(); up = up.parent_path())
      if (std::filesystem::exists(up / "include/gluster/plugin.hpp", reason)) return up / "include";
  }
  return GLUSTER_SOURCE_INCLUDE;
}

}  // namespace gluster::plugin
