// Readiness: which schema a server serves.
#include <doctest/doctest.h>

#include "server/views/read_queue.hpp"
#include "tests/integration/test_server.hpp"

using namespace noetl;
using support::TestServer;

TEST_CASE("a server stays ready beside a newer schema, and is not ready beside an older one") {
  TestServer server;
  CHECK(views::check_readiness(server.context).is_schema_current);

  server.run(
      "insert into noetl.schema_migration (version, name, checksum, runs_with) values (9999, 'later', "
      "repeat('0', 64), 9999)");
  CHECK(views::check_readiness(server.context).is_schema_current);
  server.run("delete from noetl.schema_migration where version > 1");

  const auto older = views::check_readiness(server.context);
  CHECK(older.has_postgres);
  CHECK_FALSE(older.is_schema_current);
  CHECK(older.message.find("migration 1,") != std::string::npos);
}
