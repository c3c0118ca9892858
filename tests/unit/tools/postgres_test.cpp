// The postgres tool on a real Postgres.
#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "shared/base/text/base64.hpp"
#include "tests/support/postgres_cluster.hpp"
#include "tests/support/sql.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/wait_until.hpp"
#include "tests/unit/tools/open_limits.hpp"
#include "tests/unit/tools/support.hpp"
#include "worker/tools/postgres/postgres_tool.hpp"
#include "worker/tools/results.hpp"

namespace noetl::tools {

namespace {

struct Bench {
  std::string url = support::shared_postgres().create_database();
  PostgresTool tool{{.limits = open_limits(), .default_url = url, .pool = {.per_target_max = 4, .idle_max = 30s}},
                    ScriptSource({}, nullptr)};

  ToolResult run(Json options, std::chrono::milliseconds within = 30s) {
    options["kind"] = "postgres";
    return tool.run(call_of(std::move(options), Json::object(), within));
  }
  Json result(Json options) {
    const ToolResult ran = run(std::move(options));
    REQUIRE_MESSAGE(!ran.error, ran.error->message);
    return Json::parse(ran.result);
  }
};

}  // namespace

TEST_CASE("rows come with native types under both generations' names") {
  Bench bench;

  const Json result =
      bench.result({{"query",
                     "select 1 as i, 9007199254740993::bigint as big, 1.5::float8 as f, 'x' as t, true as b, "
                     "null::int as n, '{\"a\":[1]}'::jsonb as j, array[1,2] as l, '2026-01-02 "
                     "03:04:05+00'::timestamptz at time zone 'UTC' as at, "
                     "'\\x4142'::bytea as bin, 2.50::numeric as m"}});

  const Json row = {{"i", 1},
                    {"big", 9007199254740993},
                    {"f", 1.5},
                    {"t", "x"},
                    {"b", true},
                    {"n", nullptr},
                    {"j", {{"a", {1}}}},
                    {"l", {1, 2}},
                    {"at", "2026-01-02T03:04:05"},
                    {"bin", "QUI="},
                    {"m", 2.5}};
  CHECK(result["rows"] == Json::array({row}));
  CHECK(result["command_0"]["rows"] == result["rows"]);
  CHECK(result["command_0"]["status"] == "success");
  CHECK(result["command_0"]["row_count"] == 1);
  CHECK(result["row_count"] == 1);
  CHECK(result["columns"].size() == 11);
}

TEST_CASE("several statements give one command each and the last rows at the top") {
  Bench bench;

  const Json result = bench.result({{"command",
                                     "create table t (a int); insert into t values (1), (2);\n"
                                     "select a from t order by a; update t set a = a + 1;"}});

  CHECK(result["command_1"]["row_count"] == 2);
  CHECK(result["command_1"]["affected_rows"] == 2);
  CHECK(result["command_2"]["rows"] == Json::array({{{"a", 1}}, {{"a", 2}}}));
  CHECK(result["command_3"]["message"] == "Command executed. 2 rows affected.");
  CHECK(result["rows"] == result["command_2"]["rows"]);
  CHECK(result["affected_rows"] == 4);
  CHECK(support::sql_number(bench.url, "select sum(a) from t") == 5);
}

TEST_CASE("a failing statement takes the others back and is named") {
  Bench bench;

  const ToolResult ran = bench.run(
      {{"commands", {"create table t (a int)", "insert into t values (1)", "insert into nowhere values (1)"}}});

  CHECK(error_kind(ran) == "not_found");
  CHECK(ran.error->message.find("statement 3 of 3") != std::string::npos);
  CHECK(ran.error->message.find("42P01") != std::string::npos);
  CHECK(!ran.error->is_retryable);
  const Json result = Json::parse(ran.result);
  CHECK(result["rolled_back"] == true);
  CHECK(result["command_2"]["status"] == "error");
  CHECK(support::sql_number(bench.url, "select count(*) from pg_tables where tablename = 't'") == 0);
}

TEST_CASE("statements that refuse a transaction, and authors who run their own, are left alone") {
  Bench bench;

  bench.result({{"command", "create table t (a int); create index concurrently i on t (a); vacuum t"}});
  const ToolResult ran =
      bench.run({{"command", "begin; insert into t values (1); commit; insert into nowhere values (1)"}});

  CHECK(error_kind(ran) == "not_found");
  CHECK(support::sql_number(bench.url, "select count(*) from t") == 1);
}

TEST_CASE("an author's open transaction does not reach the next call") {
  Bench bench;
  bench.result({{"command", "create table t (a int)"}});

  bench.result({{"command", "begin; insert into t values (1)"}});
  bench.result({{"command", "set search_path to nowhere"}});
  const Json after = bench.result({{"query", "select count(*) as n from t"}});

  CHECK(after["rows"][0]["n"] == 0);
}

TEST_CASE("parameters carry any value, arrays and JSON included") {
  Bench bench;
  bench.result({{"command", "create table t (id int, tags text[], body jsonb, at timestamptz)"}});

  bench.result({{"command", "insert into t values ($1, $2, $3, $4)"},
                {"params", {7, {"a", "b'); drop table t; --"}, {{"x", {1, 2}}}, "2026-01-01T00:00:00Z"}}});
  const Json named = bench.result({{"query", "select tags, body from t where id = :id and body @> :body"},
                                   {"params", {{"id", 7}, {"body", {{"x", {2}}}}}}});

  CHECK(named["rows"][0]["tags"] == Json({"a", "b'); drop table t; --"}));
  CHECK(named["rows"][0]["body"] == Json{{"x", {1, 2}}});
}

TEST_CASE("rows are inserted and upserted without SQL") {
  Bench bench;
  bench.result(
      {{"command", "create table public.flat (id text primary key, value int, body jsonb, \"order\" int default 5)"}});

  bench.result({{"table", "public.flat"},
                {"rows", {{{"id", "a"}, {"value", "55"}, {"body", {{"k", 1}}}}, {{"id", "b"}, {"order", 6}}}}});
  bench.result({{"table", "flat"},
                {"mode", "upsert"},
                {"key", "id"},
                {"args", {{"id", "a"}, {"value", 56}, {"body", "{\"k\": 2}"}}}});

  const Json rows = bench.result({{"query", "select * from flat order by id"}})["rows"];
  CHECK(rows == Json({{{"id", "a"}, {"value", 56}, {"body", {{"k", 2}}}, {"order", 5}},
                      {{"id", "b"}, {"value", nullptr}, {"body", nullptr}, {"order", 6}}}));
  CHECK(error_kind(bench.run({{"table", "flat"}, {"rows", {{{"id", "a"}}}}})) == "conflict");
  CHECK(error_kind(bench.run({{"table", "flat"}, {"mode", "upsert"}, {"rows", {{{"id", "a"}}}}})) == "invalid_input");
}

TEST_CASE("COPY takes many rows with tabs, line ends and backslashes in them") {
  Bench bench;
  bench.result({{"command", "create table t (id int, text text, tags int[], body jsonb)"}});
  Json rows = Json::array();
  for (int i = 0; i < 20'000; ++i) rows.push_back({i, "a\tb\nc\\d\r" + std::to_string(i), {i, i + 1}, {{"n", i}}});
  rows.push_back({nullptr, nullptr, nullptr, nullptr});

  const Json result =
      bench.result({{"copy", {{"table", "t"}, {"columns", {"id", "text", "tags", "body"}}, {"rows", rows}}}});

  CHECK(result["row_count"] == 20'001);
  CHECK(support::sql_number(bench.url,
                            "select count(*) from t where text = E'a\\tb\\nc\\\\d\\r' || id and tags[2] = id + 1 "
                            "and (body->>'n')::int = id") == 20'000);
  const ToolResult refused = bench.run({{"copy", {{"table", "t"}, {"rows", {{{"id", "no number"}}}}}}});
  CHECK(error_kind(refused) == "invalid_input");
  CHECK(bench.result({{"query", "select 1 as one"}})["rows"][0]["one"] == 1);
}

TEST_CASE("a deadline and a stop cancel the statement on the server") {
  Bench bench;
  const auto running = [&] {
    return support::sql_number(
        bench.url, "select count(*) from pg_stat_activity where query like 'select pg_sleep(6%' and state = 'active'");
  };

  CHECK(error_kind(bench.run({{"query", "select pg_sleep(60)"}}, 300ms)) == "timeout");
  support::wait_until("the statement is gone", 5s, [&] { return running() == 0; });

  std::stop_source source;
  ToolCall call = call_of({{"kind", "postgres"}, {"query", "select pg_sleep(61)"}});
  call.stop = source.get_token();
  std::jthread stopper([&] {
    support::wait_until("the statement runs", 5s, [&] { return running() == 1; });
    source.request_stop();
  });
  const ToolResult stopped = bench.tool.run(call);

  CHECK(stopped.outcome == domain::Outcome::cancelled);
  support::wait_until("the statement is gone", 5s, [&] { return running() == 0; });
}

TEST_CASE("connections are kept, shared within their bound, and outlive a restart of nobody's") {
  Bench bench;
  std::vector<std::jthread> threads;
  std::atomic<int> good = 0;

  for (int i = 0; i < 12; ++i) {
    threads.emplace_back([&] { good += bench.run({{"query", "select pg_sleep(0.05)"}}).error ? 0 : 1; });
  }
  threads.clear();

  CHECK(good == 12);
  CHECK(bench.tool.pool().open_count() <= 4);
  support::shared_postgres().terminate_backends();
  support::wait_until("they are gone", 5s, [&] {
    return support::sql_number(bench.url,
                               "select count(*) from pg_stat_activity where application_name = 'noetl-worker'") == 0;
  });
  CHECK(bench.result({{"query", "select 1 as one"}})["rows"][0]["one"] == 1);
}

TEST_CASE("idle connections are closed after a while") {
  const std::string url = support::shared_postgres().create_database();
  PostgresTool tool({.limits = open_limits(), .default_url = url, .pool = {.per_target_max = 4, .idle_max = 50ms}},
                    ScriptSource({}, nullptr));

  REQUIRE(!tool.run(call_of({{"query", "select 1"}})).error);

  support::wait_until("the connection is closed", 5s, [&] { return tool.pool().open_count() == 0; });
}

TEST_CASE("credentials name the database, by name or in place") {
  Bench bench;
  const int port = support::shared_postgres().port();
  struct Source final : CredentialSource {
    Credential credential;
    base::Result<Credential> find(const std::string& name) override {
      if (name == credential.name) return credential;
      return base::failure(base::ErrorCode::not_found, "none");
    }
  } source;
  const std::string url = support::shared_postgres().create_database();
  support::sql(url, "create table here (a int)");
  const std::string database = url.substr(url.rfind('/') + 1);
  const std::string user = support::sql(url, "select current_user")[0][0];
  source.credential = {.name = "pg_local",
                       .type = "postgres",
                       .data = {{"db_host", "127.0.0.1"},
                                {"db_port", port},
                                {"db_user", user},
                                {"db_password", "s3cret"},
                                {"db_name", database.substr(0, database.find('?'))}}};
  ToolCall call = call_of({{"auth", "pg_local"}, {"query", "select count(*) as n from here"}});
  call.credentials = &source;

  CHECK(error_kind(bench.tool.run(call)) == "none");
  call.tool["auth"] = source.credential.data;
  CHECK(error_kind(bench.tool.run(call)) == "none");
  call.tool["auth"] = {{"pg", {{"type", "postgres"}, {"key", "pg_local"}}}};
  CHECK(error_kind(bench.tool.run(call)) == "none");

  call.tool["auth"] = "pg_missing";
  const ToolResult missing = bench.tool.run(call);
  CHECK(error_kind(missing) == "not_found");
  CHECK(missing.error->message.find("pg_missing") != std::string::npos);
}

TEST_CASE("a database that is away is a connection error, to be tried again, without the password") {
  Bench bench;

  const ToolResult away =
      bench.run({{"connection_string", "postgresql://me:s3cret@127.0.0.1:1/x"}, {"query", "select 1"}});
  const ToolResult wrong = bench.run(
      {{"connection_string",
        "postgresql://nobody_here:s3cret@127.0.0.1:" + std::to_string(support::shared_postgres().port()) + "/x"},
       {"query", "select 1"}});

  CHECK(error_kind(away) == "connection");
  CHECK(away.error->is_retryable);
  CHECK(away.error->message.find("s3cret") == std::string::npos);
  CHECK(error_kind(wrong) == "auth");
  CHECK(!wrong.error->is_retryable);
  CHECK(wrong.error->message.find("s3cret") == std::string::npos);
}

TEST_CASE("errors have kinds that playbooks can go by") {
  Bench bench;
  bench.result({{"command", "create table t (a int primary key)"}});

  CHECK(error_kind(bench.run({{"query", "selekt 1"}})) == "invalid_input");
  CHECK(error_kind(bench.run({{"query", "select 1/0"}})) == "invalid_input");
  CHECK(error_kind(bench.run({{"command", "insert into t values (1), (1)"}})) == "conflict");
  CHECK(error_kind(bench.run({{"command", "do $$ begin raise exception 'no way'; end $$"}})) == "exception");
  CHECK(error_kind(bench.run({{"query", "set statement_timeout = 50; select pg_sleep(5)"}})) == "timeout");
  CHECK(error_kind(bench.run({{"auth", "x"}, {"query", "select 1"}})) == "connection");
  CHECK(error_kind(bench.run(Json::object())) == "invalid_input");
  CHECK(bench.run(Json::object()).error->message.find("no sql command provided") != std::string::npos);
}

TEST_CASE("more rows than may be kept are refused while they come") {
  const std::string url = support::shared_postgres().create_database();
  PostgresTool tool({.limits = open_limits(100'000), .default_url = url, .pool = {}}, ScriptSource({}, nullptr));

  const ToolResult ran = tool.run(call_of({{"query", "select repeat('x', 1000) from generate_series(1, 100000000)"}}));

  CHECK(error_kind(ran) == "output_limit");
}

TEST_CASE("scripts are read below their folder and nowhere else") {
  const support::TemporaryFolder folder;
  std::filesystem::create_directory(folder.path() / "root");
  support::write_text(folder.path() / "root" / "make.sql",
                      "create table made (a int); insert into made values (3); select a from made;");
  support::write_text(folder.path() / "secret.sql", "select 'secret'");
  const std::string url = support::shared_postgres().create_database();
  PostgresTool tool({.limits = open_limits(), .default_url = url, .pool = {}},
                    ScriptSource(folder.path() / "root", nullptr));
  const auto run = [&](const std::string& uri) {
    return tool.run(call_of({{"script", {{"uri", uri}, {"source", {{"type", "file"}}}}}}));
  };

  const ToolResult made = run("./make.sql");
  REQUIRE_MESSAGE(!made.error, made.error->message);
  CHECK(Json::parse(made.result)["rows"][0]["a"] == 3);
  CHECK(error_kind(run("../secret.sql")) == "auth");
  CHECK(error_kind(run((folder.path() / "secret.sql").string())) == "auth");
  CHECK(error_kind(run("none.sql")) == "not_found");
}

TEST_CASE("base64, notices and options nobody knows") {
  Bench bench;

  CHECK(bench.result({{"query_b64", base::base64_encoded("select 5 as five")}})["rows"][0]["five"] == 5);
  CHECK(bench.run({{"command", "do $$ begin raise notice 'half way'; end $$"}}).output == "NOTICE: half way\n");
  CHECK(bench.run({{"query", "select 1"}, {"quere", "x"}}).output.find("did you mean 'query'") != std::string::npos);
  CHECK(bench.result({{"command", " -- nothing\n"}})["row_count"] == 0);
}

}  // namespace noetl::tools
