#pragma once
// CopyRows: rows into a table by COPY, the fastest way in. Used by one thread, with a connection that it holds.
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "worker/tools/postgres/connection.hpp"

namespace noetl::tools::postgres {

// Where rows go: names quoted already, types looked up.
struct CopyTarget {
  std::string table;
  std::string columns;  // "a", "b"
  std::vector<Column> types;
};

// invalid_input for names that are none; not_found when table or column is not there.
[[nodiscard]] Outcome<CopyTarget> copy_target(Connection& connection, const std::string& quoted_table,
                                              const std::vector<std::string>& columns, const Waiter& waiter);

// The text of one cell in Postgres's own form; nothing for null. Rows count from 0.
using CellText = std::function<base::Result<std::optional<std::string>>(std::size_t row, std::size_t column)>;

// invalid_input: a cell that has no text, with its row, counted from `first_row`, and its column.
[[nodiscard]] Outcome<StatementEnd> copy_rows(Connection& connection, const CopyTarget& target, std::size_t row_count,
                                              const CellText& text, const Waiter& waiter, std::size_t first_row = 1);

}  // namespace noetl::tools::postgres
