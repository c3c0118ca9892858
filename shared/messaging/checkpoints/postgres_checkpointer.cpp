#include "shared/messaging/checkpoints/postgres_checkpointer.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <vector>

namespace noetl::messaging {
namespace {

struct Clear {
  void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using Rows = std::unique_ptr<PGresult, Clear>;

bool is_table(std::string_view text) {
  const auto is_name = [](std::string_view name) {
    return !name.empty() && name.size() < 64 && (name[0] < '0' || name[0] > '9') &&
           std::ranges::all_of(name,
                               [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
  };
  const auto dot = text.find('.');
  if (dot == std::string_view::npos) return is_name(text);
  return is_name(text.substr(0, dot)) && is_name(text.substr(dot + 1));
}

Result<Rows> run(PGconn* connection, const std::string& statement, const std::vector<const char*>& values) {
  Rows rows(PQexecParams(connection, statement.c_str(), static_cast<int>(values.size()), nullptr, values.data(),
                         nullptr, nullptr, 0));
  const auto status = PQresultStatus(rows.get());
  if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) return rows;
  return failure(FailureKind::checkpoint, std::string("checkpoint in Postgres: ") + PQerrorMessage(connection));
}

std::uint64_t revision_of(const char* text) {
  std::uint64_t number = 0;
  const std::string_view digits(text);
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

}  // namespace

Result<PostgresCheckpointer> PostgresCheckpointer::open(pg_conn* connection, std::string table) {
  if (!is_table(table))
    return failure(FailureKind::settings,
                   "'" + table + "' is no name of a table: lower case letters, digits and '_', with one dot at most");
  return PostgresCheckpointer(connection, std::move(table));
}

Result<void> PostgresCheckpointer::make_table() {
  const auto made = run(connection_,
                        "create table if not exists " + table_ +
                            " (name text primary key, position text not null, revision bigint not null default 1,"
                            " updated_at timestamptz not null default now())",
                        {});
  if (!made) return failure(made.error());
  return {};
}

Result<std::optional<StoredCheckpoint>> PostgresCheckpointer::load(const std::string& name) {
  const auto rows = run(connection_, "select position, revision from " + table_ + " where name = $1", {name.c_str()});
  if (!rows) return failure(rows.error());
  if (PQntuples(rows->get()) == 0) return std::optional<StoredCheckpoint>{};
  return StoredCheckpoint{.position = PQgetvalue(rows->get(), 0, 0),
                          .revision = revision_of(PQgetvalue(rows->get(), 0, 1))};
}

Result<std::uint64_t> PostgresCheckpointer::save(const std::string& name, const std::string& position,
                                                 std::uint64_t revision) {
  const std::string replaced = std::to_string(revision);
  std::vector<const char*> values{name.c_str(), position.c_str()};
  std::string statement =
      "insert into " + table_ + " (name, position) values ($1, $2) on conflict (name) do nothing returning revision";
  if (revision > 0) {
    values.push_back(replaced.c_str());
    statement = "update " + table_ +
                " set position = $2, revision = revision + 1, updated_at = now()"
                " where name = $1 and revision = $3::bigint returning revision";
  }
  const auto rows = run(connection_, statement, values);
  if (!rows) return failure(rows.error());
  if (PQntuples(rows->get()) == 0)
    return failure(FailureKind::conflict,
                   "checkpoint '" + name + "' is not at revision " + replaced + ": another reader has the same name");
  return revision_of(PQgetvalue(rows->get(), 0, 0));
}

Result<void> PostgresCheckpointer::remove(const std::string& name) {
  const auto rows = run(connection_, "delete from " + table_ + " where name = $1", {name.c_str()});
  if (!rows) return failure(rows.error());
  return {};
}

}  // namespace noetl::messaging
