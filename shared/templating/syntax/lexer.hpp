#pragma once
// Lexer: cuts a template into tokens as Jinja2's does with its default settings, whitespace control,
// comments and raw blocks included. Pure; any thread.
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace noetl::templating {

enum class TokenKind : std::uint8_t {
  data,
  block_begin,
  block_end,
  output_begin,
  output_end,
  name,
  integer,
  floating,
  string,
  symbol,
  end,
};

struct Token {
  TokenKind kind = TokenKind::end;
  std::size_t offset = 0;
  std::string text{};  // data, name, string (unescaped), symbol
  std::int64_t integer = 0;
  double floating = 0;
};

// In pieces, so that growing copies nothing.
using Tokens = std::deque<Token>;

// Throws Failure (syntax; bound when the tokens take more than `bytes_max`).
[[nodiscard]] Tokens tokenize(std::string_view source, std::size_t bytes_max);
struct Comment {
  std::size_t offset = 0;
  std::size_t bytes = 0;  // with {# and #}
};
// What the template leaves out of the text. Throws Failure.
[[nodiscard]] std::vector<Comment> find_comments(std::string_view source);
// No tag begins in the text: rendering it gives it back.
[[nodiscard]] bool has_no_tags(std::string_view source);

}  // namespace noetl::templating
