#include "shared/templating/text/json_parsing.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

#include "shared/templating/text/number_text.hpp"
#include "shared/templating/text/string_literal.hpp"
#include "shared/templating/values/failure.hpp"
#include "shared/templating/values/unicode.hpp"

namespace noetl::templating {
namespace {

constexpr int depth_max = 100;

// The deepest nesting, without parsing: nlohmann parses any depth, and others recurse over the result.
bool nests_within_bound(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      i += c == '\\' ? 1U : 0U;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > depth_max) {
        return false;
      }
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return true;
}

// Of a tree, beside its texts: a list or map, a member of a map, a text, another value.
constexpr std::size_t tree_structure_bytes = 96;
constexpr std::size_t tree_member_bytes = 80;
constexpr std::size_t tree_text_bytes = 48;
constexpr std::size_t tree_value_bytes = 32;

bool is_number_part(char c) {
  return (c >= '0' && c <= '9') || std::string_view("+-._eE").find(c) != std::string_view::npos;
}

bool is_wide_integer(std::string_view number) {
  std::string digits(number.substr(number[0] == '+' ? 1 : 0));
  std::erase(digits, '_');
  if (digits.find_first_not_of("0123456789", digits[0] == '-' ? 1 : 0) != std::string::npos) {
    return false;  // a fraction, or no number
  }
  const char* end = digits.data() + digits.size();
  std::int64_t with_sign = 0;
  std::uint64_t without = 0;
  return std::from_chars(digits.data(), end, with_sign).ec == std::errc::result_out_of_range &&
         std::from_chars(digits.data(), end, without).ec != std::errc();
}

class PythonLiteral {
 public:
  explicit PythonLiteral(std::string_view text) : text_(text) {}

  std::optional<Json> run() {
    Json value;
    return take(value, 0) && (skip_blanks(), at_ == text_.size()) ? std::optional(std::move(value)) : std::nullopt;
  }

 private:
  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || (text_[at_] >= '\t' && text_[at_] <= '\r'))) {
      ++at_;
    }
  }
  bool skip(char c) {
    skip_blanks();
    const bool is_here = at_ < text_.size() && text_[at_] == c;
    at_ += is_here ? 1U : 0U;
    return is_here;
  }
  bool skip_word(std::string_view word) {
    const bool is_here = text_.substr(at_, word.size()) == word;
    at_ += is_here ? word.size() : 0U;
    return is_here;
  }

  bool take(Json& into, int depth) {
    skip_blanks();
    if (depth > depth_max || at_ >= text_.size()) {
      return false;
    }
    const char c = text_[at_];
    if (c == '[' || c == '(') {
      return take_list(into, c == '[' ? ']' : ')', depth);
    }
    if (c == '{') {
      return take_dict(into, depth);
    }
    if (c == '\'' || c == '"') {
      std::string text;
      const bool taken = take_string(text);
      into = std::move(text);
      return taken;
    }
    if (skip_word("True") || skip_word("False")) {
      into = text_[at_ - 2] == 'u';
      return true;
    }
    if (skip_word("None")) {
      into = nullptr;
      return true;
    }
    return take_number(into);
  }

  bool take_list(Json& into, char close, int depth) {
    into = Json::array();
    ++at_;
    bool has_comma = close == ']';
    while (!skip(close)) {
      Json item;
      if (!take(item, depth + 1)) {
        return false;
      }
      into.push_back(std::move(item));
      if (skip(',')) {
        has_comma = true;
        continue;
      }
      if (!skip(close)) {
        return false;
      }
      break;
    }
    if (!has_comma && into.size() == 1) {
      Json inner = std::move(into[0]);  // (x) is x
      into = std::move(inner);
    }
    return true;
  }

  bool take_dict(Json& into, int depth) {
    into = Json::object();
    ++at_;
    while (!skip('}')) {
      Json key;
      Json item;
      if (!take(key, depth + 1) || !skip(':') || !take(item, depth + 1) || key.is_structured()) {
        return false;
      }
      into[key.is_string() ? key.get<std::string>() : key.dump()] = std::move(item);
      if (!skip(',')) {
        return skip('}');
      }
    }
    return true;
  }

  bool take_string(std::string& into) {
    const char quote = text_[at_];
    const std::size_t begin = ++at_;
    while (at_ < text_.size() && text_[at_] != quote) {
      if (text_[at_] == '\n') {
        return false;
      }
      at_ += text_[at_] == '\\' ? 2U : 1U;
    }
    if (at_ >= text_.size()) {
      return false;
    }
    into = unescape(text_.substr(begin, at_ - begin), begin);
    ++at_;
    return true;
  }

  bool take_number(Json& into) {
    const std::size_t begin = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 ||
                                  std::string_view("+-._").find(text_[at_]) != std::string_view::npos)) {
      ++at_;
    }
    const std::string_view number = text_.substr(begin, at_ - begin);
    const bool is_numeric = std::any_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!is_numeric || number.find_first_of("nNiI") != std::string_view::npos) {
      return false;
    }
    const std::string_view digits = number.substr(number[0] == '-' || number[0] == '+' ? 1 : 0);
    const bool has_leading_zero = digits.size() > 1 && digits[0] == '0' &&
                                  digits.find_first_not_of("0123456789_") == std::string_view::npos &&
                                  digits.find_first_not_of('0') != std::string_view::npos;
    if (has_leading_zero) {
      return false;
    }
    if (const auto whole = parse_integer(number, 0)) {
      into = *whole;
      return true;
    }
    const auto floating = parse_floating(number);
    into = floating.value_or(0);
    return floating.has_value() && std::isfinite(*floating);  // JSON has no infinity
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::size_t tree_bytes_max(std::string_view text) {
  std::size_t bytes = text.size();
  char quote = '\0';
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != '\0') {
      i += c == '\\' ? 1U : 0U;
      quote = c == quote ? '\0' : quote;
    } else if (c == '"' || c == '\'') {
      quote = c;
      bytes += tree_text_bytes;
    } else {
      bytes += c == '[' || c == '{' || c == '(' ? tree_structure_bytes
               : c == ':'                       ? tree_member_bytes
               : c == ','                       ? tree_value_bytes
                                                : 0;
    }
  }
  return bytes;
}

bool has_wide_integer(std::string_view text) {
  constexpr std::size_t digits_that_fit = 18;
  char quote = '\0';
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != '\0') {
      i += c == '\\' ? 1U : 0U;
      quote = c == quote ? '\0' : quote;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (is_number_part(c)) {
      const std::size_t begin = i;
      while (i + 1 < text.size() && is_number_part(text[i + 1])) {
        ++i;
      }
      const std::string_view number = text.substr(begin, i + 1 - begin);
      if (number.size() > digits_that_fit && is_wide_integer(number)) {
        return true;
      }
    }
  }
  return false;
}

std::optional<Json> parse_json(std::string_view text) {
  if (!nests_within_bound(text)) {
    return std::nullopt;
  }
  Json json = Json::parse(text, nullptr, false);
  return json.is_discarded() ? std::nullopt : std::optional(std::move(json));
}

std::optional<Json> parse_python_literal(std::string_view text) {
  try {
    return PythonLiteral(text).run();
  } catch (const Failure&) {
    return std::nullopt;  // a wrong escape or a number too large: no literal
  }
}

}  // namespace noetl::templating
