// The two stores of checkpoints hold what the interface says.
#include <doctest/doctest.h>
#include <libpq-fe.h>

#include "shared/messaging/checkpoints/key_value_checkpointer.hpp"
#include "shared/messaging/checkpoints/postgres_checkpointer.hpp"
#include "shared/messaging/stream_reader.hpp"
#include "tests/support/postgres_cluster.hpp"
#include "tests/support/wait_until.hpp"
#include "tests/unit/messaging/fixture.hpp"

using namespace noetl;
using namespace std::chrono_literals;
using messaging::FailureKind;

namespace {

struct CloseConnection {
  void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
};
using Postgres = std::unique_ptr<PGconn, CloseConnection>;

Postgres connect_to(const std::string& url) {
  Postgres connection(PQconnectdb(url.c_str()));
  REQUIRE(PQstatus(connection.get()) == CONNECTION_OK);
  return connection;
}

void run(PGconn* connection, const char* statement) {
  PGresult* result = PQexec(connection, statement);
  CHECK(PQresultStatus(result) == PGRES_COMMAND_OK);
  PQclear(result);
}

void check_store(messaging::Checkpointer& store) {
  CHECK_FALSE(store.load("reader").value().has_value());
  const auto first = store.save("reader", "one", 0).value();
  CHECK(store.load("reader").value()->position == "one");
  CHECK(store.load("reader").value()->revision == first);
  CHECK(store.save("reader", "again", 0).error().kind == FailureKind::conflict);
  const auto second = store.save("reader", "two", first).value();
  CHECK(second > first);
  CHECK(store.save("reader", "late", first).error().kind == FailureKind::conflict);
  CHECK(store.load("reader").value()->position == "two");
  CHECK_FALSE(store.load("other").value().has_value());
  REQUIRE(store.remove("reader").has_value());
  CHECK_FALSE(store.load("reader").value().has_value());
}

}  // namespace

TEST_CASE_FIXTURE(messaging::test::Fixture, "checkpoints in a key-value bucket are kept by revision") {
  auto store = messaging::KeyValueCheckpointer::open(*connection, "checkpoints").value();
  check_store(*store);
  CHECK(store->load("a b").error().kind == FailureKind::settings);
  CHECK(messaging::KeyValueCheckpointer::open(*connection, "a b").error().kind == FailureKind::settings);
}

TEST_CASE("checkpoints in Postgres are kept by revision, in a table of any database") {
  const auto connection = connect_to(support::shared_postgres().create_database());
  auto store = messaging::PostgresCheckpointer::open(connection.get(), "reader_checkpoint").value();
  CHECK(store.load("reader").error().kind == FailureKind::checkpoint);  // no table yet
  REQUIRE(store.make_table().has_value());
  REQUIRE(store.make_table().has_value());
  check_store(store);
  for (const auto* table : {"", "a b", "a;drop table x", "a.b.c", "1a", "a\"b"})
    CHECK(messaging::PostgresCheckpointer::open(connection.get(), table).error().kind == FailureKind::settings);
}

TEST_CASE_FIXTURE(
    messaging::test::Fixture,
    "what a handler writes and its checkpoint are kept together in the caller's transaction, or neither") {
  make_stream();
  publish("shop.a", 1, 20);
  const auto url = support::shared_postgres().create_database();
  const auto database = connect_to(url);
  run(database.get(), "create table seen (n int primary key)");  // a repeat would break it
  auto store = messaging::PostgresCheckpointer::open(database.get(), "reader_checkpoint").value();
  REQUIRE(store.make_table().has_value());
  messaging::StreamReaderSettings settings;
  settings.stream = "SHOP";
  settings.name = "copy";
  settings.saves = false;
  settings.retry.initial = 10ms;
  std::uint64_t revision = 0;
  std::atomic<int> handled = 0;
  int calls = 0;
  messaging::Handlers handlers;
  handlers.on("placed", 1, [&](const messaging::Received& message) -> messaging::Result<void> {
    run(database.get(), "begin");
    run(database.get(),
        ("insert into seen values (" + std::to_string(messaging::test::number_of(message.envelope)) + ")").c_str());
    if (++calls % 3 == 0) {  // the end of the process would do the same
      run(database.get(), "rollback");
      return messaging::failure(FailureKind::handler, "rolled back");
    }
    const auto saved = store.save("copy", message.position, revision);
    if (!saved) return messaging::failure(saved.error());
    run(database.get(), "commit");
    revision = *saved;
    ++handled;
    return {};
  });
  for (int round = 1; round <= 2; ++round) {
    auto reader = messaging::StreamReader::open(connection, settings, store, handlers).value();
    support::wait_until("all", 10s, [&] { return handled == 20 * round; });
    REQUIRE(reader->close().has_value());
    reader.reset();
    if (round == 1) publish("shop.a", 21, 40);
  }
  PGresult* rows = PQexec(database.get(), "select count(*), min(n), max(n) from seen");
  CHECK(std::string(PQgetvalue(rows, 0, 0)) == "40");
  CHECK(std::string(PQgetvalue(rows, 0, 2)) == "40");
  PQclear(rows);
}
