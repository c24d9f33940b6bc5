// What word_count.cpp computes, without Gluster: a hand-written MPI program links the same compiled object.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

using Counts = std::unordered_map<std::string, std::int64_t>;

/// How often each of the words occurs. Runs on OpenMP's threads.
Counts count(const std::vector<std::string_view>& words);

/// How often each word occurs in a text; a word is a maximal run of non-white-space, its case kept.
Counts count_text(std::string_view text);
