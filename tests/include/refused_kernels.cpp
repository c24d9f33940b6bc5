// Each case must not compile, and the compiler must say why; without a case, and with CALLED_KERNEL, the file is sound.
#include <gluster/plugin.hpp>

struct CannotTravel {
  int* where = nullptr;
};

#if defined(RETURNS_POINTER)
const int* f() { return nullptr; }
#elif defined(RETURNS_REFERENCE)
const int& f(const int& x) { return x; }
#elif defined(RETURNS_VIEW)
std::span<const double> f() { return {}; }
#elif defined(RETURNS_STRING_VIEW)
std::string_view f() { return {}; }
#elif defined(RETURNS_NESTED_VIEW)
std::vector<std::string_view> f() { return {}; }
#elif defined(RETURNS_OPTIONAL_SPAN)
std::optional<std::span<const double>> f() { return {}; }
#elif defined(TAKES_CHAR_POINTER)
void f(char*) {}
#elif defined(TAKES_FIXED_SPAN)
void f(std::span<const double, 3>) {}
#elif defined(TAKES_REFERENCE)
void f(std::vector<double>& x) { x.clear(); }
#elif defined(TAKES_OUTPUT)
void f(std::span<double> out, std::span<float> more, double x) { out[0] = more[0] = x; }
#elif defined(RETURNS_BESIDE_OUTPUT)
int f(std::span<double> out) { return out[0] = 1; }
#elif defined(TAKES_LATE_OUTPUT)
void f(double x, std::span<double> out) { out[0] = x; }
#elif defined(TAKES_OUTPUT_OF_STRINGS)
void f(std::span<std::string> out) { out[0] = "x"; }
#elif defined(TAKES_WHAT_CANNOT_TRAVEL)
void f(CannotTravel) {}
#else
int f() { return 1; }
#endif

GLUSTER_EXPORT(f)

#if defined(CALLED_KERNEL)  // names that the macro itself might use
int kernel() { return 1; }
int entry() { return 1; }
int doc() { return 1; }
int parameters() { return 1; }
GLUSTER_EXPORT(kernel)
GLUSTER_EXPORT(entry)
GLUSTER_EXPORT(doc)
GLUSTER_EXPORT(parameters)
GLUSTER_DOC(doc, "text", "x")
GLUSTER_DOC(kernel, "text", "x")
#endif
