#include <algorithm>
#include <span>

#include "server/doctor/stack_checks.hpp"
#include "server/migrations/users_objects.hpp"
#include "server/postgres/connection_pool.hpp"

namespace noetl::doctor {
namespace {
constexpr std::size_t shown_max = 20;
}

Check check_users_tables(postgres::ConnectionPool& connections) {
  auto check = named("users' tables");
  std::vector<migrations::UsersObject> objects;
  migrations::RolePath path;
  connections.transact([&](postgres::Session& session) {
    objects = migrations::users_objects(session, "public");
    path = migrations::role_path(session, "public");
  });
  for (const auto& object : std::span(objects).first(std::min(objects.size(), shown_max))) {
    find(check, Verdict::warning,
         {"noetl." + object.name, "the " + object.kind + " noetl." + object.name + " is not the product's"},
         "A role named like the schema has made them there. See what would move, and which playbooks name the schema: "
         "`noetlctl migrate "
         "move-tables --dry-run`; then without --dry-run (docs/operations/upgrade.md).");
  }
  check.total = static_cast<std::int64_t>(objects.size());
  if (path.leads_here) {
    find(check, Verdict::warning,
         {path.role, "sessions of role " + path.role + " begin with search_path " + path.path +
                         ": tables that name no schema land in noetl"},
         path.is_by_name ? "Run `noetlctl migrate move-tables`, which sets it to public for this database."
                         : "Leave noetl out of it: alter role " + path.role + " set search_path = \"$user\", public.");
  }
  if (check.total == 0) check.summary = "none in the schema noetl";
  return check;
}

}  // namespace noetl::doctor
