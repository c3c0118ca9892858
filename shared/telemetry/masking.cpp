#include "shared/telemetry/masking.hpp"

#include <algorithm>
#include <array>

#include "shared/base/text/ascii.hpp"

namespace noetl::telemetry {
namespace {

constexpr std::string_view mask = "***";
constexpr auto npos = std::string_view::npos;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_quote(char c) { return c == '"' || c == '\''; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_name_character(char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-'; }

// A URL ends at a blank, at a quote, or where the next one of a list begins.
std::size_t url_end(std::string_view text, std::size_t from) {
  std::size_t end = std::min(text.find_first_of(" \t\r\n\"'<>", from), text.size());
  const std::size_t next = text.substr(0, end).find("://", from);
  if (next == npos) return end;
  end = next;
  while (end > from && (is_name_character(text[end - 1]) || text[end - 1] == '+' || text[end - 1] == '.')) --end;
  return end;
}

// scheme://user:password@host → scheme://user:***@host. The password may hold '/', '@', '?' and '#'.
std::string without_url_passwords(std::string text) {
  std::size_t from = 0;
  while ((from = text.find("://", from)) != std::string::npos) {
    from += 3;
    const std::string_view url = std::string_view(text).substr(from, url_end(text, from) - from);
    const std::string_view authority = url.substr(0, url.find_first_of("/?#"));
    const std::size_t colon = authority.find(':');
    // Without a colon the user part may itself be a token (nats://token@host), and ends in the authority.
    const std::size_t at = colon == npos ? authority.rfind('@') : url.rfind('@');
    if (at == npos) continue;
    const std::size_t first = colon != npos && colon < at ? colon + 1 : 0;
    text.replace(from + first, at - first, mask);
  }
  return text;
}

struct SecretName {
  std::string_view word;  // in lower case; the name ends in it
  bool takes_colon;  // also as `word: value` without quotes; prose says "unexpected token: x"
  bool takes_line = false;  // the value goes on to the end of the line
};
constexpr std::array<SecretName, 12> secret_names{{{"password", true},
                                                   {"passwd", true},
                                                   {"passphrase", true},
                                                   {"pwd", false},
                                                   {"secret", false},
                                                   {"token", false},
                                                   {"api_key", true},
                                                   {"api-key", true},
                                                   {"apikey", true},
                                                   {"access_key", true},
                                                   {"credential", false},
                                                   {"authorization", true, true}}};

// Of an unquoted value. A quote ends it when nothing of a value can follow.
std::size_t value_end(std::string_view text, std::size_t from) {
  for (std::size_t i = from; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;  // a blank of a connection string
    } else if (is_blank(text[i]) || text[i] == '&') {
      return i;
    } else if (is_quote(text[i]) &&
               (i + 1 == text.size() || std::string_view(" \t\r\n,;)]}.:").find(text[i + 1]) != npos)) {
      return i;
    }
  }
  return text.size();
}

// Where the quoted value ends whose opening (a quote, in JSON inside of JSON with backslashes) is `opening`.
std::size_t quoted_end(std::string_view text, std::size_t from, std::string_view opening) {
  for (std::size_t i = from; i < text.size(); ++i) {
    if (text.substr(i, opening.size()) == opening) return i;
    if (text[i] == '\\') ++i;
  }
  return text.size();
}

// Of a header: it may have quoted parts of its own (Digest), and stand in quotes.
std::size_t line_end(std::string_view text, std::size_t from) {
  for (std::size_t i = from; i < text.size(); ++i) {
    if (text[i] == '\r' || text[i] == '\n') return i;
    if (!is_quote(text[i])) continue;
    if (text[i - 1] != '=') return i;
    i = std::min(text.find(text[i], i + 1), text.size());
  }
  return text.size();
}

struct Span {
  std::size_t begin = 0, end = 0;
};

// The value behind a name that ends at `at`; nothing when none is given there.
Span value_behind(std::string_view text, std::size_t name_begin, std::size_t at, const SecretName& name) {
  const auto skip = [&](auto goes) {
    while (at < text.size() && goes(text[at])) ++at;
  };
  const std::size_t after_name = at;
  skip([](char c) { return c == '\\' || is_quote(c); });
  const bool is_quoted_name = at != after_name;
  skip([](char c) { return c == ' '; });
  if (at >= text.size() || (text[at] != '=' && text[at] != ':')) return {};
  const bool is_part = name_begin > 0 && (text[name_begin - 1] == '_' || text[name_begin - 1] == '-');
  if (text[at] == ':' && !is_quoted_name && !name.takes_colon && !is_part) return {};
  const std::size_t after_sign = at + 1;
  const bool is_colon = text[at++] == ':';
  skip([](char c) { return c == ' '; });
  const std::size_t begin = at;
  skip([](char c) { return c == '\\'; });
  if (at < text.size() && is_quote(text[at])) {
    const std::string_view opening = text.substr(begin, at + 1 - begin);
    return {at + 1, quoted_end(text, at + 1, opening)};
  }
  if (name.takes_line) return {begin, line_end(text, begin)};
  // "password= host=h" has none.
  const std::size_t value = is_colon ? begin : after_sign;
  return {value, value_end(text, value)};
}

// name=value, name: value, "name": "value".
std::string without_named_secrets(const std::string& text) {
  const std::string lowered = base::lower_case(text);
  std::string out;
  std::size_t done = 0;
  for (std::size_t i = 0; i < lowered.size(); ++i) {
    if (!is_letter(lowered[i])) continue;
    for (const auto& name : secret_names) {
      if (std::string_view(lowered).substr(i, name.word.size()) != name.word) continue;
      const Span value = value_behind(text, i, i + name.word.size(), name);
      if (value.end <= value.begin) continue;
      out.append(text, done, value.begin - done);
      out += mask;
      done = value.end;
      i = value.end - 1;
      break;
    }
  }
  return out.append(text, done);
}

// "Bearer eyJ…" wherever it stands; prose ("bearer token") has shorter words.
std::string without_bearers(std::string text) {
  constexpr std::string_view word = "bearer ";
  constexpr std::size_t token_bytes_min = 16;
  const std::string lowered = base::lower_case(text);
  std::string out;
  std::size_t done = 0;
  for (std::size_t at = lowered.find(word); at != std::string::npos; at = lowered.find(word, at + 1)) {
    const std::size_t begin = at + word.size();
    const std::size_t end = std::min(text.find_first_of(" \t\r\n\"',;)]}", begin), text.size());
    if (begin < done || end - begin < token_bytes_min) continue;
    out.append(text, done, begin - done);
    out += mask;
    done = end;
  }
  return out.append(text, done);
}

}  // namespace

std::string masked_text(std::string_view text) {
  return without_bearers(without_named_secrets(without_url_passwords(std::string(text))));
}

}  // namespace noetl::telemetry
