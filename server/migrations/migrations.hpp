#pragma once
// Migrations: the numbered files of sql/migrations, forward only, each in one transaction that locks the table of what was applied, so
// that any number of servers may start at once. Any thread.
#include <string>
#include <vector>

#include "server/postgres/search_path.hpp"
#include "shared/base/result.hpp"

namespace noetl::migrations {

struct Migration {
  int version = 0;
  std::string name;  // file name
  std::string text;
  std::string checksum;  // sha256, hex
  int runs_with = 0;  // programs that know at least this one work with the schema that it makes
};

struct AppliedMigration {
  int version = 0;
  std::string name;
  std::string applied_at;  // empty: pending
  int runs_with = 0;  // programs that know at least this one work with the schema that it makes
};

// What this program knows, in order.
[[nodiscard]] const std::vector<Migration>& known_migrations();

// Applies what is missing; the versions applied. A newer database is left as it is when its migrations say that they run with
// what this program knows. Errors: schema_mismatch (they do not, or a file was changed after it was applied), unavailable.
[[nodiscard]] base::Result<std::vector<int>> migrate_up(const std::string& database_url,
                                                        const std::string& search_path = postgres::own_search_path);
// Known migrations with the time they were applied. Errors: unavailable.
[[nodiscard]] base::Result<std::vector<AppliedMigration>> migration_status(const std::string& database_url);
// The text that migrate_up would run on an empty database.
[[nodiscard]] std::string migration_sql();

}  // namespace noetl::migrations
