#include "worker/tools/duckdb/placeholders.hpp"

#include <algorithm>

namespace noetl::tools::duckdb {

namespace {

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         (static_cast<unsigned char>(c) & 0x80U) != 0;
}

std::size_t after(std::string_view sql, std::string_view end, std::size_t from) {
  const std::size_t found = sql.find(end, from);
  return found == std::string_view::npos ? sql.size() : found + end.size();
}

std::size_t after_escapes(std::string_view sql, std::size_t at) {
  for (; at < sql.size() && sql[at] != '\''; ++at) {
    if (sql[at] == '\\') ++at;
  }
  return std::min(at + 1, sql.size());
}

// The end of the quotes or comment that begin here; `at` when none do.
std::size_t after_text(std::string_view sql, std::size_t at) {
  const char c = sql[at];
  if (sql.substr(at, 2) == "--") return after(sql, "\n", at);
  if (sql.substr(at, 2) == "/*") return after(sql, "*/", at + 2);
  if (c == '"') return after(sql, "\"", at + 1);
  if (c == '\'') {
    const bool has_escapes = at > 0 && (sql[at - 1] == 'e' || sql[at - 1] == 'E') && (at == 1 || !is_word(sql[at - 2]));
    return has_escapes ? after_escapes(sql, at + 1) : after(sql, "'", at + 1);
  }
  if (c != '$' || (at > 0 && is_word(sql[at - 1]))) return at;
  std::size_t tag_end = at + 1;
  while (tag_end < sql.size() && is_word(sql[tag_end])) ++tag_end;
  if (tag_end >= sql.size() || sql[tag_end] != '$') return at;
  return after(sql, sql.substr(at, tag_end + 1 - at), tag_end + 1);
}

}  // namespace

std::string parameter_name(std::size_t number) { return "$noetl_" + std::to_string(number); }

std::string numbered_parameters(std::string_view sql) {
  std::string numbered;
  std::size_t count = 0;
  for (std::size_t at = 0; at < sql.size();) {
    if (sql[at] == '?') {
      numbered += parameter_name(++count);
      ++at;
      continue;
    }
    std::size_t number_end = at + 1;
    while (number_end < sql.size() && sql[number_end] >= '0' && sql[number_end] <= '9') ++number_end;
    if (sql[at] == '$' && number_end > at + 1 && (at == 0 || !is_word(sql[at - 1]))) {
      numbered.append("$noetl_").append(sql, at + 1, number_end - at - 1);
      at = number_end;
      continue;
    }
    const std::size_t end = std::max(after_text(sql, at), at + 1);
    numbered.append(sql, at, end - at);
    at = end;
  }
  return numbered;
}

}  // namespace noetl::tools::duckdb
