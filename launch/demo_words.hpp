#pragma once
#include <gluster/gluster.hpp>

#include "demo_progress.hpp"
#include "demo_report.hpp"
#include "demo_text.hpp"

namespace demo {

// How often each word occurs in `text`, by `word_count.count`, `rounds` times. Throws when a count is not right.
Line count_words(gluster::Cluster& cluster, const Text& text, int rounds, Progress& progress);

}  // namespace demo
