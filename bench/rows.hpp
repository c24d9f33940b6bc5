// C = A·B by Gluster: a call for each worker's rows.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <gluster/cluster.hpp>

namespace bench {

/// `function` writes rows of C, which lies at `c`. `rows_of_a(first, count)`: so many elements of A from there on, as the argument that is to be sent. Matrices are n × n.
template <class T, class RowsOfA>
void multiply_rows(gluster::Cluster& cluster, std::string_view function, std::int64_t n, std::span<T> c, const gluster::Shared<T>& b,
                   const RowsOfA& rows_of_a) {
  std::vector<gluster::Job<void>> jobs;
  for (const gluster::Range& part : gluster::split(n, cluster.workers())) {
    const auto first = static_cast<std::size_t>(part.begin * n);
    const auto count = static_cast<std::size_t>(part.size() * n);
    jobs.push_back(cluster.run_into(c.subspan(first, count), function, rows_of_a(first, count), b, n));
  }
  for (auto& job : jobs) job.get();
}

}  // namespace bench
