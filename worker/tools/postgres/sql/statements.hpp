#pragma once
// What a text of SQL is made of: its statements, their parameters, and whether they may share a
// transaction. Knows quotes, E'', dollar quotes, nested comments, parentheses and SQL-standard function
// bodies, as psql does. Pure functions on values; any thread.
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/base/result.hpp"

namespace noetl::tools::postgres {

struct Statement {
  std::string text;  // without leading comments and the semicolon
  std::vector<nlohmann::json> values;  // of $1, $2, …
  std::vector<std::pair<std::size_t, std::string>> places;  // of values that come from rows: row from 1, column
  int line = 0;  // of the text that it begins at, from 1; 0: it stands in none
};

struct SplitStatement {
  std::string text;
  int line = 1;  // of the script that it begins at
};

// The statements of a script; comments and blanks alone are none.
[[nodiscard]] std::vector<SplitStatement> split_statements(std::string_view sql);

// May it return rows? False only for what surely returns none.
[[nodiscard]] bool may_return_rows(std::string_view statement);
// BEGIN, COMMIT, ROLLBACK, SAVEPOINT, …: the author runs the transactions.
[[nodiscard]] bool is_transaction_control(std::string_view statement);
// VACUUM, CREATE DATABASE, … CONCURRENTLY: refused inside a transaction block.
[[nodiscard]] bool refuses_transaction(std::string_view statement);

// Gives a statement its parameters. A list: $1, $2, … of the whole list, or %s in their order, which goes on from
// `formats_used` of the statements before it. A map: :name or %(name)s. Anything else stays as it is written.
// invalid_input when a parameter has no value.
[[nodiscard]] base::Result<Statement> bind_parameters(std::string_view statement, const nlohmann::json& parameters,
                                                      std::size_t& formats_used);

// public.Users as "public"."users": what SQL reads when nothing is quoted; parts in double quotes stay as they are.
// invalid_input for no name at all.
[[nodiscard]] base::Result<std::string> quoted_name(std::string_view dotted);
[[nodiscard]] std::string quoted_identifier(std::string_view name);

}  // namespace noetl::tools::postgres
