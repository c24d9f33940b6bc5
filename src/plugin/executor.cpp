#include "plugin/executor.hpp"

#include <cxxabi.h>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <memory>
#include <string>

#include "base/quick_clock.hpp"
#include "wire/message.hpp"

namespace gluster::plugin {
namespace {

std::int64_t now() { return std::chrono::duration_cast<std::chrono::nanoseconds>(base::quick_now().time_since_epoch()).count(); }

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) text.replace(at, from.size(), to);
}

// A type's name as one writes it.
std::string readable(const std::type_info* type) {
  if (type == nullptr) return "an unknown type";
  int status = 0;
  std::unique_ptr<char, void (*)(void*)> demangled(abi::__cxa_demangle(type->name(), nullptr, nullptr, &status), std::free);
  std::string name = status == 0 ? demangled.get() : type->name();
  replace_all(name, "__cxx11::", "");
  replace_all(name, "std::basic_string<char, std::char_traits<char>, std::allocator<char> >", "std::string");
  constexpr std::string_view nested = "std::_Nested_exception<";
  if (name.starts_with(nested) && name.ends_with('>')) name = name.substr(nested.size(), name.size() - nested.size() - 1);
  return name;
}

// With what it was thrown for, where it holds that (std::throw_with_nested).
std::string message_of(const std::exception& error) {
  const char* what = error.what();
  std::string message = what == nullptr ? "" : what;
  try {
    std::rethrow_if_nested(error);
  } catch (const std::exception& inner) {
    message += ": " + message_of(inner);
  } catch (...) {  // says nothing
  }
  return message;
}

}  // namespace

wire::Failure failure_of_current_exception() {
  std::string type = readable(abi::__cxa_current_exception_type());
  try {
    throw;
  } catch (const std::exception& error) {
    return {type, message_of(error)};
  } catch (const std::string& text) {
    return {type, text};
  } catch (const char* text) {
    return {type, text == nullptr ? "" : text};
  } catch (...) {
    return {type, ""};
  }
}

namespace {

void fail(Encoder& result, const wire::ResultHead& head, const wire::Failure& failure) {
  result.clear();
  result.put(head);
  detail::encode(result, failure.type.substr(0, kSegmentBytes - 1));
  // Kept by the Result itself: a long message would be a segment of this function's memory.
  Bytes message;
  message.append(failure.message.data(), failure.message.size());
  result.owned(std::move(message));
  result.close();
}

void run(Invocation& call, Decoder& arguments, Encoder& result, wire::ResultHead& head) {
  head.outcome = static_cast<std::uint32_t>(wire::Outcome::kRefused);  // until the kernel itself runs
  arguments.finish();
  head.outcome = static_cast<std::uint32_t>(wire::Outcome::kThrew);
  result.put(head);
  head.started = now();
  call.run(result);
  head.compute = now() - head.started;
  head.outcome = static_cast<std::uint32_t>(wire::Outcome::kValue);
  result.set(0, head);
  result.close();
}

}  // namespace

void execute(Invocation& call, Decoder& arguments, Encoder& result) {
  wire::ResultHead head{};
  try {
    run(call, arguments, result, head);
  } catch (...) {
    if (head.started != 0) head.compute = now() - head.started;
    fail(result, head, failure_of_current_exception());
  }
}

void refuse(const std::exception& why, Encoder& result) {
  fail(result, {0, 0, static_cast<std::uint32_t>(wire::Outcome::kRefused), 0}, {readable(&typeid(why)), message_of(why)});
}

void drop(Encoder& result) { fail(result, {0, 0, static_cast<std::uint32_t>(wire::Outcome::kDropped), 0}, {}); }

}  // namespace gluster::plugin
