#include "server/migrations/database_role.hpp"

#include <pqxx/pqxx>

#include "server/postgres/errors.hpp"
#include "server/postgres/search_path.hpp"

namespace noetl::migrations {

base::Result<DatabaseRole> role_of(const std::string& database_url) {
  try {
    pqxx::connection connection(database_url);
    connection.set_variable("search_path", postgres::own_search_path);
    pqxx::nontransaction transaction(connection);
    const auto row = transaction.exec1("select rolname, rolsuper from pg_roles where rolname = current_user");
    return DatabaseRole{.name = row[0].c_str(), .is_superuser = row[1].as<bool>()};
  } catch (const pqxx::broken_connection& error) {
    return base::failure(base::ErrorCode::unavailable, "cannot ask the database for the server's role: " +
                                                           postgres::told_by(error) + postgres::database_is_named_by);
  } catch (const pqxx::failure& error) {
    return base::failure(base::ErrorCode::unavailable,
                         "cannot ask the database for the server's role: " + postgres::told_by(error));
  }
}

base::Error superuser_refused(const DatabaseRole& role) {
  return base::failure(
             base::ErrorCode::forbidden,
             "role '" + role.name +
                 "' of the database is a superuser: a fault of the server, or of who reaches its "
                 "connection, would be one of the whole cluster. Give the server a role that owns its "
                 "database and nothing else (create role noetl_server login password '…'; create "
                 "database noetl owner noetl_server; docs/operations/upgrade.md says how to transfer a database "
                 "that is there), or set allow-superuser on a machine of your own")
      .value();
}

}  // namespace noetl::migrations
