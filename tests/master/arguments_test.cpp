#include "master/arguments.hpp"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>

#include "fixtures/carried.hpp"
#include "fixtures/throws_with.hpp"
#include "wire/message.hpp"

namespace gluster::master {
namespace {

// What `value` becomes as a To; nothing when it is refused.
template <class To, class From>
std::optional<To> converted(From value) {
  Encoder out;
  if (!convert(type_of<From>().scalar, &value, type_of<To>().scalar, out)) {
    EXPECT_EQ(out.body.size(), 0u) << "what is refused writes nothing";
    return std::nullopt;
  }
  tests::Carried frame(out);
  Decoder in(frame.body(), 0);
  To to = in.get<To>();
  in.expect_end();
  return to;
}

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(ArgumentsTest, IntegersConvertWhereTheyFit) {
  EXPECT_EQ((converted<std::uint8_t, int>(255)), 255);
  EXPECT_EQ((converted<std::uint8_t, int>(256)), std::nullopt);
  EXPECT_EQ((converted<std::uint8_t, int>(300)), std::nullopt);
  EXPECT_EQ((converted<std::uint8_t, int>(-1)), std::nullopt);
  EXPECT_EQ((converted<std::int8_t, int>(-128)), -128);
  EXPECT_EQ((converted<std::int8_t, int>(-129)), std::nullopt);
  EXPECT_EQ((converted<std::int64_t, int>(-7)), -7);
  EXPECT_EQ((converted<std::int64_t, std::uint64_t>(std::uint64_t{1} << 63)), std::nullopt);
  EXPECT_EQ((converted<std::uint64_t, std::int64_t>(std::numeric_limits<std::int64_t>::max())), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ((converted<std::uint64_t, std::int64_t>(-1)), std::nullopt);
  EXPECT_EQ((converted<std::int64_t, std::int64_t>(std::numeric_limits<std::int64_t>::min())), std::numeric_limits<std::int64_t>::min());
}

TEST(ArgumentsTest, IntegersBecomeFloatsWhereThatIsExact) {
  constexpr std::int64_t kLimit = std::int64_t{1} << 53;
  EXPECT_EQ((converted<double, std::int64_t>(kLimit)), 9007199254740992.0);
  EXPECT_EQ((converted<double, std::int64_t>(kLimit + 1)), std::nullopt);
  EXPECT_EQ((converted<double, std::int64_t>(kLimit + 2)), 9007199254740994.0);
  EXPECT_EQ((converted<float, int>(1 << 24)), 16777216.0f);
  EXPECT_EQ((converted<float, int>((1 << 24) + 1)), std::nullopt);
  EXPECT_EQ((converted<double, std::uint64_t>(std::numeric_limits<std::uint64_t>::max())), std::nullopt);
  EXPECT_EQ((converted<long double, std::uint64_t>(std::numeric_limits<std::uint64_t>::max())), 18446744073709551615.0L);
}

TEST(ArgumentsTest, FloatsBecomeIntegersWhereTheyAreWhole) {
  EXPECT_EQ((converted<int, double>(3.0)), 3);
  EXPECT_EQ((converted<int, double>(3.5)), std::nullopt);
  EXPECT_EQ((converted<int, double>(2147483648.0)), std::nullopt);
  EXPECT_EQ((converted<std::int64_t, double>(9223372036854775808.0)), std::nullopt);
  EXPECT_EQ((converted<std::uint64_t, double>(-1.0)), std::nullopt);
  for (double value : {kNan, kInfinity, -kInfinity}) EXPECT_EQ((converted<std::int64_t, double>(value)), std::nullopt) << value;
}

TEST(ArgumentsTest, FloatsNarrowWhereThatIsExact) {
  EXPECT_EQ((converted<float, double>(0.5)), 0.5f);
  EXPECT_EQ((converted<float, double>(0.1)), std::nullopt);
  EXPECT_EQ((converted<float, double>(1e300)), std::nullopt);
  EXPECT_EQ((converted<float, double>(1e-300)), std::nullopt);
  EXPECT_EQ((converted<double, float>(0.1f)), static_cast<double>(0.1f));
  EXPECT_EQ((converted<double, long double>(std::numeric_limits<long double>::max())), std::nullopt);
}

TEST(ArgumentsTest, NanInfinityAndMinusZeroStayWhatTheyAre) {
  EXPECT_TRUE(std::isnan((converted<float, double>(kNan)).value()));
  EXPECT_EQ((converted<float, double>(-kInfinity)), -std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::signbit((converted<float, double>(-0.0)).value()));
  EXPECT_TRUE(std::signbit((converted<double, float>(-0.0f)).value()));
}

TEST(ArgumentsTest, TruthAndCharactersAreNumbers) {
  EXPECT_EQ((converted<int, bool>(true)), 1);
  EXPECT_EQ((converted<double, bool>(false)), 0.0);
  EXPECT_EQ((converted<bool, int>(1)), true);
  EXPECT_EQ((converted<bool, int>(0)), false);
  EXPECT_EQ((converted<bool, int>(2)), std::nullopt);
  EXPECT_EQ((converted<bool, int>(-1)), std::nullopt);
  EXPECT_EQ((converted<bool, double>(0.5)), std::nullopt);
  EXPECT_EQ((converted<int, char>('A')), 65);
  EXPECT_EQ((converted<char, int>(65)), 'A');
}

// --- whole calls ---------------------------------------------------------------------------------------------------------

struct Point {
  double x = 0, y = 0;
  template <class A>
  void serialize(A& archive) {
    archive(x, y);
  }
};

class ArgumentsOfCallTest : public testing::Test {
 protected:
  // A call of `f: f64(f64,[f64],str)`, as cluster.run packs it.
  template <class R = double, class... A>
  Encoder call(const A&... arguments) {
    std::vector<detail::Argument> packed{detail::argument(&arguments)...};
    return call_packed(packed, type_of<R>());
  }
  Encoder call_packed(std::span<const detail::Argument> packed, const Type& result) {
    Encoder frame;
    encode_call(kernel, packed, result, frame);
    return frame;
  }

  Signature signature{type_of<double>(), {type_of<double>(), type_of<std::vector<double>>(), type_of<std::string>()}};
  KernelEntry kernel{"stats.f", 3, 5, &signature, "", {}};
  std::vector<double> x{1, 2};
  std::string text = "text";
};

TEST_F(ArgumentsOfCallTest, AFrameHasTheKernelTheKindsAndTheValues) {
  Encoder out = call(7, x, text);  // 7 is an int and becomes a double
  tests::Carried frame(out);
  Decoder in(frame.body(), frame.segment_count());
  auto head = in.get<wire::CallHead>();
  EXPECT_EQ(head.image, 3u);
  EXPECT_EQ(head.kernel, 5u);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(in.get<ArgumentKind>(), ArgumentKind::value);
  std::tuple<double, std::vector<double>, std::string> values;
  tests::decode_all(in, frame, values);
  EXPECT_EQ(values, (std::tuple{7.0, x, text}));
}

// Lends what it has, and writes down for what.
struct OneLender final : Lender {
  std::vector<std::uint64_t> asked;
  bool has = true;
  std::optional<SharedRef> lend(const Segment& block) override { return give(block.bytes); }
  std::optional<SharedRef> lend_for(const SharedRef& output) override { return give(output.bytes); }
  std::optional<SharedRef> give(std::uint64_t bytes) {
    asked.push_back(bytes);
    return has ? std::optional(SharedRef{9, 4096, 0, bytes}) : std::nullopt;
  }
};

TEST_F(ArgumentsOfCallTest, WhatAKernelLooksAtIsLentWhenItIsLarge) {
  const std::vector<double> large(kSegmentBytes, 1.0);
  for (const auto& [views, values, has] : {std::tuple(2u, &large, true), {2u, &large, false}, {2u, &x, true}, {5u, &large, true}}) {
    const bool is_lent = views == 2 && values == &large && has;
    Kernel code{"f", nullptr, nullptr, nullptr, views};
    kernel.code = &code;
    OneLender lender;
    lender.has = has;
    double number = 7;
    std::vector<detail::Argument> packed{detail::argument(&number), detail::argument(values), detail::argument(&text)};
    Encoder out;
    encode_call(kernel, packed, type_of<double>(), out, &lender);
    EXPECT_EQ(lender.asked.size(), views == 2 && values == &large ? 1u : 0u);
    tests::Carried frame(out);
    EXPECT_EQ(frame.segment_count(), values == &large && !is_lent ? 1u : 0u);
    Decoder in(frame.body(), frame.segment_count());
    (void)in.get<wire::CallHead>();
    EXPECT_EQ(in.get<ArgumentKind>(), ArgumentKind::value);
    EXPECT_EQ(in.get<ArgumentKind>(), is_lent ? ArgumentKind::shared : ArgumentKind::value);
    EXPECT_EQ(in.get<ArgumentKind>(), ArgumentKind::value);
    if (!is_lent) continue;
    EXPECT_EQ(in.get<double>(), 7.0);
    auto ref = in.get<SharedRef>();
    EXPECT_EQ(ref.object, 9u);
    EXPECT_EQ(ref.bytes, large.size() * sizeof(double));
    std::string last;
    tests::decode_all(in, frame, last);
    EXPECT_EQ(last, text);
  }
}

TEST_F(ArgumentsOfCallTest, AnOutputInTheMastersMemoryIsLentAndOneInAnArrayIsThereAlready) {
  signature = {type_of<void>(), {type_of<detail::Output<double>>()}};
  for (const bool is_shared : {false, true}) {
    OneLender lender;
    const SharedRef wanted{is_shared ? 3u : 0u, is_shared ? 512 : kNowhere, 64, 80'000};
    std::vector<detail::Argument> packed{{&type_of<detail::Output<double>>(), &wanted,
                                          [](Encoder& out, const void* it) { out.put(*static_cast<const SharedRef*>(it)); }, ArgumentKind::output}};
    Encoder out;
    encode_call(kernel, packed, type_of<void>(), out, &lender);
    tests::Carried frame(out);
    Decoder in(frame.body(), frame.segment_count());
    (void)in.get<wire::CallHead>();
    EXPECT_EQ(in.get<ArgumentKind>(), ArgumentKind::output);
    EXPECT_EQ(in.get<SharedRef>().object, is_shared ? 3u : 9u);
    in.expect_end();
  }
}

TEST_F(ArgumentsOfCallTest, AWrongNumberNamesBothSignatures) {
  EXPECT_THROWS_WITH(call(1.0, x), UsageError, "stats.f: 2 arguments given, the kernel takes 3", "f64(f64,[f64],str)", "f64(f64,[f64])");
  EXPECT_THROWS_WITH(call(), UsageError, "0 arguments given", "f64()");
  EXPECT_THROWS_WITH(call(1.0, x, text, 1), UsageError, "4 arguments given", "f64(f64,[f64],str,i32)");
}

TEST_F(ArgumentsOfCallTest, AWrongTypeNamesTheFirstArgumentThatDiffers) {
  EXPECT_THROWS_WITH(call(text, text, x), UsageError, "argument 1 is str, the kernel takes f64");
  EXPECT_THROWS_WITH(call(1.0, std::vector<float>{1}, 5), UsageError, "argument 2 is [f32], the kernel takes [f64]", "f64(f64,[f32],i32)");
  EXPECT_THROWS_WITH(call(1.0, std::vector<std::string>{}, text), UsageError, "argument 2 is [str]");
  EXPECT_THROWS_WITH(call(1.0, x, Point{}), UsageError, "argument 3 is struct(f64,f64), the kernel takes str");
}

TEST_F(ArgumentsOfCallTest, AValueThatIsNotExactIsNamed) {
  EXPECT_THROWS_WITH(call((std::int64_t{1} << 53) + 1, x, text), UsageError, "argument 1 is i64, the kernel takes f64", "its value 9007199254740993");
  signature.parameters[0] = type_of<std::uint8_t>();
  EXPECT_THROWS_WITH(call(300, x, text), UsageError, "its value 300 is not one exactly");
  EXPECT_THROWS_WITH(call(0.25, x, text), UsageError, "its value 0.25");
  EXPECT_THROWS_WITH(call(kNan, x, text), UsageError, "its value nan");
}

TEST_F(ArgumentsOfCallTest, ANullPointerIsNamed) {
  std::vector<detail::Argument> packed{detail::argument(static_cast<const double*>(nullptr)), detail::argument(&x), detail::argument(&text)};
  EXPECT_THROWS_WITH(call_packed(packed, type_of<double>()), UsageError, "argument 1 is a null pointer, the kernel takes f64");
}

TEST_F(ArgumentsOfCallTest, AResultMatchesExactly) {
  EXPECT_THROWS_WITH(call<float>(1.0, x, text), UsageError, "the call expects f32, the kernel returns f64");
  EXPECT_THROWS_WITH(call<void>(1.0, x, text), UsageError, "the call expects void, the kernel returns f64");
}

TEST_F(ArgumentsOfCallTest, AHandlesTypeIsCheckedOnceForAll) {
  auto check = [&](const Signature& wanted) { check_signature(kernel, wanted); };
  EXPECT_NO_THROW(check(signature));
  EXPECT_NO_THROW(check({type_of<double>(), {type_of<int>(), signature.parameters[1], signature.parameters[2]}})) << "values convert at each call";
  EXPECT_THROWS_WITH(check({type_of<double>(), {type_of<double>()}}), UsageError, "stats.f: the handle has 1 argument, the kernel takes 3");
  EXPECT_THROWS_WITH(check({type_of<double>(), {type_of<double>(), type_of<std::string>(), signature.parameters[2]}}), UsageError,
                     "argument 2 is str");
  EXPECT_THROWS_WITH(check({type_of<float>(), signature.parameters}), UsageError, "the handle expects f32, the kernel returns f64");
}

}  // namespace
}  // namespace gluster::master
