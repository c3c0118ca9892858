#include "worker/tools/postgres/copy_rows.hpp"

#include "worker/tools/results.hpp"

namespace noetl::tools::postgres {

namespace {

using Json = nlohmann::json;

void append_copy_cell(std::string& to, const Json& value, TypeId type) {
  const auto text = parameter_text(value, type);
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

Outcome<StatementEnd> copy_rows(Connection& connection, const CopyTarget& target,
                                const std::vector<Json>& rows, const Waiter& waiter) {
  std::size_t at = 0;
  const auto next = [&] {
    constexpr std::size_t chunk_bytes = 256 * 1024;
    std::string chunk;
    for (; at < rows.size() && chunk.size() < chunk_bytes; ++at) {
      for (std::size_t c = 0; c < target.types.size(); ++c) {
        if (c > 0) chunk += '\t';
        append_copy_cell(chunk, rows[at].at(c), target.types[c].type);
      }
      chunk += '\n';
    }
    return chunk;
  };
  return connection.copy_in("copy " + target.table + " (" + target.columns + ") from stdin", next, waiter);
}

}  // namespace noetl::tools::postgres
