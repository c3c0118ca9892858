#pragma once
// JsonScanner: reads JSON text from front to back into a handler with the calls of nlohmann's SAX interface, several times
// faster than its parser. It accepts a part of JSON only (valid text whose integers have at most 64 bits); for everything
// else nlohmann's parser has the last word and the wording of every error. Never recursive. One thread.
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

#include "shared/json/json_escape.hpp"

namespace noetl::json {

template <class Handler>
class JsonScanner {
 public:
  JsonScanner(std::string_view text, Handler& handler)
      : at_(text.data()), end_(text.data() + text.size()), handler_(handler) {}

  // False: gave up, or the handler refused; what it was told so far is to be thrown away. Bytes above 127 are taken
  // as they come: the caller checks their encoding when there are any.
  [[nodiscard]] bool run() {
    while (step()) {
    }
    return is_accepted_;
  }
  // The same for the one value that the text begins with: where it ends. Null: gave up.
  [[nodiscard]] const char* run_first() {
    while (step()) {
      if (expected_ == Expected::after_value && open_.empty()) return at_;
    }
    return nullptr;
  }
  [[nodiscard]] bool has_more_than_ascii() const { return has_more_than_ascii_; }

 private:
  enum class Expected { value, first_field, first_item, after_value };

  // False at the end, whichever it is.
  bool step() {
    skip_space();
    if (at_ == end_) {
      is_accepted_ = expected_ == Expected::after_value && open_.empty();
      return false;
    }
    switch (expected_) {
      case Expected::value: return value();
      case Expected::first_field: return *at_ == '}' ? close() : field();
      case Expected::first_item: return *at_ == ']' ? close() : value();
      case Expected::after_value: return go_on();
    }
    return false;
  }

  bool go_on() {
    if (open_.empty()) return false;
    if (*at_ == (open_.back() == '{' ? '}' : ']')) return close();
    if (*at_++ != ',') return false;
    expected_ = Expected::value;
    return open_.back() == '[' || field();
  }

  bool field() {
    skip_space();
    if (at_ == end_ || *at_ != '"' || !read_string() || !handler_.key(string_)) return false;
    skip_space();
    if (at_ == end_ || *at_++ != ':') return false;
    expected_ = Expected::value;
    return true;
  }

  bool close() {
    const bool is_object = *at_++ == '}';
    open_.pop_back();
    expected_ = Expected::after_value;
    return is_object ? handler_.end_object() : handler_.end_array();
  }

  bool value() {
    switch (*at_) {
      case '{':
        ++at_;
        open_ += '{';
        expected_ = Expected::first_field;
        return handler_.start_object(std::size_t(-1));
      case '[':
        ++at_;
        open_ += '[';
        expected_ = Expected::first_item;
        return handler_.start_array(std::size_t(-1));
      default: expected_ = Expected::after_value; return scalar();
    }
  }

  bool scalar() {
    switch (*at_) {
      case '"': return read_string() && handler_.string(string_);
      case 't': return read_word("true") && handler_.boolean(true);
      case 'f': return read_word("false") && handler_.boolean(false);
      case 'n': return read_word("null") && handler_.null();
      default: return number();
    }
  }

  bool read_word(std::string_view word) {
    if (!std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  // One digit or more.
  const char* skip_digits(const char* from) const {
    const char* to = from;
    while (to != end_ && *to >= '0' && *to <= '9') ++to;
    return to == from ? nullptr : to;
  }

  bool number() {
    const char* const begin = at_;
    const bool is_negative = *at_ == '-';
    const char* const digits = begin + (is_negative ? 1 : 0);
    const char* to = skip_digits(digits);
    if (to == nullptr || (*digits == '0' && to != digits + 1)) return false;
    if (to == end_ || (*to != '.' && *to != 'e' && *to != 'E')) {
      std::int64_t integer = 0;
      if (to - digits > integer_digits_max) {  // only what 64 bits hold
        std::uint64_t natural = 0;
        at_ = to;
        return is_negative ? std::from_chars(begin, to, integer).ec == std::errc{} && handler_.number_integer(integer)
                           : std::from_chars(begin, to, natural).ec == std::errc{} && handler_.number_unsigned(natural);
      }
      for (const char* digit = digits; digit != to; ++digit) integer = integer * 10 + (*digit - '0');
      at_ = to;
      return is_negative ? handler_.number_integer(-integer)
                         : handler_.number_unsigned(static_cast<std::uint64_t>(integer));
    }
    if (*to == '.') to = skip_digits(to + 1);
    if (to != nullptr && to != end_ && (*to == 'e' || *to == 'E')) {
      ++to;
      if (to != end_ && (*to == '+' || *to == '-')) ++to;
      to = skip_digits(to);
    }
    if (to == nullptr) return false;
    double real = 0;
    const auto read = std::from_chars(begin, to, real);
    if (read.ec != std::errc{} || read.ptr != to || !std::isfinite(real)) return false;
    at_ = to;
    return handler_.number_float(real, {});
  }

  // Into string_, at_ behind the closing quote.
  bool read_string() {
    string_.clear();
    ++at_;
    for (const char* begin = at_;; begin = at_) {
      while (at_ != end_ && *at_ != '"' && *at_ != '\\' && static_cast<unsigned char>(*at_) >= 0x20) {
        has_more_than_ascii_ = has_more_than_ascii_ || static_cast<unsigned char>(*at_) >= 0x80;
        ++at_;
      }
      string_.append(begin, at_);
      if (at_ == end_) return false;
      const char c = *at_++;
      if (c == '"') return true;
      if (c != '\\' || at_ == end_ || !read_escape(*at_++)) return false;
    }
  }

  bool read_escape(char kind) {
    if (kind == 'u') return read_code_point();
    const std::size_t found = std::string_view("\"\\/bfnrt").find(kind);
    if (found != std::string_view::npos) string_ += "\"\\/\b\f\n\r\t"[found];
    return found != std::string_view::npos;
  }

  bool read_code_point() {
    at_ = read_escaped_point({at_, static_cast<std::size_t>(end_ - at_)}, string_);
    return at_ != nullptr;
  }

  void skip_space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r')) ++at_;
  }

  static constexpr std::ptrdiff_t integer_digits_max = 18;  // always fit into 64 bits
  const char* at_;
  const char* const end_;
  Handler& handler_;
  std::string open_;  // '{' and '[' of what is not closed yet
  std::string string_;  // the last one read
  Expected expected_ = Expected::value;
  bool has_more_than_ascii_ = false;
  bool is_accepted_ = false;
};

}  // namespace noetl::json
