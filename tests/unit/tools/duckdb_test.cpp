// The duckdb tool with the real library.
#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "tests/support/temporary_folder.hpp"
#include "tests/unit/tools/open_limits.hpp"
#include "tests/unit/tools/support.hpp"
#include "worker/tools/duckdb/duckdb_tool.hpp"

namespace noetl::tools {

namespace {

DuckdbTool& tool() {
  static DuckdbTool shared({.limits = open_limits(1'000'000), .library_file = {}, .threads = 2},
                           ScriptSource({}, nullptr));
  return shared;
}

ToolResult run(Json options, std::chrono::milliseconds within = 30s) {
  return tool().run(call_of(std::move(options), Json::object(), within));
}

Json result(Json options) {
  const ToolResult ran = run(std::move(options));
  REQUIRE_MESSAGE(!ran.error, ran.error->message);
  return Json::parse(ran.result);
}

Json value_of(const std::string& expression) {
  return result({{"query", "select " + expression + " as v"}})["rows"][0]["v"];
}

}  // namespace

TEST_CASE("several statements run in memory and the last rows are the result") {
  const std::string sql =
      "CREATE TABLE users (id INTEGER, name VARCHAR, age INTEGER);\n"
      "INSERT INTO users VALUES (1, 'Alice', 30), (2, 'Bob', 25), (3, 'Charlie', 35);\n"
      "SELECT name, age FROM users WHERE age >= 30 ORDER BY age;";
  const Json rows = {{{"name", "Alice"}, {"age", 30}}, {{"name", "Charlie"}, {"age", 35}}};

  const Json map = result({{"database", ":memory:"}, {"query", sql}});
  CHECK(map["rows"] == rows);
  CHECK(map["columns"] == Json{"name", "age"});
  CHECK(map["command_1"]["row_count"] == 3);
  CHECK(map["command_2"]["rows"] == rows);

  CHECK(result({{"query", sql}, {"returns", "rows"}}) == rows);
}

TEST_CASE("values have native types, nested ones included") {
  CHECK(value_of("1::bigint") == 1);
  CHECK(value_of("true") == true);
  CHECK(value_of("null").is_null());
  CHECK(value_of("2.5::double") == 2.5);
  CHECK(value_of("10.50::decimal(10,2)") == 10.5);
  CHECK(value_of("-0.05::decimal(4,2)") == -0.05);
  CHECK(value_of("170141183460469231731687303715884105727::hugeint") == "170141183460469231731687303715884105727");
  CHECK(value_of("(-5)::hugeint") == -5);
  CHECK(value_of("'a short text'") == "a short text");
  CHECK(value_of("'a text that is longer than twelve bytes: ü'") == "a text that is longer than twelve bytes: ü");
  CHECK(value_of("date '2024-02-29'") == "2024-02-29");
  CHECK(value_of("timestamp '1969-12-31 23:59:59.5'") == "1969-12-31T23:59:59.5");
  CHECK(value_of("timestamptz '2026-01-01 00:00:00+00'") == "2026-01-01T00:00:00+00:00");
  CHECK(value_of("time '01:02:03.25'") == "01:02:03.25");
  CHECK(value_of("interval '1 month 2 days 3 seconds'") == "P1M2DT3S");
  CHECK(value_of("uuid '00112233-4455-6677-8899-aabbccddeeff'") == "00112233-4455-6677-8899-aabbccddeeff");
  CHECK(value_of("'AB'::blob") == "QUI=");
  CHECK(value_of("[1, null, 3]") == Json{1, nullptr, 3});
  CHECK(value_of("{'a': 1, 'b': [{'c': 'x'}]}") == Json{{"a", 1}, {"b", {{{"c", "x"}}}}});
  CHECK(value_of("map {'k': 1}") == Json{{"k", 1}});
  CHECK(value_of("array_value(1, 2)") == Json{1, 2});
  CHECK(value_of("'b'::enum('a', 'b')") == "b");
  CHECK(value_of("'nan'::double") == "NaN");
}

TEST_CASE("dates of every year, infinity, floats and times with a zone come as they are") {
  CHECK(value_of("timestamp '40000-01-01'") == "40000-01-01T00:00:00");
  CHECK(value_of("date '5881580-07-10'") == "5881580-07-10");
  CHECK(value_of("date '0044-03-15 (BC)'") == "0044-03-15 BC");
  CHECK(value_of("date '0001-12-31 (BC)'") == "0001-12-31 BC");
  CHECK(value_of("date '0001-01-01'") == "0001-01-01");
  CHECK(value_of("timestamp '0044-03-15 (BC) 12:30:00'") == "0044-03-15 12:30:00 BC");
  CHECK(value_of("timestamptz '0044-03-15 (BC) 12:30:00+00'") == "0044-03-15 12:30:00+00:00 BC");
  CHECK(value_of("'infinity'::timestamptz") == "infinity");
  CHECK(value_of("'-infinity'::timestamp") == "-infinity");
  CHECK(value_of("'-infinity'::date") == "-infinity");
  CHECK(value_of("0.1::float") == 0.1);
  CHECK(value_of("[0.1::float, 1e30::float, 'inf'::float]") == Json{0.1, 1e30, "Infinity"});
  CHECK(value_of("'10:00:00.5+02:30'::timetz") == "10:00:00.5+02:30");
  CHECK(value_of("'23:59:59-15:59:59'::timetz") == "23:59:59-15:59:59");
  CHECK(value_of("18446744073709551615::ubigint") == 18446744073709551615ULL);
}

TEST_CASE("parameters go on from statement to statement, and numbers name the whole list") {
  const Json list =
      result({{"command",
               "create table t (a ubigint, b varchar); insert into t values (?, 'a?'); insert into t values (?, ?); "
               "select * from t"},
              {"params", {1, 18446744073709551615ULL, "x"}}})["rows"];
  CHECK(list == Json({{{"a", 1}, {"b", "a?"}}, {{"a", 18446744073709551615ULL}, {"b", "x"}}}));
  CHECK(result({{"query", "select $2::int as v"}, {"params", {1, 2}}})["rows"][0]["v"] == 2);
  CHECK(result({{"command", "select $1::int as v; select $2::int as v"}, {"params", {1, 2}}})["rows"][0]["v"] == 2);
  CHECK(error_kind(run({{"command", "select ?::int as v; select ?::int as v"}, {"params", {1}}})) == "invalid_input");
}

TEST_CASE("many chunks of rows come whole and in order") {
  const Json rows =
      result({{"query", "select i, 'row number ' || i as t, [i, i + 1] as l from range(5000) t(i)"}})["rows"];

  REQUIRE(rows.size() == 5000);
  CHECK(rows[4999] == Json{{"i", 4999}, {"t", "row number 4999"}, {"l", {4999, 5000}}});
}

TEST_CASE("a file keeps its tables, and calls at once share it") {
  const support::TemporaryFolder folder;
  const std::string file = (folder.path() / "x.duckdb").string();
  result({{"database", file}, {"command", "create table t (a int)"}});
  std::atomic<int> good = 0;
  std::vector<std::jthread> threads;

  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      good += run({{"database", file}, {"command", "insert into t values (" + std::to_string(i) + ")"}}).error ? 0 : 1;
    });
  }
  threads.clear();

  CHECK(good == 8);
  CHECK(result({{"database", file}, {"query", "select count(*) as n, sum(a)::int as s from t"}})["rows"] ==
        Json({{{"n", 8}, {"s", 28}}}));
}

TEST_CASE("parameters are bound by place and by name") {
  CHECK(result({{"query", "select $1::int + $2::int as v"}, {"params", {1, 2}}})["rows"][0]["v"] == 3);
  CHECK(result({{"query", "select ?::varchar as v"}, {"params", {"it's"}}})["rows"][0]["v"] == "it's");
  CHECK(result({{"query", "select $who::varchar as v, $n::int as n"},
                {"params", {{"who", "me"}, {"n", nullptr}}}})["rows"] == Json({{{"v", "me"}, {"n", nullptr}}}));
  CHECK(error_kind(run({{"query", "select $2::int as v"}, {"params", {1}}})) == "invalid_input");
  CHECK(error_kind(run({{"query", "select $1::int as v"}})) == "invalid_input");
}

TEST_CASE("csv, json and parquet files are read and written") {
  const support::TemporaryFolder folder;
  const std::string path = folder.path().string();
  support::write_text(folder.path() / "in.csv", "a,b\n1,x\n2,y\n");

  result({{"command", "copy (select * from '" + path + "/in.csv') to '" + path +
                          "/out.parquet' (format parquet);"
                          "copy (select * from '" +
                          path + "/in.csv') to '" + path + "/out.json'"}});

  CHECK(result({{"query", "select * from '" + path + "/out.parquet' order by a"}})["rows"] ==
        Json({{{"a", 1}, {"b", "x"}}, {{"a", 2}, {"b", "y"}}}));
  CHECK(result({{"query", "select sum(a)::int as s from '" + path + "/out.json'"}})["rows"][0]["s"] == 3);
}

TEST_CASE("a deadline and a stop interrupt what runs") {
  const std::string endless = "select count(*) from range(100000000000) a(i) where hash(i) = 7";
  const auto begin = std::chrono::steady_clock::now();

  CHECK(error_kind(run({{"query", endless}}, 300ms)) == "timeout");
  std::stop_source source;
  ToolCall call = call_of({{"query", endless}});
  call.stop = source.get_token();
  std::jthread stopper([&] { source.request_stop(); });
  CHECK(tool().run(call).outcome == domain::Outcome::cancelled);

  CHECK(std::chrono::steady_clock::now() - begin < 20s);
  CHECK(value_of("1") == 1);
}

TEST_CASE("errors have kinds, and name the statement") {
  CHECK(error_kind(run({{"query", "selekt"}})) == "invalid_input");
  CHECK(error_kind(run({{"query", "select * from nowhere"}})) == "not_found");
  CHECK(error_kind(run({{"command", "create table t (a int primary key); insert into t values (1), (1)"}})) ==
        "conflict");
  CHECK(error_kind(run({{"query", "select 'x'::int"}})) == "invalid_input");
  CHECK(error_kind(run({{"query", "select * from '/no/such/file.csv'"}})) == "invalid_input");
  CHECK(error_kind(run({{"query", "select '101'::bit as b"}})) == "unsupported");
  CHECK(error_kind(run(Json::object())) == "invalid_input");
  const ToolResult second = run({{"command", "select 1 as a; select * from nowhere; select 2"}});
  CHECK(second.error->message.find("statement 2 of 3") != std::string::npos);
  CHECK(Json::parse(second.result)["command_0"]["rows"] == Json({{{"a", 1}}}));
}

TEST_CASE("Postgres is attached only where the extension is, and says so") {
  const ToolResult ran = run({{"command", "attach 'host=127.0.0.1 port=1' as pg (type postgres)"}});

  CHECK(error_kind(ran) == "unsupported");
}

TEST_CASE("more rows than may be kept are refused while they come") {
  CHECK(error_kind(run({{"query", "select repeat('x', 1000) as t from range(100000000)"}})) == "output_limit");
}

TEST_CASE("a worker without the library says how to get it") {
  DuckdbTool none({.limits = {}, .library_file = "/no/such/libduckdb.so", .threads = 1}, ScriptSource({}, nullptr));

  const ToolResult ran = none.run(call_of({{"query", "select 1"}}));

  CHECK(error_kind(ran) == "unsupported");
  CHECK(ran.error->message.find("npm install @duckdb/node-bindings") != std::string::npos);
  CHECK(ran.error->message.find("/no/such/libduckdb.so") != std::string::npos);
}

TEST_CASE("a refused statement says which it was, and the line of the SQL where it is wrong") {
  const ToolResult bound = run({{"command", "select 1;\n\nselect nam from (select 1 as name)"}});
  REQUIRE(bound.error);
  INFO(bound.error->message);
  const Json details = Json::parse(bound.error->details);
  CHECK(details["statement"] == 2);
  CHECK(details["statements"] == 2);
  CHECK(details["line"] == 3);

  const ToolResult parsed = run({{"command", "select 1;\nselct 2"}});
  REQUIRE(parsed.error);
  INFO(parsed.error->message);
  CHECK(Json::parse(parsed.error->details)["line"] == 2);
  CHECK(Json::parse(parsed.error->details)["code"] == "selct 2");
}

}  // namespace noetl::tools
