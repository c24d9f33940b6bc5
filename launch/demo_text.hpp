#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace demo {

struct Text {
  std::string name;  // for people
  std::string bytes;
};

// The whole file. Throws, with its name, when it cannot be read or has no word.
Text read_text(const std::filesystem::path& file);

// The licence texts that every Debian has, over and over, up to two million words. Throws where there are none.
Text licence_texts();

// A word is a maximal run of non-white-space, its case kept. They lie in `text`.
std::vector<std::string_view> words_of(std::string_view text);

}  // namespace demo
