#pragma once
// Failure: why a text cannot be parsed or rendered. It is thrown inside templating only and becomes an
// Error at the Template boundary (compiled_template.cpp): every operator and filter may fail on any
// input, and a Result at each of some two hundred places would hide what the code says. Any thread.
#include <cstddef>
#include <string>
#include <utility>

namespace noetl::templating {

enum class FailureKind { syntax, runtime, undefined, bound };

struct Failure {
  static constexpr std::size_t no_offset = static_cast<std::size_t>(-1);

  FailureKind kind = FailureKind::runtime;
  std::string message;
  std::size_t offset = no_offset;  // byte of the source
};

[[noreturn]] inline void fail(std::string message) {
  throw Failure{.kind = FailureKind::runtime, .message = std::move(message)};
}
[[noreturn]] inline void fail_undefined(std::string message) {
  throw Failure{.kind = FailureKind::undefined, .message = std::move(message)};
}
[[noreturn]] inline void fail_bound(std::string message) {
  throw Failure{.kind = FailureKind::bound, .message = std::move(message)};
}
[[noreturn]] inline void fail_syntax(std::string message, std::size_t offset) {
  throw Failure{.kind = FailureKind::syntax, .message = std::move(message), .offset = offset};
}

}  // namespace noetl::templating
