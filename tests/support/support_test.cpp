// The tools of the tests themselves, against a real Postgres and nats-server.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include "tests/support/free_port.hpp"
#include "tests/support/nats_server.hpp"
#include "tests/support/postgres_cluster.hpp"
#include "tests/support/sql.hpp"
#include "tests/support/wait_until.hpp"

using namespace noetl::support;
using namespace std::chrono_literals;

TEST_CASE("two databases of the shared cluster do not see each other") {
  const auto first = shared_postgres().create_database();
  const auto second = shared_postgres().create_database();

  sql(first, "create table t (n int)");

  CHECK(sql_number(first, "select count(*) from t") == 0);
  CHECK_THROWS(sql(second, "select * from t"));
}

TEST_CASE("Postgres keeps its port and its committed rows over a restart") {
  const auto database = shared_postgres().create_database();
  sql(database, "create table t (n int); insert into t values (7)");
  const int port = shared_postgres().port();

  shared_postgres().stop();
  CHECK_FALSE(is_listening(port));
  shared_postgres().start();

  CHECK(shared_postgres().port() == port);
  CHECK(sql_number(database, "select n from t") == 7);
}

TEST_CASE("nats-server answers the JetStream API and keeps a stream over a crash") {
  NatsServer nats;
  const auto made = nats.request("$JS.API.STREAM.CREATE.T", R"({"name":"T","subjects":["t"],"storage":"file"})");
  CHECK(made.at("config").at("name") == "T");
  nats.publish("t", "hello");

  nats.stop();
  CHECK_THROWS((void)nats.request("$JS.API.INFO"));
  nats.start();

  CHECK(nats.request("$JS.API.STREAM.INFO.T").at("state").at("messages") == 1);
}

TEST_CASE("a process is given its environment, logs to its file, and reports how it ended") {
  const TemporaryFolder folder;
  Process process({.command = {"sh", "-c", "echo $NOETL_GREETING; exit 3"},
                   .env = {{"NOETL_GREETING", "hello"}},
                   .log_file = folder.path() / "log",
                   .work_folder = {},
                   .user = {}});

  CHECK(process.wait(5s) == 3);
  CHECK(process.log() == "hello\n");
}

TEST_CASE("a killed process reports its signal, and a missing program says how to install it") {
  Process process({.command = {"sleep", "60"}, .env = {}, .log_file = {}, .work_folder = {}, .user = {}});

  CHECK(process.kill() == 128 + SIGKILL);
  CHECK_THROWS_WITH_AS((void)find_program("no-such-program"), doctest::Contains("./dev setup"), std::runtime_error);
}

TEST_CASE("waiting in vain throws and names what was waited for") {
  CHECK_THROWS_WITH_AS(wait_until("the moon", 30ms, [] { return false; }), doctest::Contains("the moon"), TimedOut);
}
