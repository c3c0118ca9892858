#pragma once
// Target and QueryText: what stands between the method and the version of a request line, and the part of it behind the '?'. They
// are made by functions that encode whatever may not stand there, and in no other way: a text with a line break cannot begin a
// header, nor a blank end the line. Values; any thread.
#include <string>
#include <string_view>

namespace noetl::fetch {

// name=value pairs, or a text of the author's own spelling; without its '?'.
class QueryText {
 public:
  QueryText() = default;
  // Blanks, controls, what is no ASCII, '#' and a '%' that begins no escape are percent-encoded, a '?' at the begin is left out.
  [[nodiscard]] static QueryText encoded(std::string_view text);
  void add(std::string_view name, std::string_view value);  // both encoded whole
  void add(const QueryText& more);
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] bool empty() const { return text_.empty(); }

 private:
  std::string text_;
};

// Path and query; begins with '/'.
class Target {
 public:
  Target() = default;
  // As QueryText::encoded; what stands behind a '#' is not sent, and left out.
  [[nodiscard]] static Target encoded(std::string_view path_and_query);
  void add(const QueryText& query);
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] std::string path() const { return text_.substr(0, text_.find('?')); }
  bool operator==(const Target&) const = default;

 private:
  std::string text_ = "/";
};

}  // namespace noetl::fetch
