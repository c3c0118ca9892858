#pragma once
// confine: takes a database's rights from it before any statement of a step runs. Free functions; any thread.
#include <string>
#include <vector>

#include "shared/base/result.hpp"
#include "worker/tools/duckdb/api.hpp"

namespace noetl::tools::duckdb {

// Afterwards its statements reach the database's own file and files below `folders`, load no extension, and change no setting.
// Of a database that several calls share, the later ones change nothing. unsupported: this DuckDB cannot be confined.
[[nodiscard]] base::Result<void> confine(const Api& api, Handle database, const std::vector<std::string>& folders);

}  // namespace noetl::tools::duckdb
