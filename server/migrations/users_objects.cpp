#include "server/migrations/users_objects.hpp"

#include <pqxx/pqxx>
#include <regex>

#include "server/migrations/migrations.hpp"
#include "server/postgres/array_literal.hpp"
#include "server/postgres/errors.hpp"
#include "server/postgres/queries.hpp"
#include "server/postgres/search_path.hpp"
#include "server/postgres/session.hpp"
#include "server/postgres/statements.hpp"

namespace noetl::migrations {
namespace {
using Json = nlohmann::json;

constexpr const char* public_schema = "public";

// What the migrations make, by their own text: there is no list to forget a name in.
const std::string& product_names() {
  static const std::string names = [] {
    const std::regex made(
        R"(create (?:or replace )?(?:table|view|sequence|function|type|domain) (?:if not exists )?noetl\.(\w+))");
    postgres::ArrayLiteral found;
    found.add(std::string_view("schema_migration"));
    for (const auto& migration : known_migrations()) {
      for (std::sregex_iterator at(migration.text.begin(), migration.text.end(), made), end; at != end; ++at)
        found.add(std::string_view((*at)[1].str()));
    }
    return found.text();
  }();
  return names;
}

// The database is of a later release, whose tables this program does not know.
bool is_newer(postgres::Session& session) {
  return session.run(queries::UsersObjectsRelease{})[0][0].as<int>() > known_migrations().back().version;
}

Json playbooks_that_name(postgres::Session& session, const std::vector<UsersObject>& objects) {
  postgres::ArrayLiteral names;
  for (const auto& object : objects) names.add(std::string_view(object.name));
  auto playbooks = Json::array();
  for (const auto& row : session.run(queries::UsersObjectsPlaybooks{.names = names.text()}))
    playbooks.push_back(
        {{"path", postgres::text_of(row[0])}, {"version", row[1].as<int>()}, {"name", postgres::text_of(row[2])}});
  return playbooks;
}

Json move(postgres::Session& session, const std::string& target_schema) {
  // Behind a playbook that uses such a table: wait for moments, not for ever.
  session.transaction().exec("set local lock_timeout = '5s'");
  const auto objects = users_objects(session, target_schema);
  const auto path = role_path(session, target_schema);
  auto moved = Json::array();
  for (const auto& object : objects) {
    session.transaction().exec(object.statement);
    moved.push_back({{"kind", object.kind}, {"name", object.name}, {"statement", object.statement}});
  }
  if (path.is_by_name) session.transaction().exec(path.statement);
  return {{"moved", std::move(moved)},
          {"search_path", path.is_by_name ? Json(path.statement) : Json(nullptr)},
          {"playbooks", playbooks_that_name(session, objects)}};
}

base::Error refused(const pqxx::sql_error& error, const std::string& target_schema) {
  const auto& state = error.sqlstate();
  const bool is_taken = state == "42P07" || state == "42710" || state == "42723";
  const auto code = is_taken ? base::ErrorCode::conflict : base::ErrorCode::unavailable;
  return base::failure(code, "nothing was moved to schema " + target_schema + ": " + postgres::told_by(error) +
                                 (is_taken ? "; rename one of the two, or choose another schema with --to" : ""))
      .value();
}
}  // namespace

std::vector<UsersObject> users_objects(postgres::Session& session, const std::string& target_schema) {
  std::vector<UsersObject> found;
  if (is_newer(session)) return found;
  for (const auto& row :
       session.run(queries::UsersObjects{.product_names = product_names(), .target_schema = target_schema}))
    found.push_back(
        {postgres::text_of(row["kind"]), postgres::text_of(row["name"]), postgres::text_of(row["statement"])});
  return found;
}

RolePath role_path(postgres::Session& session, const std::string& target_schema) {
  const auto row = session.run(queries::UsersObjectsPath{.target_schema = target_schema})[0];
  return {.role = postgres::text_of(row["role"]),
          .path = postgres::text_of(row["path"]),
          .leads_here = row["leads_here"].as<bool>(),
          .is_by_name = row["is_by_name"].as<bool>(),
          .statement = postgres::text_of(row["statement"])};
}

void leave_the_schema(const std::string& database_url) {
  try {
    pqxx::connection link(database_url);
    link.set_variable("search_path", postgres::own_search_path);
    postgres::PreparedStatements prepared;
    pqxx::work transaction(link);
    postgres::Session session(transaction, prepared);
    const auto path = role_path(session, public_schema);
    if (!path.is_by_name || is_newer(session) || !users_objects(session, public_schema).empty()) return;
    transaction.exec(path.statement);
    transaction.commit();
  } catch (const pqxx::failure&) {
    return;  // the doctor says that the path leads here
  }
}

base::Result<Json> move_users_objects(const std::string& database_url, const std::string& target_schema,
                                      bool is_dry_run) {
  try {
    pqxx::connection link(database_url);
    link.set_variable("search_path", postgres::own_search_path);
    postgres::PreparedStatements prepared;
    pqxx::work transaction(link);
    postgres::Session session(transaction, prepared);
    if (is_newer(session))
      return base::failure(
          base::ErrorCode::schema_mismatch,
          "nothing was moved: the database is of a later release, whose tables this program does not know");
    auto outcome = move(session, target_schema);
    if (!is_dry_run) transaction.commit();
    return outcome;
  } catch (const pqxx::insufficient_privilege& error) {
    return base::failure(base::ErrorCode::forbidden,
                         "nothing was moved: " + postgres::told_by(error) +
                             "; run it as the role that owns the table (--postgres-user), or as a superuser");
  } catch (const pqxx::sql_error& error) {
    return base::failure(refused(error, target_schema));
  } catch (const pqxx::failure& error) {
    return base::failure(base::ErrorCode::unavailable, "nothing was moved: " + postgres::told_by(error));
  }
}

}  // namespace noetl::migrations
