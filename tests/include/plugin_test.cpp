#include <gluster/plugin.hpp>

#include <gmock/gmock.h>

#include "fixtures/carried.hpp"

// What GLUSTER_EXPORT makes of a function: its signature, and a call of it with arguments as they arrive.
namespace {

struct Point {
  double x = 0, y = 0;
  template <class A>
  void serialize(A& archive) {
    archive(x, y);
  }
};

std::int64_t by_value(std::int64_t a, std::vector<int> b) { return a + b.at(0); }
std::size_t by_const_reference(const std::vector<double>& x, const Point& p) { return x.size() + static_cast<std::size_t>(p.x); }
std::string by_rvalue(std::string&& text) { return std::move(text) + "!"; }
double by_span(std::span<const double> x) { return x.back(); }
std::string by_string_view(std::string_view text) { return std::string(text); }
std::size_t by_text(const char* text) { return std::char_traits<char>::length(text); }
int by_pointer(const int* x, Point* p) { return *x + static_cast<int>(p->y); }
int by_pointer_reference(const std::shared_ptr<int>& x, std::unique_ptr<int>&& y, const std::unique_ptr<Point>& z) {
  return *x + *y + static_cast<int>(z->x);
}
std::string by_span_of_texts(std::span<const std::string> x, std::span<const Point> y) {
  return x.back() + std::to_string(static_cast<int>(y.front().y));
}
class Hidden {
 public:
  int number() const { return number_; }

 private:
  friend class cereal::access;
  Hidden() = default;
  template <class A>
  void serialize(A& archive) {
    archive(number_);
  }
  int number_ = 0;
};
struct Shown {
  int number;
  template <class A>
  void serialize(A& archive) {
    archive(number);
  }
};
int by_hidden(Hidden x, const Hidden& y) { return x.number() + y.number(); }
int by_unique(std::unique_ptr<int> x, std::shared_ptr<const std::vector<int>> y) { return *x + y->at(0); }
void nothing() {}
bool truth(bool x) noexcept { return !x; }
std::map<std::string, int> as_map(int n) { return {{"n", n}}; }
gluster::Block<double> as_block(std::int64_t n) {
  gluster::Block<double> block(static_cast<std::size_t>(n));
  std::fill(block.begin(), block.end(), 2.5);
  return block;
}
std::vector<double> as_vector(std::int64_t n) { return std::vector<double>(static_cast<std::size_t>(n), 1.5); }
[[maybe_unused]] int overloaded(int x) { return x; }
double overloaded(double x) { return x / 2; }
template <class T>
T templated(T x) {
  return x * 2;
}

}  // namespace

GLUSTER_EXPORT(by_value)
GLUSTER_EXPORT_AS(halve, static_cast<double (*)(double)>(overloaded))
GLUSTER_EXPORT_AS(twice, templated<float>)
GLUSTER_DOC(by_value, "Adds.", "a", "b")
GLUSTER_DOC(halve, "Halves.")

namespace gluster {
namespace {

template <auto F>
std::string signature() {
  return detail::Exported<F>::signature().text();
}

// Calls F with arguments that have travelled; the value travels back.
template <auto F, class R, class... A>
R call(const A&... arguments) {
  Encoder out;
  (detail::encode(out, arguments), ...);
  out.close();
  tests::Carried frame(out);
  Decoder in(frame.body(), frame.segment_count());
  auto invocation = detail::Exported<F>::open(in);
  in.expect_end();
  frame.deliver(in);
  in.finish();
  Encoder result;
  invocation->run(result);
  invocation.reset();  // whatever the result needs, it keeps
  result.close();
  tests::Carried back(result);
  Decoder reader(back.body(), back.segment_count());
  R value{};
  tests::decode_all(reader, back, value);
  return value;
}

TEST(PluginTest, AKernelsSignatureIsWhatACallerSends) {
  EXPECT_EQ(signature<by_value>(), "i64(i64,[i32])");
  EXPECT_EQ(signature<by_const_reference>(), "u64([f64],struct(f64,f64))");
  EXPECT_EQ(signature<by_span>(), "f64([f64])");
  EXPECT_EQ(signature<by_string_view>(), "str(str)");
  EXPECT_EQ(signature<by_text>(), "u64(str)");
  EXPECT_EQ(signature<by_pointer>(), "i32(i32,struct(f64,f64))") << "of a pointer, what it points to";
  EXPECT_EQ(signature<by_unique>(), "i32(i32,[i32])");
  EXPECT_EQ(signature<by_pointer_reference>(), "i32(i32,i32,struct(f64,f64))");
  EXPECT_EQ(signature<by_span_of_texts>(), "str([str],[struct(f64,f64)])");
  EXPECT_EQ(signature<nothing>(), "void()");
  EXPECT_EQ(signature<truth>(), "bool(bool)");
  EXPECT_EQ(signature<as_block>(), "[f64](i64)");
}

TEST(PluginTest, TakesItsParametersInEveryWay) {
  std::vector<double> x(500, 7.5);
  EXPECT_EQ((call<by_value, std::int64_t>(std::int64_t{2}, std::vector<int>{3})), 5);
  EXPECT_EQ((call<by_const_reference, std::size_t>(x, Point{4, 0})), 504u);
  EXPECT_EQ((call<by_rvalue, std::string>(std::string("text"))), "text!");
  EXPECT_EQ((call<by_span, double>(x)), 7.5);
  EXPECT_EQ((call<by_string_view, std::string>(std::string(3000, 'v'))), std::string(3000, 'v'));
  EXPECT_EQ((call<by_text, std::size_t>(std::string("four"))), 4u);
  EXPECT_EQ((call<by_text, std::size_t>(std::string(5000, 'x'))), 5000u);
  EXPECT_EQ((call<by_pointer, int>(2, Point{0, 3})), 5);
  EXPECT_EQ((call<by_unique, int>(2, std::vector<int>{3})), 5);
  EXPECT_EQ((call<by_pointer_reference, int>(1, 2, Point{3, 0})), 6);
  EXPECT_EQ((call<by_span_of_texts, std::string>(std::vector<std::string>{"a", "b"}, std::vector<Point>{{1, 2}})), "b2");
  EXPECT_EQ((call<by_hidden, int>(Shown{4}, Shown{5})), 9);
  EXPECT_EQ((call<truth, bool>(false)), true);
}

TEST(PluginTest, ReturnsValuesOfEverySize) {
  EXPECT_EQ((call<as_map, std::map<std::string, int>>(5)), (std::map<std::string, int>{{"n", 5}}));
  for (std::int64_t size : {0, 1, 255, 256, 257, 100'000}) {
    EXPECT_EQ((call<as_vector, std::vector<double>>(size)), as_vector(size));
    EXPECT_EQ((call<as_block, std::vector<double>>(size)), std::vector<double>(static_cast<std::size_t>(size), 2.5));
  }
}

TEST(PluginTest, TheTableHasWhatIsExportedUnderItsName) {
  const Manifest& manifest = *gluster_manifest();
  EXPECT_EQ(manifest.abi, kAbiVersion);
  EXPECT_EQ(manifest.bytes, sizeof(Manifest));
  std::map<std::string, std::string> kernels;
  for (auto at = manifest.kernels_begin; at != manifest.kernels_end; ++at) kernels[(*at)->name] = (*at)->signature().text();
  EXPECT_EQ(kernels, (std::map<std::string, std::string>{{"by_value", "i64(i64,[i32])"}, {"halve", "f64(f64)"}, {"twice", "f32(f32)"}}));
}

TEST(PluginTest, TheTableHasTheDocumentation) {
  const Manifest& manifest = *gluster_manifest();
  ASSERT_EQ(manifest.docs_end - manifest.docs_begin, 2);
  std::map<std::string, const KernelDoc*> docs;
  for (auto at = manifest.docs_begin; at != manifest.docs_end; ++at) docs[(*at)->kernel] = *at;
  EXPECT_STREQ(docs.at("by_value")->text, "Adds.");
  ASSERT_EQ(docs.at("by_value")->parameter_count, 2u);
  EXPECT_STREQ(docs.at("by_value")->parameters[1], "b");
  EXPECT_EQ(docs.at("halve")->parameter_count, 0u);
}

}  // namespace
}  // namespace gluster
