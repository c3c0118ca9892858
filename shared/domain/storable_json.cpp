#include "shared/domain/storable_json.hpp"

#include <charconv>
#include <cstddef>

#include "shared/base/text/utf8.hpp"
#include "shared/domain/json_number.hpp"

namespace noetl::domain {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";
constexpr std::string_view escaped_replacement = "\\ufffd";
constexpr std::size_t escape_bytes = 6;  // \u and four digits

// Of a valid UTF-8 sequence at `at`; 0 of NUL as well, which Postgres cannot store.
std::size_t storable_length(std::string_view bytes, std::size_t at) {
  return bytes[at] == '\0' ? 0 : base::utf8_sequence_length(bytes, at);
}

// What \uXXXX at the beginning of the text says; nothing when it is no such escape.
std::optional<unsigned> unit_of(std::string_view text) {
  if (text.size() < escape_bytes || !text.starts_with("\\u")) return std::nullopt;
  unsigned unit = 0;
  const auto read = std::from_chars(text.data() + 2, text.data() + escape_bytes, unit, 16);
  if (read.ec != std::errc{} || read.ptr != text.data() + escape_bytes) return std::nullopt;
  return unit;
}

bool is_high(unsigned unit) { return unit >= 0xD800 && unit <= 0xDBFF; }
bool is_low(unsigned unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }

class Replacer {
 public:
  explicit Replacer(std::string_view json) : json_(json) {}

  std::optional<std::string> run() {
    while (at_ < json_.size()) {
      const char c = json_[at_];
      if (c == '"') {
        ++at_;
        read_string();
      } else if (c == '-' || (c >= '0' && c <= '9')) {
        read_number();
      } else {
        ++at_;
      }
    }
    if (!is_changed_) return std::nullopt;
    changed_.append(json_.substr(copied_));
    return std::move(changed_);
  }

 private:
  void replace(std::size_t bytes, std::string_view by) {
    is_changed_ = true;
    changed_.append(json_.substr(copied_, at_ - copied_)).append(by);
    at_ += bytes;
    copied_ = at_;
  }

  void read_number() {
    const std::size_t bytes = number_length(json_.substr(at_));
    const std::string_view token = json_.substr(at_, bytes);
    if (!may_be_rounded(token) || is_kept_number(token)) {
      at_ += bytes;
    } else {
      replace(bytes, '"' + std::string(token) + '"');
    }
  }

  // Behind its first quote.
  void read_string() {
    while (at_ < json_.size()) {
      const char c = json_[at_];
      if (c == '"') {
        ++at_;
        return;
      }
      if (c == '\\') {
        read_escape();
      } else if (const std::size_t length = storable_length(json_, at_); length > 0) {
        at_ += length;
      } else {
        replace(1, replacement);
      }
    }
  }

  void read_escape() {
    const auto unit = unit_of(json_.substr(at_));
    if (!unit) {
      at_ += 1;
      // What is escaped is looked at by itself when it is no ASCII: the parser refuses such an escape anyway.
      if (at_ < json_.size() && storable_length(json_, at_) == 1) ++at_;
      return;
    }
    if (is_high(*unit)) {
      const auto next = unit_of(json_.substr(at_ + escape_bytes));
      if (next && is_low(*next)) {
        at_ += 2 * escape_bytes;
        return;
      }
    }
    if (*unit == 0 || is_high(*unit) || is_low(*unit)) return replace(escape_bytes, escaped_replacement);
    at_ += escape_bytes;
  }

  std::string_view json_;
  std::size_t at_ = 0;
  std::size_t copied_ = 0;  // so much of json_ is in changed_, as it is or replaced
  std::string changed_;
  bool is_changed_ = false;
};

}  // namespace

std::optional<std::string> storable_json(std::string_view json) { return Replacer(json).run(); }

std::string storable_text(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t length = storable_length(bytes, at);
    if (length == 0) {
      text += replacement;
      ++at;
    } else {
      text.append(bytes, at, length);
      at += length;
    }
  }
  return text;
}

}  // namespace noetl::domain
