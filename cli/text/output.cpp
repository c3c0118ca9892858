#include "cli/text/output.hpp"

#include <algorithm>
#include <ostream>

#include "cli/text/error_text.hpp"
#include "shared/wire/error_codes.hpp"

namespace noetl::cli {
namespace {

constexpr std::size_t cell_width_max = 80;

// Columns as a terminal counts them: bytes that continue a UTF-8 character take no room.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

std::string printable(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = c == '\n' || c == '\t' ? ' ' : '?';
  }
  return text;
}

std::string cut(std::string text) {
  if (width(text) <= cell_width_max) return text;
  std::size_t end = 0;
  for (std::size_t shown = 0; end < text.size(); ++end) {
    if ((static_cast<unsigned char>(text[end]) & 0xc0U) != 0x80U && ++shown == cell_width_max) break;
  }
  return text.substr(0, end) + "…";
}

const Json& rows_of(const Json& answer) {
  static const Json none = Json::array();
  if (answer.is_array()) return answer;
  for (const auto& [key, value] : answer.items()) {
    if (value.is_array()) return value;
  }
  return none;
}

// A message that was made of one of its details says that one already, its place included.
bool has_said(const base::Error& error, const base::ErrorDetail& detail) {
  const auto says = [&](const std::string& text) { return error.message.find(text) != std::string::npos; };
  const auto place = "line " + std::to_string(detail.line) + ", column " + std::to_string(detail.column);
  return says(detail.message) && says(detail.suggestion) && (detail.line == 0 || says(place));
}

std::string json_text(const Json& value) { return value.dump(2, ' ', false, Json::error_handler_t::replace); }

}  // namespace

std::string printable_lines(std::string_view text) {
  std::string out;
  for (std::size_t from = 0; from <= text.size();) {
    const auto end = std::min(text.find('\n', from), text.size());
    out += (from == 0 ? "" : "\n") + printable(std::string(text.substr(from, end - from)));
    from = end + 1;
  }
  return out;
}

std::string cell_text(const Json& row, std::string_view field) {
  const auto found = row.find(field);
  if (found == row.end() || found->is_null()) return {};
  if (found->is_string()) return printable(found->get<std::string>());
  if (!found->is_array()) return printable(found->dump(-1, ' ', false, Json::error_handler_t::replace));
  std::string joined;
  for (const auto& item : *found) {
    if (!joined.empty()) joined += ',';
    joined += item.is_string() ? item.get<std::string>() : item.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  return printable(joined);
}

std::string Output::painted(std::string_view field, const std::string& text) const {
  if (!color_ || field != "status") return text;
  const auto is_any = [&](std::initializer_list<std::string_view> words) {
    return std::find(words.begin(), words.end(), text) != words.end();
  };
  const char* color = is_any({"COMPLETED", "done", "ready"})         ? "\033[32m"
                      : is_any({"FAILED", "failed", "dead", "lost"}) ? "\033[31m"
                      : is_any({"RUNNING", "running", "draining"})   ? "\033[33m"
                                                                     : nullptr;
  return color == nullptr ? text : color + text + "\033[0m";
}

void Output::rows(const Json& answer, const std::vector<Column>& columns) const {
  if (json_) {
    streams_.out << json_text(answer) << '\n';
    return;
  }
  std::vector<std::size_t> widths;
  for (const auto& column : columns) widths.push_back(column.title.size());
  std::vector<std::vector<std::string>> table;
  for (const auto& row : rows_of(answer)) {
    auto& cells = table.emplace_back();
    for (std::size_t i = 0; i < columns.size(); ++i) {
      cells.push_back(cut(cell_text(row, columns[i].field)));
      widths[i] = std::max(widths[i], width(cells.back()));
    }
  }
  const auto write = [&](std::size_t i, std::string_view text, std::size_t shown) {
    streams_.out << text;
    if (i + 1 < columns.size()) streams_.out << std::string(widths[i] - shown + 2, ' ');
  };
  for (std::size_t i = 0; i < columns.size(); ++i) write(i, columns[i].title, columns[i].title.size());
  streams_.out << '\n';
  for (const auto& cells : table) {
    for (std::size_t i = 0; i < cells.size(); ++i) write(i, painted(columns[i].field, cells[i]), width(cells[i]));
    streams_.out << '\n';
  }
}

void Output::fields(const Json& answer, std::vector<std::string> names) const {
  if (json_ || !answer.is_object()) {
    streams_.out << json_text(answer) << '\n';
    return;
  }
  if (names.empty()) {
    for (const auto& [key, value] : answer.items()) names.push_back(key);
  }
  // A person looks at the end of what is printed: there stands why something failed.
  std::stable_partition(names.begin(), names.end(), [&](const auto& name) { return name != "error"; });
  for (const auto& key : names) {
    const auto value = answer.value(key, Json{});
    if (key == "error" && value.is_object() && value.contains("message")) {
      streams_.out << "error: " << error_text(value) << '\n';
      continue;
    }
    if (value.is_null() || (value.is_string() && value.get<std::string>().empty()) ||
        (value.is_array() && value.empty()))
      continue;
    const bool is_nested =
        value.is_structured() && value.dump(-1, ' ', false, Json::error_handler_t::replace).size() > 60;
    if (!is_nested) {
      streams_.out << key << ": " << painted(key, cell_text(answer, key)) << '\n';
      continue;
    }
    streams_.out << key << ":\n  ";
    for (const char c : json_text(value)) streams_.out << (c == '\n' ? "\n  " : std::string(1, c));
    streams_.out << '\n';
  }
}

void Output::line(const Json& answer, std::string_view text) const {
  json_ ? static_cast<void>(streams_.out << json_text(answer) << '\n')
        : static_cast<void>(streams_.out << text << '\n');
}

int Output::error(const base::Error& error) const {
  end_progress();
  if (json_) {
    streams_.err << json_text(wire::problem_json(error)) << '\n';
    return wire::mapping_of(error.code).cli_exit_code;
  }
  streams_.err << "error: " << printable_lines(error.message) << " (" << base::to_string(error.code) << ")\n";
  for (const auto& detail : error.details) {
    if (has_said(error, detail)) continue;
    streams_.err << "  ";
    if (detail.line > 0) streams_.err << detail.line << ':' << detail.column << ": ";
    if (!detail.field.empty()) streams_.err << printable(detail.field) << ": ";
    streams_.err << printable(detail.message);
    if (!detail.suggestion.empty() && detail.message.find(detail.suggestion) == std::string::npos) {
      streams_.err << " (" << printable(detail.suggestion) << ")";
    }
    streams_.err << '\n';
  }
  return wire::mapping_of(error.code).cli_exit_code;
}

void Output::note(std::string_view text) const { streams_.err << text << '\n'; }

void Output::progress(std::string_view text) const {
  if (streams_.is_err_terminal) streams_.err << "\r\033[K" << text << std::flush;
}

void Output::end_progress() const {
  if (streams_.is_err_terminal) streams_.err << "\r\033[K" << std::flush;
}

}  // namespace noetl::cli
