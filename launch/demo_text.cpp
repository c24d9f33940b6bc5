#include "demo_text.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <fstream>
#include <set>
#include <stdexcept>
#include <system_error>

#include <fmt/format.h>

namespace demo {
namespace {

constexpr std::string_view kWhiteSpace = " \t\n\v\f\r";
constexpr std::size_t kWordsWanted = 2'000'000;
constexpr const char* kLicences = "/usr/share/common-licenses";

std::string read_whole(const std::filesystem::path& file) {
  errno = 0;
  std::ifstream in(file, std::ios::binary);
  std::string bytes;
  std::string piece(std::size_t{1} << 20, '\0');
  do {
    in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    bytes.append(piece, 0, static_cast<std::size_t>(in.gcount()));
  } while (in);
  // A stream does not say why, and does not take a directory for an error until it is read.
  if (in.bad() || !in.eof()) {
    throw std::runtime_error(fmt::format("cannot read {}: {}", file.string(), std::generic_category().message(errno)));
  }
  return bytes;
}

}  // namespace

Text read_text(const std::filesystem::path& file) {
  Text text{file.filename().string(), read_whole(file)};
  if (text.bytes.find_first_not_of(kWhiteSpace) == std::string::npos) {
    throw std::runtime_error(fmt::format("there is no word to count in {}", file.string()));
  }
  return text;
}

Text licence_texts() {
  std::error_code error;
  std::set<std::filesystem::path> files;  // in the same order everywhere
  for (const auto& entry : std::filesystem::directory_iterator(kLicences, error)) {
    // Links are other names for texts that are there already.
    if (entry.is_regular_file() && !entry.is_symlink()) files.insert(entry.path());
  }
  std::string once;
  for (const auto& file : files) once += read_whole(file) + '\n';
  const std::size_t words = words_of(once).size();
  if (words == 0) throw std::runtime_error(fmt::format("there are no texts in {}: name one with --text FILE", kLicences));
  const std::size_t times = (kWordsWanted + words - 1) / words;
  Text text{fmt::format("the texts in {}, {} times over", kLicences, times), {}};
  text.bytes.reserve(once.size() * times);
  for (std::size_t time = 0; time < times; ++time) text.bytes += once;
  return text;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  std::size_t at = text.find_first_not_of(kWhiteSpace);
  while (at < text.size()) {
    const std::size_t end = std::min(text.find_first_of(kWhiteSpace, at), text.size());
    words.push_back(text.substr(at, end - at));
    at = text.find_first_not_of(kWhiteSpace, end);
  }
  return words;
}

}  // namespace demo
