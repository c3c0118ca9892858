#include "server/migrations/migrations.hpp"

#include <chrono>
#include <map>
#include <pqxx/pqxx>
#include <stdexcept>
#include <thread>

#include "server/migrations/users_objects.hpp"
#include "server/postgres/errors.hpp"
#include "server/postgres/sha256.hpp"
#include "shared/base/invariant.hpp"

namespace noetl::migrations {

extern const std::vector<std::pair<std::string_view, std::string_view>> migration_files;

namespace {
// Held to the end of a migration's transaction: two programs take turns, and others read on. Only who may write the table can take
// it. An advisory lock could be held by any role that can connect.
constexpr const char* lock_statement = "lock table noetl.schema_migration in exclusive mode";
constexpr const char* table_statement =
    "create schema if not exists noetl;"
    "create table if not exists noetl.schema_migration ("
    "  version int primary key, name text not null, checksum text not null,"
    "  applied_at timestamptz not null default now())";

// The first migration that says by itself which programs may work with it.
constexpr int first_with_runs_with = 10;
constexpr std::string_view runs_with_mark = "-- runs-with: ";

struct Applied {
  std::string name, checksum, applied_at;
  int runs_with = 0;  // programs that know at least this migration work with it
};

int runs_with_of(int version, std::string_view text) {
  if (version < first_with_runs_with) return version;
  NOETL_INVARIANT(text.starts_with(runs_with_mark), "a migration begins with '-- runs-with: N'");
  return std::stoi(std::string(text.substr(runs_with_mark.size(), text.find('\n') - runs_with_mark.size())));
}

bool has_runs_with(pqxx::transaction_base& transaction) {
  return transaction
      .exec1(
          "select exists (select from pg_attribute where attrelid = 'noetl.schema_migration'::regclass"
          " and attname = 'runs_with' and not attisdropped)")[0]
      .as<bool>();
}

std::map<int, Applied> read_applied(pqxx::connection& connection) {
  pqxx::nontransaction transaction(connection);
  std::map<int, Applied> applied;
  if (transaction.exec1("select to_regclass('noetl.schema_migration') is not null")[0].as<bool>()) {
    const std::string runs_with = has_runs_with(transaction) ? "runs_with" : "version";
    for (const auto& row : transaction.exec("select version, name, checksum, applied_at::text, " + runs_with +
                                            " from noetl.schema_migration")) {
      applied[row[0].as<int>()] = {row[1].c_str(), row[2].c_str(), row[3].c_str(),
                                   row[4].is_null() ? row[0].as<int>() : row[4].as<int>()};
    }
  }
  return applied;
}

base::Result<void> check_applied(const std::map<int, Applied>& applied) {
  const auto& known = known_migrations();
  const int newest = known.back().version;
  for (const auto& [version, was] : applied) {
    if (version > newest) {
      if (was.runs_with <= newest) continue;
      return base::failure(base::ErrorCode::schema_mismatch,
                           "the database has migration " + std::to_string(version) + " (" + was.name +
                               "), which needs a program that knows migration " + std::to_string(was.runs_with) +
                               "; this one knows up to " + std::to_string(newest) + ": run a newer program");
    }
    if (known[static_cast<std::size_t>(version - 1)].checksum != was.checksum) {
      return base::failure(base::ErrorCode::schema_mismatch,
                           "migration " + was.name +
                               " was applied with another text than this program has: "
                               "migrations are never edited, add a new one");
    }
  }
  return {};
}

constexpr int tries_max = 100;
constexpr std::chrono::milliseconds pause_between_tries{200};
constexpr const char* lock_not_available = "55P03";
constexpr int begins_max = 5;

struct StillLocked : std::runtime_error {
  explicit StillLocked(const std::string& migration)
      : std::runtime_error(
            "migration " + migration + " found a table of noetl locked by another session, " +
            std::to_string(tries_max) +
            " times within a minute: see who holds it (select pid, usename, state, query from pg_stat_activity "
            "join pg_locks using (pid) where relation::regclass::text like 'noetl.%'), end that session, and "
            "start again") {}
};

// False: another program has applied it meanwhile.
bool try_to_apply(pqxx::connection& connection, const Migration& migration) {
  pqxx::work transaction(connection);
  // Below Postgres' deadlock_timeout of a second, and well below what requests wait for a connection.
  transaction.exec("set local lock_timeout = '500ms'");
  transaction.exec(lock_statement);
  if (transaction
          .exec_params1("select exists (select from noetl.schema_migration where version = $1)", migration.version)[0]
          .as<bool>())
    return false;
  transaction.exec(migration.text);
  if (migration.version < first_with_runs_with) {
    transaction.exec_params("insert into noetl.schema_migration (version, name, checksum) values ($1, $2, $3)",
                            migration.version, migration.name, migration.checksum);
  } else {
    transaction.exec_params(
        "insert into noetl.schema_migration (version, name, checksum, runs_with) values ($1, $2, $3, $4)",
        migration.version, migration.name, migration.checksum, migration.runs_with);
  }
  transaction.commit();
  return true;
}

// Two programs that begin with an empty database: Postgres refuses one of them what the other has just made.
void make_table(pqxx::connection& connection) {
  for (int tried = 1;; ++tried) {
    try {
      pqxx::work transaction(connection);
      transaction.exec("set local lock_timeout = '5s'");
      transaction.exec(table_statement);
      return transaction.commit();
    } catch (const pqxx::unique_violation&) {
      if (tried == begins_max) throw;
    } catch (const pqxx::sql_error& error) {
      const bool is_there = error.sqlstate() == "42P06" || error.sqlstate() == "42P07";
      if (!is_there || tried == begins_max) throw;
    }
  }
}

// Servers of the version before go on working. Whatever waits for a lock behind a migration that itself waits for one
// waits as well, and a migration of several tables meets their transactions in another order: it steps back, not they.
bool apply(pqxx::connection& connection, const Migration& migration) {
  for (int tried = 1;; ++tried) {
    try {
      return try_to_apply(connection, migration);
    } catch (const pqxx::transaction_rollback&) {
      if (tried == tries_max) throw;
    } catch (const pqxx::sql_error& error) {
      if (error.sqlstate() != lock_not_available) throw;
      if (tried == tries_max) throw StillLocked(migration.name);
    }
    std::this_thread::sleep_for(pause_between_tries);  // lets those through that wait behind it
  }
}
}  // namespace

const std::vector<Migration>& known_migrations() {
  static const std::vector<Migration> all = [] {
    std::vector<Migration> made;
    for (const auto& [name, text] : migration_files) {
      const int version = std::stoi(std::string(name.substr(0, 4)));
      made.push_back(
          {version, std::string(name), std::string(text), postgres::sha256_hex(text), runs_with_of(version, text)});
    }
    std::sort(made.begin(), made.end(), [](const auto& a, const auto& b) { return a.version < b.version; });
    for (std::size_t i = 0; i < made.size(); ++i) {
      NOETL_INVARIANT(made[i].version == static_cast<int>(i) + 1, "migrations are numbered without gaps");
    }
    return made;
  }();
  return all;
}

base::Result<std::vector<int>> migrate_up(const std::string& database_url, const std::string& search_path) {
  try {
    pqxx::connection connection(database_url);
    connection.set_variable("search_path", search_path);
    if (read_applied(connection).empty()) make_table(connection);
    const auto applied = read_applied(connection);
    if (const auto checked = check_applied(applied); !checked) return base::failure(checked.error());

    std::vector<int> done;
    for (const auto& migration : known_migrations()) {
      if (applied.contains(migration.version)) continue;
      if (apply(connection, migration)) done.push_back(migration.version);
    }
    leave_the_schema(database_url);
    return done;
  } catch (const StillLocked& error) {
    return base::failure(base::ErrorCode::unavailable, error.what());
  } catch (const pqxx::broken_connection& error) {
    return base::failure(base::ErrorCode::unavailable,
                         "cannot migrate the database: " + postgres::told_by(error) + postgres::database_is_named_by);
  } catch (const pqxx::failure& error) {
    return base::failure(base::ErrorCode::unavailable, "cannot migrate the database: " + postgres::told_by(error));
  }
}

base::Result<std::vector<AppliedMigration>> migration_status(const std::string& database_url) {
  try {
    pqxx::connection connection(database_url);
    connection.set_variable("search_path", postgres::own_search_path);
    const auto applied = read_applied(connection);
    std::vector<AppliedMigration> rows;
    for (const auto& migration : known_migrations()) {
      const auto found = applied.find(migration.version);
      rows.push_back({migration.version, migration.name, found == applied.end() ? "" : found->second.applied_at,
                      migration.runs_with});
    }
    if (const auto checked = check_applied(applied); !checked) return base::failure(checked.error());
    return rows;
  } catch (const pqxx::broken_connection& error) {
    return base::failure(base::ErrorCode::unavailable,
                         "cannot read the migrations: " + postgres::told_by(error) + postgres::database_is_named_by);
  } catch (const pqxx::failure& error) {
    return base::failure(base::ErrorCode::unavailable, "cannot read the migrations: " + postgres::told_by(error));
  }
}

std::string migration_sql() {
  std::string text;
  for (const auto& migration : known_migrations()) text += "-- " + migration.name + "\n" + migration.text + "\n";
  return text;
}

}  // namespace noetl::migrations
