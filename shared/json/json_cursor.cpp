#include "shared/json/json_cursor.hpp"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "shared/domain/json_number.hpp"
#include "shared/json/json_scanner.hpp"

namespace noetl::json {
namespace {

constexpr std::size_t names_compared_max = 32;  // of one object one by one; more are sorted at its end
constexpr std::size_t names_max = 10'000;  // of one object: more are for the slower reader, which bounds values

// Takes any value, but no field twice, and nothing that would have to be written otherwise than it is read.
class Checker {
 public:
  bool null() { return true; }
  bool boolean(bool) { return true; }
  bool number_integer(std::int64_t) { return true; }
  bool number_unsigned(std::uint64_t) { return true; }
  bool number_float(double, const std::string&) { return true; }
  bool string(const std::string&) { return true; }
  bool start_object(std::size_t) {
    begins_.push_back(names_.size());
    return true;
  }
  bool end_object() {
    const auto begin = names_.begin() + static_cast<std::ptrdiff_t>(begins_.back());
    bool is_unique = true;
    if (names_.size() - begins_.back() > names_compared_max) {
      std::sort(begin, names_.end());
      is_unique = std::adjacent_find(begin, names_.end()) == names_.end();
    }
    names_.resize(begins_.back());
    begins_.pop_back();
    return is_unique;
  }
  bool start_array(std::size_t) { return true; }
  bool end_array() { return true; }
  bool key(const std::string& name) {
    const auto begin = names_.begin() + static_cast<std::ptrdiff_t>(begins_.back());
    const std::size_t so_far = names_.size() - begins_.back();
    if (so_far >= names_max) return false;
    if (so_far < names_compared_max && std::find(begin, names_.end(), name) != names_.end()) return false;
    names_.push_back(name);
    return true;
  }

 private:
  std::vector<std::string> names_;
  std::vector<std::size_t> begins_;  // in names_, of each open object
};

class Text {
 public:
  bool null() { return false; }
  bool boolean(bool) { return false; }
  bool number_integer(std::int64_t) { return false; }
  bool number_unsigned(std::uint64_t) { return false; }
  bool number_float(double, const std::string&) { return false; }
  bool string(std::string& value) {
    read = std::move(value);
    return true;
  }
  bool start_object(std::size_t) { return false; }
  bool end_object() { return false; }
  bool start_array(std::size_t) { return false; }
  bool end_array() { return false; }
  bool key(const std::string&) { return false; }
  std::string read;
};

}  // namespace

void JsonCursor::skip_space() {
  while (at_ != nullptr && at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r')) ++at_;
}

bool JsonCursor::take(char c) {
  skip_space();
  if (at_ == nullptr || at_ == end_ || *at_ != c) return false;
  ++at_;
  return true;
}

void JsonCursor::object() {
  if (!take('{')) fail();
  is_first_ = true;
}

void JsonCursor::array() {
  if (!take('[')) fail();
  is_first_ = true;
}

bool JsonCursor::field(std::string_view& name) {
  const bool is_first = std::exchange(is_first_, false);
  if (take('}')) return false;
  if (!is_first && !take(',')) fail();
  name = plain_text();
  if (!take(':')) fail();
  return !has_failed();
}

bool JsonCursor::member(std::string& name) {
  const bool is_first = std::exchange(is_first_, false);
  if (take('}')) return false;
  if (!is_first && !take(',')) fail();
  const char* const begin = at_;
  if (const auto plain = plain_text(); !has_failed()) {
    name.assign(plain);
  } else {
    at_ = begin;
    name = text();
  }
  if (!take(':')) fail();
  return !has_failed();
}

bool JsonCursor::item() {
  const bool is_first = std::exchange(is_first_, false);
  if (take(']')) return false;
  if (!is_first && !take(',')) fail();
  return !has_failed();
}

std::string_view JsonCursor::plain_text() {
  if (!take('"')) {
    fail();
    return {};
  }
  const char* const begin = at_;
  while (at_ != end_ && *at_ != '"' && *at_ != '\\' && static_cast<unsigned char>(*at_) >= 0x20) ++at_;
  if (at_ == end_ || *at_ != '"') {
    fail();
    return {};
  }
  return {begin, static_cast<std::size_t>(at_++ - begin)};
}

std::string JsonCursor::text() {
  skip_space();
  if (at_ == nullptr) return {};
  const char* const begin = at_;
  if (const auto plain = plain_text(); !has_failed()) return std::string(plain);
  at_ = begin;
  Text handler;
  at_ = JsonScanner(std::string_view(at_, static_cast<std::size_t>(end_ - at_)), handler).run_first();
  return std::move(handler.read);
}

std::string_view JsonCursor::number_text() {
  skip_space();
  if (at_ == nullptr) return {};
  const char* const begin = at_;
  while (at_ != end_ && ((*at_ >= '0' && *at_ <= '9') || *at_ == '-' || *at_ == '.')) ++at_;
  const std::string_view text(begin, static_cast<std::size_t>(at_ - begin));
  // As JSON has it: no zero before other digits, no point at either end.
  const std::size_t digits = text.starts_with('-') ? 1 : 0;
  const bool is_one = text.size() > digits && text[digits] != '.' && text.back() != '.' && text.back() != '-';
  if (!is_one || (text[digits] == '0' && text.size() > digits + 1 && text[digits + 1] != '.')) fail();
  return text;
}

std::int64_t JsonCursor::integer() {
  const std::string_view text = number_text();
  std::int64_t value = 0;
  if (has_failed()) return 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) fail();
  return value;
}

double JsonCursor::number() {
  const std::string_view text = number_text();
  double value = 0;
  if (has_failed()) return 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) fail();
  return value;
}

std::string_view JsonCursor::any() {
  skip_space();
  if (at_ == nullptr) return {};
  const char* const begin = at_;
  const std::string_view rest(at_, static_cast<std::size_t>(end_ - at_));
  for (const std::string_view usual : {std::string_view("{}"), std::string_view("null")}) {
    if (!rest.starts_with(usual)) continue;
    at_ += usual.size();
    return rest.substr(0, usual.size());
  }
  Checker checker;
  at_ = JsonScanner(rest, checker).run_first();
  return at_ == nullptr ? std::string_view() : std::string_view(begin, static_cast<std::size_t>(at_ - begin));
}

std::string_view JsonCursor::skip() {
  skip_space();
  if (at_ == nullptr) return {};
  const char* const begin = at_;
  int depth = 0;
  do {
    if (at_ == end_) {
      fail();
      return {};
    }
    const char c = *at_++;
    if (c == '"') {
      while (at_ != end_ && *at_ != '"') at_ += *at_ == '\\' && at_ + 1 != end_ ? 2 : 1;
      if (at_ != end_) ++at_;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      --depth;
    } else if (domain::goes_on(c)) {
      while (at_ != end_ && domain::goes_on(*at_)) ++at_;
    } else {
      continue;  // between values
    }
  } while (depth > 0);
  if (depth < 0 || at_ == begin) fail();
  return has_failed() ? std::string_view() : std::string_view(begin, static_cast<std::size_t>(at_ - begin));
}

bool JsonCursor::is_done() {
  skip_space();
  return at_ == end_;
}

}  // namespace noetl::json
