#include "server/postgres/statements.hpp"

namespace noetl::postgres {

extern const std::vector<std::pair<std::string_view, std::string_view>> query_files;

std::vector<NamedStatement> split_statements(std::string_view file_text) {
  constexpr std::string_view mark = "-- name: ";
  std::vector<NamedStatement> found;
  for (std::size_t at = file_text.find(mark); at != std::string_view::npos;) {
    const std::size_t name_start = at + mark.size();
    const std::size_t name_end = file_text.find('\n', name_start);
    const std::size_t next = file_text.find(mark, name_end);
    found.emplace_back(file_text.substr(name_start, name_end - name_start),
                       file_text.substr(name_end, next == std::string_view::npos ? next : next - name_end));
    at = next;
  }
  return found;
}

const std::vector<NamedStatement>& statements() {
  static const std::vector<NamedStatement> all = [] {
    std::vector<NamedStatement> made;
    for (const auto& [file, text] : query_files) {
      for (auto& statement : split_statements(text)) made.push_back(std::move(statement));
    }
    return made;
  }();
  return all;
}

}  // namespace noetl::postgres
