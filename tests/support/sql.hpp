#pragma once
// What tests look up in Postgres by themselves, not through the product. A connection per call, so that
// restarts of Postgres need no care. Any thread.
#include <cstdint>
#include <string>
#include <vector>

namespace noetl::support {

using SqlRow = std::vector<std::string>;  // null is ""

// One statement (or several separated by `;`); throws with Postgres's message.
std::vector<SqlRow> sql(const std::string& database_url, const std::string& statement);
// The only value of the only row, as a number.
[[nodiscard]] std::int64_t sql_number(const std::string& database_url, const std::string& statement);

}  // namespace noetl::support
