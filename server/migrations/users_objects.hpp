#pragma once
// Users' tables, views, functions and types in the schema noetl, and the way out of it. A role that is named like the schema makes its
// tables there (docs/guides/enqueue-from-sql.md). Any thread.
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "shared/base/result.hpp"

namespace noetl::postgres {
class Session;
}

namespace noetl::migrations {

struct UsersObject {
  std::string kind;  // table, view, function, …
  std::string name;
  std::string statement;  // moves it
};

struct RolePath {
  std::string role;
  std::string path;  // that its sessions begin with
  bool leads_here = false;  // tables that name no schema land in ours
  bool is_by_name = false;  // because the role is named like the schema
  std::string statement;  // ends that
};

[[nodiscard]] std::vector<UsersObject> users_objects(postgres::Session& session, const std::string& target_schema);
[[nodiscard]] RolePath role_path(postgres::Session& session, const std::string& target_schema);

// For a role that is named like the schema: its path leads to public from now on, unless something of users is here already, which
// playbooks find by that path. What Postgres refuses stays as it is; `noetlctl doctor` tells of it.
void leave_the_schema(const std::string& database_url);

// Moves all of it in one transaction, and the role's path with it. {"moved": [{kind, name, statement}], "search_path": what was set
// or null, "playbooks": [{path, version, name}] that name our schema before one of them}. Errors: conflict (a name is taken there),
// forbidden (another role owns it), schema_mismatch (of a later release), unavailable.
[[nodiscard]] base::Result<nlohmann::json> move_users_objects(const std::string& database_url,
                                                              const std::string& target_schema, bool is_dry_run);

}  // namespace noetl::migrations
