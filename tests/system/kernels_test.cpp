// The kernels that are shipped compute what they say, over every runner.
#include "on_master.hpp"

#include <cmath>
#include <random>
#include <sstream>
#include <unordered_map>

namespace gluster::tests {
namespace {

template <class T>
std::vector<T> some(std::int64_t count, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_int_distribution<int> small(-9, 9);  // so that doubles' products and sums are exact
  std::vector<T> values(static_cast<std::size_t>(count));
  for (T& value : values) value = static_cast<T>(small(generator));
  return values;
}

template <class T>
std::vector<T> product(const std::vector<T>& a, const std::vector<T>& b, std::int64_t n) {
  std::vector<T> c(a.size());
  auto at = [&](std::int64_t row, std::int64_t column) { return static_cast<std::size_t>(row * n + column); };
  for (std::int64_t i = 0; i < std::ssize(a) / n; ++i)
    for (std::int64_t k = 0; k < n; ++k)
      for (std::int64_t j = 0; j < n; ++j) c[at(i, j)] += a[at(i, k)] * b[at(k, j)];
  return c;
}

// C in parts, one a worker, from a kernel that takes rows of A and all of B.
template <class R, class T>
std::vector<T> distributed(const std::string& name, const std::vector<T>& a, const std::vector<T>& b, std::int64_t n) {
  std::vector<Job<R>> jobs;
  for (Range part : split(std::ssize(a) / n, cluster().workers()))
    jobs.push_back(cluster().run<R>(name, std::span(a).subspan(static_cast<std::size_t>(part.begin * n), static_cast<std::size_t>(part.size() * n)),
                                    view(b), n));
  std::vector<T> c;
  for (auto& job : jobs) {
    R rows = job.get();
    c.insert(c.end(), rows.begin(), rows.end());
  }
  return c;
}

// The same into a vector in place of C.
std::vector<double> distributed_into(const std::string& name, const std::vector<double>& a, const std::vector<double>& b, std::int64_t n) {
  std::vector<double> c(a.size());
  std::vector<Job<void>> jobs;
  for (Range part : split(std::ssize(a) / n, cluster().workers())) {
    auto first = static_cast<std::size_t>(part.begin * n), count = static_cast<std::size_t>(part.size() * n);
    jobs.push_back(cluster().run_into(std::span(c).subspan(first, count), name, std::span(a).subspan(first, count), view(b), n));
  }
  for (auto& job : jobs) job.get();
  return c;
}

TEST(KernelsTest, MatrixProductsAreExactForSmallWholeNumbers) {
  cluster().import_functions(kernel("matmul"));
  for (std::int64_t n : {1, 7, 64, 129, 300}) {
    SCOPED_TRACE(n);
    auto a = some<double>(n * n, 1), b = some<double>(n * n, 2);
    auto c = product(a, b, n);
    EXPECT_EQ(distributed<Block<double>>("matmul.multiply", a, b, n), c);
    EXPECT_EQ(distributed_into("matmul.multiply_into", a, b, n), c);
    EXPECT_EQ(distributed<Block<double>>("matmul.multiply_naive", a, b, n), c);
    auto whole_a = some<std::int64_t>(n * n, 3), whole_b = some<std::int64_t>(n * n, 4);
    EXPECT_EQ(distributed<Block<std::int64_t>>("matmul.multiply_naive_i64", whole_a, whole_b, n), product(whole_a, whole_b, n));
  }
}

TEST(KernelsTest, BlasComputesTheSameProduct) {
  if (!std::filesystem::exists(kernel("matmul_blas"))) GTEST_SKIP() << "there was no cblas.h when this was built";
  cluster().import_functions(kernel("matmul_blas"));
  for (std::int64_t n : {1, 33, 256}) {
    auto a = some<double>(n * n, 5), b = some<double>(n * n, 6);
    auto c = product(a, b, n);
    EXPECT_EQ(distributed<Block<double>>("matmul_blas.multiply", a, b, n), c) << n;
    EXPECT_EQ(distributed_into("matmul_blas.multiply_into", a, b, n), c) << n;
  }
}

TEST(KernelsTest, MatricesThatDoNotFitTogetherAreRefused) {
  cluster().import_functions(kernel("matmul"));
  std::vector<double> six(6);
  EXPECT_THROWS_WITH(cluster().run<Block<double>>("matmul.multiply", six, six, 2).get(), KernelError, "B has 6 elements");
  EXPECT_THROWS_WITH(cluster().run<Block<double>>("matmul.multiply", six, std::vector<double>(16), 4).get(), KernelError, "not whole rows");
  EXPECT_THROWS_WITH(cluster().run<Block<double>>("matmul.multiply", six, six, -1).get(), KernelError, "at least 1");
  std::vector<double> four(4);
  EXPECT_THROWS_WITH(cluster().run_into(std::span(six), "matmul.multiply_into", four, four, 2).get(), KernelError, "C has 6 elements");
}

TEST(KernelsTest, PiIsNearAndTheSameForASeed) {
  cluster().import_functions(kernel("pi"));
  constexpr std::int64_t kThrows = 2'000'000;
  auto hits = [&](std::int64_t seed) { return cluster().run<std::int64_t>("pi.inside", seed, kThrows).get(); };
  std::int64_t once = hits(7);
  EXPECT_EQ(hits(7), once);
  EXPECT_NEAR(4.0 * static_cast<double>(once) / kThrows, 3.14159, 0.01);
}

using Counts = std::unordered_map<std::string, std::int64_t>;

// Slices of whole words, counted by the runners and merged here.
Counts counted(const std::string& text) {
  std::vector<std::string> words;
  std::istringstream in(text);
  for (std::string word; in >> word;) words.push_back(word);
  std::vector<Job<Counts>> jobs;
  for (Range part : split(std::ssize(words), cluster().workers()))
    jobs.push_back(cluster().run<Counts>("word_count.count", std::vector(words.begin() + part.begin, words.begin() + part.end)));
  Counts all;
  for (auto& job : jobs)
    for (const auto& [word, count] : job.get()) all[word] += count;
  return all;
}

Counts counted_here(const std::string& text) {
  Counts all;
  std::istringstream in(text);
  for (std::string word; in >> word;) ++all[word];
  return all;
}

TEST(KernelsTest, EveryWordOfATextIsCounted) {
  cluster().import_functions(kernel("word_count"));
  std::string text;
  for (int i = 0; i < 5'000; ++i)
    text += "the Whale, " + std::string(static_cast<std::size_t>(i) % 7, 'a') + "\n\twhale. " + std::to_string(i % 100) + " ";
  EXPECT_EQ(counted(text), counted_here(text));
  EXPECT_TRUE(counted(" \n\t ").empty());
}

TEST(KernelsTest, AMapThatAKernelReturnsCanBeReadWhereItCame) {
  cluster().import_functions(kernel("word_count"));
  const std::string text = "the whale, the whale and Ahab " + std::string(3000, 'a');
  Counts all;
  for (auto [word, count] : cluster().run<Entries<std::string_view, std::int64_t>>("word_count.count_text", view(text)).get())
    all.emplace(word, count);
  EXPECT_EQ(all, counted_here(text));
}

// The paper's own text, where it lies beside the project; its numbers are in the paper.
TEST(KernelsTest, TheWordsOfThePapersTextAreCounted) {
  std::ifstream file(std::string(GLUSTER_SYSTEM_SOURCES) + "/../../../shared/data/moby-dick.txt");
  if (!file) GTEST_SKIP() << "shared/data/moby-dick.txt is not beside this project; EveryWordOfATextIsCounted counts a text of its own";
  cluster().import_functions(kernel("word_count"));
  std::string text(std::istreambuf_iterator<char>(file), {});
  Counts all = counted(text);
  std::int64_t words = 0;
  for (const auto& [word, count] : all) words += count;
  EXPECT_EQ(words, 212'793);
  EXPECT_EQ(all.size(), 33'086u);
  EXPECT_EQ(all, counted_here(text));
}

}  // namespace
}  // namespace gluster::tests
