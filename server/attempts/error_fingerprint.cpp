#include "server/attempts/error_fingerprint.hpp"

#include <algorithm>

#include "server/postgres/sha256.hpp"

namespace noetl::attempts {

namespace {
// A message may be a whole page of a peer: what errors have in common is at its beginning.
constexpr std::size_t read_max = 2048;
constexpr std::size_t written_max = 512;
constexpr std::size_t quoted_max = 512;
constexpr std::string_view blanks = " \t\r\n\v\f";
constexpr std::string_view between_words = "()[]{}<>,;=|\"'`!?";

bool is_blank(char c) { return blanks.find(c) != std::string_view::npos; }
bool is_quote(char c) { return c == '\'' || c == '"' || c == '`'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}

// "3f2a9c01d4", "0x7ffe", "550e8400-e29b-41d4-a716-446655440000": an id, whatever letters it has.
bool is_id(std::string_view word) {
  if (word.starts_with("0x") || word.starts_with("0X")) return true;
  const auto counts = [](char c) { return is_hex(c) || c == '-' || c == ':'; };
  return word.size() >= 8 && std::all_of(word.begin(), word.end(), counts) &&
         std::any_of(word.begin(), word.end(), is_digit);
}

// Digits, and what joins them: 10.0.0.7:5432, 2026-01-31, 1e-5, 3.1s.
void append_word_with_numbers(std::string& out, std::string_view word) {
  for (std::size_t i = 0; i < word.size();) {
    if (!is_digit(word[i])) {
      out += word[i++];
      continue;
    }
    out += '#';
    while (i < word.size() &&
           (is_digit(word[i]) || (!is_letter(word[i]) && i + 1 < word.size() && is_digit(word[i + 1]))))
      ++i;
  }
}

void append_word(std::string& out, std::string_view word) {
  const std::string_view tail =
      word.find_last_not_of(".:") == std::string_view::npos ? word : word.substr(word.find_last_not_of(".:") + 1);
  word.remove_suffix(tail.size());
  const auto has = [&](std::string_view part) { return word.find(part) != std::string_view::npos; };
  if (has("://"))
    out += "<address>";
  else if (has("/") || has("\\"))
    out += "<path>";
  else if (is_id(word))
    out += '#';
  else
    append_word_with_numbers(out, word);
  out += tail;
}

// The end of the quoted text that begins at `begin`, or nothing: an apostrophe opens nothing.
std::size_t end_of_quoted(std::string_view text, std::size_t begin) {
  if (begin > 0 && is_letter(text[begin - 1])) return std::string_view::npos;
  const auto end = text.find(text[begin], begin + 1);
  return end == std::string_view::npos || end - begin > quoted_max ? std::string_view::npos : end;
}
std::size_t end_of_word(std::string_view text, std::size_t begin) {
  const auto end_at = [&](std::size_t from, std::string_view ends) {
    while (from < text.size() && !is_blank(text[from]) && ends.find(text[from]) == std::string_view::npos) ++from;
    return from;
  };
  const auto end = end_at(begin, between_words);
  // An address goes on where a word would end: https://peer/a?b=1
  const bool is_address = text.substr(begin, end - begin).find("://") != std::string_view::npos;
  return is_address ? end_at(end, "()[]{}<>,;|\"'`") : end;
}
}  // namespace

std::string normalised_message(std::string_view message) {
  const std::string_view text = message.substr(0, read_max);
  std::string out;
  for (std::size_t i = 0; i < text.size() && out.size() < written_max;) {
    if (is_blank(text[i])) {
      if (!out.empty() && out.back() != ' ') out += ' ';
      ++i;
    } else if (const auto end = is_quote(text[i]) ? end_of_quoted(text, i) : std::string_view::npos;
               end != std::string_view::npos) {
      out += "'*'";
      i = end + 1;
    } else if (between_words.find(text[i]) != std::string_view::npos) {
      out += text[i++];
    } else {
      const auto stop = end_of_word(text, i);
      append_word(out, text.substr(i, stop - i));
      i = stop;
    }
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  if (out.size() > written_max) out.resize(written_max);
  return out;
}

std::string error_fingerprint(std::string_view tool_kind, std::string_view error_kind, std::string_view message) {
  std::string all(tool_kind);
  all += '\n';
  all += error_kind;
  all += '\n';
  all += normalised_message(message);
  return postgres::sha256_hex(all).substr(0, 16);
}

}  // namespace noetl::attempts
