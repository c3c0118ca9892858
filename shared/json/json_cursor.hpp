#pragma once
// JsonCursor: reads JSON text that is expected to have a known shape from front to back, without making a tree of it. It
// gives up on everything unusual (escapes in names, unknown shapes, wrong types): whoever uses it has a slower reader that
// has the last word and the wording of every error. The text is checked before (check_body). One thread.
#include <cstdint>
#include <string>
#include <string_view>

namespace noetl::json {

class JsonCursor {
 public:
  explicit JsonCursor(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  // A value of that kind. After a failure everything fails.
  void object();
  [[nodiscard]] bool field(std::string_view& name);  // the next one; false at the end of its object
  [[nodiscard]] bool member(std::string& name);  // the same, of any name: its escapes are read
  void array();
  [[nodiscard]] bool item();  // there is another; false at the end of its array
  [[nodiscard]] std::string_view plain_text();  // a string without escapes
  [[nodiscard]] std::string text();
  [[nodiscard]] std::int64_t integer();
  [[nodiscard]] double number();
  [[nodiscard]] std::string_view any();  // a whole value, checked: valid JSON, and no object names a field twice
  [[nodiscard]] std::string_view
  skip();  // a whole value of text that is known to be JSON: where it ends is all that is looked at

  [[nodiscard]] bool has_failed() const { return at_ == nullptr; }
  // Nothing has failed, and nothing is left.
  [[nodiscard]] bool is_done();

 private:
  void fail() { at_ = nullptr; }
  void skip_space();
  bool take(char c);
  std::string_view number_text();

  const char* at_;  // null: failed
  const char* end_;
  bool is_first_ = false;  // of what was just opened nothing was read yet
};

}  // namespace noetl::json
