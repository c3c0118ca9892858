#include "worker/tools/postgres/copy_rows.hpp"

#include "worker/tools/results.hpp"

namespace noetl::tools::postgres {

namespace {

void append_copy_cell(std::string& to, const std::optional<std::string>& text) {
  if (!text) {
    to += "\\N";
    return;
  }
  for (const char c : *text) {
    switch (c) {
      case '\\': to += "\\\\"; break;
      case '\t': to += "\\t"; break;
      case '\n': to += "\\n"; break;
      case '\r': to += "\\r"; break;
      default: to += c;
    }
  }
}

}  // namespace

Outcome<CopyTarget> copy_target(Connection& connection, const std::string& quoted_table,
                                const std::vector<std::string>& columns, const Waiter& waiter) {
  CopyTarget target{.table = quoted_table, .columns = {}, .types = {}};
  for (const std::string& name : columns) {
    auto quoted = quoted_name(name);
    if (!quoted) return tl::unexpected(tools::error_of(quoted.error()));
    target.columns += (target.columns.empty() ? "" : ", ") + *quoted;
  }
  // Lists go into arrays as array literals, into json as JSON: the columns' types decide.
  auto types = connection.describe("select " + target.columns + " from " + quoted_table + " limit 0", waiter);
  if (!types) return tl::unexpected(types.error());
  target.types = *std::move(types);
  return target;
}

Outcome<StatementEnd> copy_rows(Connection& connection, const CopyTarget& target, std::size_t row_count,
                                const CellText& text, const Waiter& waiter, std::size_t first_row) {
  std::size_t at = 0;
  const auto next = [&]() -> Outcome<std::string> {
    constexpr std::size_t chunk_bytes = 256 * 1024;
    std::string chunk;
    for (; at < row_count && chunk.size() < chunk_bytes; ++at) {
      for (std::size_t c = 0; c < target.types.size(); ++c) {
        const auto cell = text(at, c);
        if (!cell) {
          return tl::unexpected(tools::error_of("invalid_input", "column '" + target.types[c].name + "', row " +
                                                                     std::to_string(first_row + at) + ": " +
                                                                     cell.error().message));
        }
        if (c > 0) chunk += '\t';
        append_copy_cell(chunk, *cell);
      }
      chunk += '\n';
    }
    return chunk;
  };
  return connection.copy_in("copy " + target.table + " (" + target.columns + ") from stdin", next, waiter);
}

}  // namespace noetl::tools::postgres
