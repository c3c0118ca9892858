#pragma once
// The placeholders of a text of SQL. Pure functions; any thread.
#include <string>
#include <string_view>

namespace noetl::tools::duckdb {

// The name that parameter 1, 2, … of a list has: "$noetl_1".
[[nodiscard]] std::string parameter_name(std::size_t number);

// $1 and every ? by those names, ? in its order, which goes on through all statements: DuckDB itself begins anew with
// each, and takes only the first numbers. What stands in quotes, dollar quotes and comments is left alone.
[[nodiscard]] std::string numbered_parameters(std::string_view sql);

}  // namespace noetl::tools::duckdb
