#include "shared/templating/syntax/lexer.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdlib>

#include "shared/templating/text/string_literal.hpp"
#include "shared/templating/values/failure.hpp"
#include "shared/templating/values/limits.hpp"
#include "shared/templating/values/unicode.hpp"

namespace noetl::templating {
namespace {

constexpr auto npos = std::string_view::npos;

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_decimal(char c) { return c >= '0' && c <= '9'; }
bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

std::string_view strip_right(std::string_view text) {
  while (!text.empty() && is_blank(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

class Lexer {
 public:
  Lexer(std::string_view source, std::size_t bytes_max) : source_(source), tokens_max_(bytes_max / sizeof(Token)) {}

  Tokens run() {
    while (at_ < source_.size()) {
      const std::size_t tag = next_tag(at_);
      if (tag == npos) {
        add_data(source_.substr(at_));
        break;
      }
      std::string_view data = source_.substr(at_, tag - at_);
      const char control = tag + 2 < source_.size() ? source_[tag + 2] : '\0';
      add_data(control == '-' ? strip_right(data) : data);
      at_ = tag + 2 + (control == '-' || control == '+' ? 1U : 0U);
      switch (source_[tag + 1]) {
        case '#': skip_comment(tag); break;
        case '%':
          if (!take_raw(tag)) {
            take_tag(tag, TokenKind::block_begin, TokenKind::block_end, "%}");
          }
          break;
        default: take_tag(tag, TokenKind::output_begin, TokenKind::output_end, "}}");
      }
    }
    add(Token{.kind = TokenKind::end, .offset = source_.size()});
    return std::move(tokens_);
  }

  std::vector<Comment> take_comments() { return std::move(comments_); }

 private:
  void add(Token token) {
    if (tokens_.size() >= tokens_max_) {
      fail_bound("the template has more than " + std::to_string(tokens_max_) + " parts");
    }
    tokens_.push_back(std::move(token));
  }

  std::size_t next_tag(std::size_t from) const {
    for (std::size_t i = source_.find('{', from); i != npos && i + 1 < source_.size(); i = source_.find('{', i + 1)) {
      if (source_[i + 1] == '{' || source_[i + 1] == '%' || source_[i + 1] == '#') {
        return i;
      }
    }
    return npos;
  }

  void add_data(std::string_view data) {
    if (!data.empty()) {
      add(Token{.kind = TokenKind::data, .offset = at_, .text = std::string(data)});
    }
  }

  void skip_blanks() {
    while (at_ < source_.size() && is_blank(source_[at_])) {
      ++at_;
    }
  }

  void skip_comment(std::size_t tag) {
    const std::size_t end = source_.find("#}", at_);
    if (end == npos) {
      fail_syntax("missing end of comment tag", tag);
    }
    const bool strips = end > at_ && source_[end - 1] == '-';
    comments_.push_back({.offset = tag, .bytes = end + 2 - tag});
    at_ = end + 2;
    if (strips) {
      skip_blanks();
    }
  }

  // At "[-+]?%}": how many bytes, 0 if there is none.
  std::size_t closing_at(std::size_t at, std::string_view close) const {
    if (source_.substr(at, 2) == close) {
      return 2;
    }
    const bool has_control = at < source_.size() && (source_[at] == '-' || (source_[at] == '+' && close == "%}"));
    return has_control && source_.substr(at + 1, 2) == close ? 3 : 0;
  }

  void close(std::size_t bytes) {
    const bool strips = bytes == 3 && source_[at_] == '-';
    at_ += bytes;
    if (strips) {
      skip_blanks();
    }
  }

  // {% raw %} … {% endraw %}, when that is what begins here.
  bool take_raw(std::size_t tag) {
    const std::size_t begin = at_;
    skip_blanks();
    if (source_.substr(at_, 3) != "raw") {
      at_ = begin;
      return false;
    }
    at_ += 3;
    skip_blanks();
    const std::size_t bytes = closing_at(at_, "%}");
    if (bytes == 0) {
      at_ = begin;
      return false;
    }
    close(bytes);
    for (std::size_t i = source_.find("{%", at_); i != npos; i = source_.find("{%", i + 1)) {
      std::size_t word = i + 2;
      const bool strips = word < source_.size() && source_[word] == '-';
      word += strips || (word < source_.size() && source_[word] == '+') ? 1U : 0U;
      while (word < source_.size() && is_blank(source_[word])) {
        ++word;
      }
      if (source_.substr(word, 6) != "endraw") {
        continue;
      }
      word += 6;
      while (word < source_.size() && is_blank(source_[word])) {
        ++word;
      }
      if (const std::size_t end = closing_at(word, "%}"); end != 0) {
        const std::string_view data = source_.substr(at_, i - at_);
        add_data(strips ? strip_right(data) : data);
        at_ = word;
        close(end);
        return true;
      }
    }
    fail_syntax("missing end of raw block", tag);
  }

  void take_tag(std::size_t tag, TokenKind begin, TokenKind end, std::string_view closing) {
    add(Token{.kind = begin, .offset = tag});
    std::string brackets;
    while (true) {
      skip_blanks();
      if (at_ >= source_.size()) {
        fail_syntax(std::string("unexpected end of template, expected '") + std::string(closing) + "'", tag);
      }
      const std::size_t bytes = brackets.empty() ? closing_at(at_, closing) : 0;
      if (bytes != 0) {
        add(Token{.kind = end, .offset = at_});
        close(bytes);
        return;
      }
      take_token(brackets);
    }
  }

  void take_token(std::string& brackets) {
    const char c = source_[at_];
    if (is_name_start(c)) {
      take_name();
    } else if (is_decimal(c)) {
      take_number();
    } else if (c == '\'' || c == '"') {
      take_string(c);
    } else {
      take_symbol(brackets);
    }
  }

  void take_name() {
    const std::size_t begin = at_;
    while (at_ < source_.size() && (is_name_start(source_[at_]) || is_decimal(source_[at_]))) {
      ++at_;
    }
    add(Token{.kind = TokenKind::name, .offset = begin, .text = std::string(source_.substr(begin, at_ - begin))});
  }

  // Digits with single underscores between them.
  std::size_t digits_end(std::size_t at) const {
    while (at < source_.size() && (is_decimal(source_[at]) ||
                                   (source_[at] == '_' && at + 1 < source_.size() && is_decimal(source_[at + 1])))) {
      ++at;
    }
    return at;
  }

  bool is_decimal_at(std::size_t at) const { return at < source_.size() && is_decimal(source_[at]); }

  void take_number() {
    const std::size_t begin = at_;
    const char marker = begin + 1 < source_.size() ? static_cast<char>(source_[begin + 1] | 0x20) : '\0';
    if (source_[begin] == '0' && (marker == 'x' || marker == 'o' || marker == 'b')) {
      take_radix(marker == 'x' ? 16 : marker == 'o' ? 8 : 2);
      return;
    }
    std::size_t end = digits_end(begin);
    // After a dot digits are an index: a.0.1 is no float.
    const bool is_index = begin > 0 && source_[begin - 1] == '.';
    bool is_float = false;
    if (!is_index && end < source_.size() && source_[end] == '.' && is_decimal_at(end + 1)) {
      is_float = true;
      end = digits_end(end + 1);
    }
    if (!is_index && end < source_.size() && (source_[end] | 0x20) == 'e') {
      const std::size_t sign = end + 1 < source_.size() && (source_[end + 1] == '+' || source_[end + 1] == '-') ? 1 : 0;
      if (is_decimal_at(end + 1 + sign)) {
        is_float = true;
        end = digits_end(end + 1 + sign);
      }
    }
    add_number(begin, end, is_float);
  }

  void add_number(std::size_t begin, std::size_t end, bool is_float) {
    std::string digits(source_.substr(begin, end - begin));
    std::erase(digits, '_');
    if (!is_float && digits.size() > 1 && digits[0] == '0' && digits.find_first_not_of('0') != std::string::npos) {
      fail_syntax("an integer may not begin with 0", begin);
    }
    Token token{.kind = is_float ? TokenKind::floating : TokenKind::integer, .offset = begin};
    const char* last = digits.data() + digits.size();
    if (is_float) {
      token.floating = std::strtod(digits.c_str(), nullptr);
    } else if (std::from_chars(digits.data(), last, token.integer).ec != std::errc()) {
      fail_syntax("an integer has at most 64 bits", begin);
    }
    at_ = end;
    add(std::move(token));
  }

  void take_radix(int base) {
    const std::size_t begin = at_;
    std::size_t end = at_ + 2;
    while (end < source_.size() &&
           (std::isxdigit(static_cast<unsigned char>(source_[end])) != 0 || source_[end] == '_')) {
      ++end;
    }
    std::string digits(source_.substr(begin + 2, end - begin - 2));
    std::erase(digits, '_');
    Token token{.kind = TokenKind::integer, .offset = begin};
    const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), token.integer, base);
    if (error != std::errc() || stop != digits.data() + digits.size()) {
      fail_syntax("not an integer of 64 bits", begin);
    }
    at_ = end;
    add(std::move(token));
  }

  void take_string(char quote) {
    const std::size_t begin = at_++;
    while (at_ < source_.size() && source_[at_] != quote) {
      at_ += source_[at_] == '\\' ? 2U : 1U;
    }
    if (at_ >= source_.size()) {
      fail_syntax("a string has no end", begin);
    }
    add(Token{.kind = TokenKind::string,
              .offset = begin,
              .text = unescape(source_.substr(begin + 1, at_ - begin - 1), begin)});
    ++at_;
  }

  void take_symbol(std::string& brackets) {
    static constexpr std::array<std::string_view, 6> pairs = {"//", "**", "==", "!=", ">=", "<="};
    static constexpr std::string_view singles = "+-/*%~[](){}><=.:|,;";
    std::string_view text = source_.substr(at_, 2);
    if (std::find(pairs.begin(), pairs.end(), text) == pairs.end()) {
      text = source_.substr(at_, 1);
      if (singles.find(text[0]) == npos) {
        fail_syntax("unexpected character '" + std::string(text) + "'", at_);
      }
    }
    const char c = text[0];
    if (text.size() == 1 && (c == '(' || c == '[' || c == '{')) {
      brackets.push_back(c == '(' ? ')' : c == '[' ? ']' : '}');
    } else if (text.size() == 1 && (c == ')' || c == ']' || c == '}')) {
      if (brackets.empty() || brackets.back() != c) {
        fail_syntax("unexpected '" + std::string(text) + "'", at_);
      }
      brackets.pop_back();
    }
    add(Token{.kind = TokenKind::symbol, .offset = at_, .text = std::string(text)});
    at_ += text.size();
  }

  std::string_view source_;
  std::size_t at_ = 0;
  const std::size_t tokens_max_;
  Tokens tokens_;
  std::vector<Comment> comments_;
};

}  // namespace

Tokens tokenize(std::string_view source, std::size_t bytes_max) { return Lexer(source, bytes_max).run(); }

std::vector<Comment> find_comments(std::string_view source) {
  Lexer lexer(source, Limits{}.parsed_bytes_max);
  static_cast<void>(lexer.run());
  return lexer.take_comments();
}

bool has_no_tags(std::string_view source) {
  for (std::size_t i = source.find('{'); i != npos && i + 1 < source.size(); i = source.find('{', i + 1)) {
    if (source[i + 1] == '{' || source[i + 1] == '%' || source[i + 1] == '#') {
      return false;
    }
  }
  return true;
}

}  // namespace noetl::templating
