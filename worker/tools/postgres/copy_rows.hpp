#pragma once
// CopyRows: rows into a table by COPY, the fastest way in. Used by one thread, with a connection that it holds.
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

// Rows are lists in the order of the columns.
[[nodiscard]] Outcome<StatementEnd> copy_rows(Connection& connection, const CopyTarget& target,
                                              const std::vector<nlohmann::json>& rows, const Waiter& waiter);

}  // namespace noetl::tools::postgres
