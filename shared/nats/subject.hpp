#pragma once
// Subject: text that may stand in a line of NATS' protocol, checked where it comes in. A blank in one splits the line, and a line
// break begins another command, with the rights of the connection. The wrappers of this folder take nothing else. Values; any
// thread.
#include <string>
#include <string_view>

#include "shared/base/result.hpp"

namespace noetl::nats {

// What is published to: tokens between dots, none empty, without blanks, control characters and wildcards.
class Subject {
 public:
  // invalid_input: says what is wrong with it.
  [[nodiscard]] static base::Result<Subject> parse(std::string text);
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] const char* c_str() const { return text_.c_str(); }
  bool operator==(const Subject&) const = default;

  static constexpr std::size_t bytes_max = 1024;  // of the 4096 that a line may have

 private:
  explicit Subject(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

// What is subscribed to: a subject, or one with `*` for a token and `>` for all that follow.
class SubjectFilter {
 public:
  [[nodiscard]] static base::Result<SubjectFilter> parse(std::string text);
  SubjectFilter(Subject subject) : text_(subject.text()) {}  // each is one
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] const char* c_str() const { return text_.c_str(); }

 private:
  explicit SubjectFilter(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

// One token, as streams, consumers and queue groups are called (ADR-6 of NATS). `what`: "stream", for the message.
[[nodiscard]] base::Result<void> check_name(std::string_view what, std::string_view name);
// Buckets of key-values have letters, digits, `_` and `-`; keys also `/`, `=` and `.` between others.
[[nodiscard]] base::Result<void> check_bucket(std::string_view name);
[[nodiscard]] base::Result<void> check_key(std::string_view key);
// The value of a header: no control character. May be empty.
[[nodiscard]] base::Result<void> check_header_value(std::string_view what, std::string_view value);

}  // namespace noetl::nats
