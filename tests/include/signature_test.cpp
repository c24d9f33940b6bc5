#include <gluster/signature.hpp>

#include <deque>
#include <unordered_set>

#include <cereal/types/base_class.hpp>
#include <cereal/types/memory.hpp>
#include <cereal/types/vector.hpp>
#include <gmock/gmock.h>

namespace kernels {

enum class Color : std::int32_t { red };
enum Plain : std::uint8_t { kNone };

struct Point {
  double x = 0, y = 0;
  template <class A>
  void serialize(A& archive) {
    archive(x, y);
  }
};
struct PointOfAnother {  // Point's shape under another name, written in another style
  double left = 0, right = 0;
  template <class A>
  void serialize(A& archive) {
    archive(CEREAL_NVP(left), cereal::make_nvp("r", right));
  }
};
class Hidden {
  friend class cereal::access;
  Hidden() = default;
  std::string name_;
  template <class A>
  void serialize(A& archive) {
    archive& name_;
  }
};
struct Free {
  std::vector<Point> points;
};
template <class A>
void serialize(A& archive, Free& value) {
  archive(value.points);
}
struct Versioned {
  int number = 0;
  template <class A>
  void serialize(A& archive, std::uint32_t version) {
    archive(number);
    if (version > 4) archive(number);
  }
};
struct FreeVersioned {
  float number = 0;
};
template <class A>
void serialize(A& archive, FreeVersioned& value, std::uint32_t) {
  archive(value.number);
}
struct Split {
  int number = 0;
  template <class A>
  void save(A& archive) const {
    archive(number);
  }
  template <class A>
  void load(A& archive) {
    archive(number);
  }
};
struct SplitAgain : Split {};
struct Tree {
  std::int64_t value = 0;
  std::vector<Tree> children;
  template <class A>
  void serialize(A& archive) {
    archive(value, children);
  }
};
struct List {
  std::unique_ptr<List> next;
  std::shared_ptr<int> shared;
  template <class A>
  void serialize(A& archive) {
    archive(next, shared);
  }
};
struct Inner;
struct Outer {
  std::vector<Inner> inner;
  template <class A>
  void serialize(A& archive);
};
struct Inner {
  std::vector<Outer> outer;
  std::vector<Inner> inner;
  template <class A>
  void serialize(A& archive) {
    archive(outer, inner);
  }
};
template <class A>
void Outer::serialize(A& archive) {
  archive(inner);
}
struct Both {
  Point first, second;
  template <class A>
  void serialize(A& archive) {
    archive(first, second);
  }
};
struct Derived : Point {
  int more = 0;
  template <class A>
  void serialize(A& archive) {
    archive(cereal::base_class<Point>(this), more);
  }
};
struct Empty {
  template <class A>
  void serialize(A&) {}
};
template <class T>
struct Templated {
  T value{};
  template <class A>
  void serialize(A& archive) {
    archive(value);
  }
};

}  // namespace kernels
CEREAL_CLASS_VERSION(kernels::Versioned, 5)
CEREAL_CLASS_VERSION(kernels::SplitAgain, 7)

namespace gluster {
namespace {

template <class T>
std::string text() {
  return type_of<T>().text;
}

TEST(SignatureTest, NamesArithmeticTypesBySize) {
  EXPECT_EQ(text<bool>(), "bool");
  EXPECT_EQ(text<char>(), "char");
  EXPECT_EQ(text<signed char>(), "i8");
  EXPECT_EQ(text<unsigned char>(), "u8");
  EXPECT_EQ(text<short>(), "i16");
  EXPECT_EQ(text<unsigned short>(), "u16");
  EXPECT_EQ(text<int>(), "i32");
  EXPECT_EQ(text<unsigned>(), "u32");
  EXPECT_EQ(text<long>(), "i64");
  EXPECT_EQ(text<long long>(), "i64") << "long and long long are one type on the wire";
  EXPECT_EQ(text<unsigned long long>(), "u64");
  EXPECT_EQ(text<float>(), "f32");
  EXPECT_EQ(text<double>(), "f64");
  EXPECT_EQ(text<long double>(), "f80");
  EXPECT_EQ(text<void>(), "void");
  EXPECT_EQ(text<const int>(), "i32");
}

TEST(SignatureTest, KnowsWhichTypesAreArithmetic) {
  EXPECT_EQ(type_of<bool>().scalar, Scalar::boolean);
  EXPECT_EQ(type_of<std::uint16_t>().scalar, Scalar::u16);
  EXPECT_EQ(type_of<std::int64_t>().scalar, Scalar::i64);
  EXPECT_EQ(type_of<float>().scalar, Scalar::f32);
  EXPECT_EQ(type_of<kernels::Color>().scalar, Scalar::none) << "an enum does not convert";
  EXPECT_EQ(type_of<std::string>().scalar, Scalar::none);
}

TEST(SignatureTest, NamesEnumsByTheirUnderlyingType) {
  EXPECT_EQ(text<kernels::Color>(), "enum(i32)");
  EXPECT_EQ(text<kernels::Plain>(), "enum(u8)");
}

TEST(SignatureTest, CallsEveryTextStr) {
  EXPECT_EQ(text<std::string>(), "str");
  EXPECT_EQ(text<std::string_view>(), "str");
  EXPECT_EQ(text<const char*>(), "str");
}

TEST(SignatureTest, CallsEverySequenceByItsElements) {
  EXPECT_EQ(text<std::vector<double>>(), "[f64]");
  EXPECT_EQ(text<std::span<const double>>(), "[f64]");
  EXPECT_EQ(text<std::span<double>>(), "[f64]");
  EXPECT_EQ(text<Block<double>>(), "[f64]");
  EXPECT_EQ(text<std::vector<bool>>(), "[bool]");
  EXPECT_EQ(text<std::vector<std::vector<std::string>>>(), "[[str]]");
  EXPECT_EQ((text<std::array<int, 4>>()), "[i32;4]");
  EXPECT_EQ((text<std::array<std::array<int, 4>, 2>>()), "[[i32;4];2]");
}

TEST(SignatureTest, NamesTheOtherContainers) {
  EXPECT_EQ((text<std::pair<int, std::string>>()), "(i32,str)");
  EXPECT_EQ((text<std::tuple<int, float, bool>>()), "(i32,f32,bool)");
  EXPECT_EQ(text<std::tuple<>>(), "()");
  EXPECT_EQ((text<std::map<std::string, std::int64_t>>()), "{str:i64}");
  EXPECT_EQ((text<std::unordered_map<std::string, std::int64_t>>()), "{str:i64}");
  EXPECT_EQ(text<std::set<int>>(), "{i32}");
  EXPECT_EQ(text<std::unordered_set<int>>(), "{i32}");
  EXPECT_EQ(text<std::optional<int>>(), "i32?");
  EXPECT_EQ((text<std::variant<std::monostate, int, std::string>>()), "<none|i32|str>");
  EXPECT_EQ(text<std::complex<float>>(), "complex(f32)");
  EXPECT_EQ((text<std::map<std::pair<int, int>, std::vector<std::optional<std::complex<double>>>>>()), "{(i32,i32):[complex(f64)?]}");
}

TEST(SignatureTest, DescribesAStructByItsShapeAlone) {
  EXPECT_EQ(text<kernels::Point>(), "struct(f64,f64)");
  EXPECT_EQ(text<kernels::PointOfAnother>(), text<kernels::Point>());
  EXPECT_EQ(text<kernels::Free>(), "struct([struct(f64,f64)])");
  EXPECT_EQ(text<kernels::Empty>(), "struct()");
  EXPECT_EQ(text<kernels::Both>(), "struct(struct(f64,f64),struct(f64,f64))") << "twice, but not inside itself";
  EXPECT_EQ(text<kernels::Derived>(), "struct(struct(f64,f64),i32)");
  EXPECT_EQ(text<kernels::Templated<std::vector<int>>>(), "struct([i32])");
}

TEST(SignatureTest, RunsAPrivateSerializeThroughCerealsAccess) { EXPECT_EQ(text<kernels::Hidden>(), "struct(str)"); }

TEST(SignatureTest, RunsAVersionedSerializeWithItsVersion) {
  EXPECT_EQ(text<kernels::Versioned>(), "struct#5(i32,i32)") << "another form than a struct without a version";
  EXPECT_EQ(text<kernels::FreeVersioned>(), "struct#0(f32)");
}

TEST(SignatureTest, CallsWhatSavesAndLoadsOpaqueWithItsVersion) {
  EXPECT_EQ(text<kernels::Split>(), "opaque Split#0");
  EXPECT_EQ(text<kernels::SplitAgain>(), "opaque SplitAgain#7");
}

TEST(SignatureTest, NamesAStructInsideItself) {
  EXPECT_EQ(text<kernels::Tree>(), "struct(i64,[@Tree])");
  EXPECT_EQ(text<kernels::List>(), "struct(*@List,&i32)");
  EXPECT_EQ(text<kernels::Outer>(), "struct([struct([@Outer],[@Inner])])");
  EXPECT_EQ((text<std::pair<kernels::Tree, kernels::Tree>>()), "(struct(i64,[@Tree]),struct(i64,[@Tree]))");
}

TEST(SignatureTest, WritesResultAndParameters) {
  EXPECT_EQ((Signature{type_of<std::vector<double>>(), {type_of<int>(), type_of<std::string>()}}.text()), "[f64](i32,str)");
  EXPECT_EQ((Signature{type_of<void>(), {}}.text()), "void()");
}

}  // namespace
}  // namespace gluster
