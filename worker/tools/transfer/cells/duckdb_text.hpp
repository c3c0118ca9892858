#pragma once
// A cell as the text from which DuckDB makes a value of a type, when the type keeps it. Pure; any thread.
#include <string>

#include "shared/base/result.hpp"
#include "worker/tools/duckdb/values.hpp"
#include "worker/tools/transfer/cells/cell.hpp"

namespace noetl::tools::transfer {

// The cell is not null. A BLOB takes its bytes. invalid_input: DuckDB would take it and round, cut or convert it, or it
// is of another kind. `type` is a SQL name: INTEGER, DECIMAL(10,2), …
[[nodiscard]] base::Result<std::string> duckdb_text(const Cell& cell, const Column& source, const std::string& type);
// The expression that makes the type of that text.
[[nodiscard]] std::string duckdb_cast(const std::string& expression, const std::string& type, bool is_try);

}  // namespace noetl::tools::transfer
