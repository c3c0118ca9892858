// What Postgres gives through the tool is what it takes again, whatever the step has set.
#include <doctest/doctest.h>

#include "tests/support/postgres_cluster.hpp"
#include "tests/support/sql.hpp"
#include "tests/unit/tools/open_limits.hpp"
#include "tests/unit/tools/support.hpp"
#include "worker/tools/postgres/postgres_tool.hpp"

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

TEST_CASE("what a bytea gives is what it takes, by rows, COPY and parameters") {
  Bench bench;
  bench.result({{"command", "create table b (id int, b bytea, l bytea[])"}});
  const Json row{{"id", 1}, {"b", "3q2+7w=="}, {"l", {"3q0=", nullptr}}};

  bench.result({{"table", "b"}, {"rows", {row}}});
  bench.result({{"copy", {{"table", "b"}, {"rows", {row}}}}});
  bench.result({{"command", "insert into b values ($1, $2, $3); insert into b values (2, $2, $3)"},
                {"params", {1, "3q2+7w==", {"3q0=", nullptr}}}});

  CHECK(support::sql_number(
            bench.url, "select count(*) from b where b = '\\xdeadbeef' and l = array['\\xdead', null]::bytea[]") == 4);
  CHECK(bench.result({{"query", "select * from b limit 1"}})["rows"][0] == row);
  const ToolResult rows = bench.run({{"table", "b"}, {"rows", {row, {{"id", 2}, {"b", "no bytes!"}}}}});
  CHECK(error_kind(rows) == "invalid_input");
  CHECK(rows.error->message.find("row 2, column 'b'") != std::string::npos);
  const ToolResult copy = bench.run({{"copy", {{"table", "b"}, {"rows", {row, {{"id", 2}, {"b", "no bytes!"}}}}}}});
  CHECK(error_kind(copy) == "invalid_input");
  CHECK(copy.error->message.find("column 'b', row 2") != std::string::npos);
  CHECK(support::sql_number(bench.url, "select count(*) from b") == 4);
}

TEST_CASE("arrays of any type are lists, both ways") {
  Bench bench;
  bench.result({{"command",
                 "create type mood as enum ('ok', 'so,so'); create domain short as text check (length(value) < 5); "
                 "create type pair as "
                 "(a int, b text); create domain tags as text[]; create table t (m mood[], s short[], p pair[], r "
                 "int4range[], i "
                 "inet[], x box[], d tags)"}});
  const Json row{{"m", {"ok", "so,so", nullptr}},
                 {"s", {"NULL", "a\"b"}},
                 {"p", {"(1,\"x y\")"}},
                 {"r", {"[1,5)"}},
                 {"i", {"10.0.0.0/8"}},
                 {"x", {"(1,1),(0,0)", "(2,2),(1,1)"}},
                 {"d", Json::array({Json::array({"a", "b"}), Json::array({"c", nullptr})})}};

  bench.result({{"table", "t"}, {"rows", {row}}});
  bench.result({{"copy", {{"table", "t"}, {"rows", {row}}}}});
  bench.result({{"command", "insert into t (m) values ($1)"}, {"params", {{"ok"}}}});

  const Json rows = bench.result({{"query", "select * from t"}})["rows"];
  CHECK(rows[0] == row);
  CHECK(rows[1] == row);
  CHECK(rows[2]["m"] == Json{"ok"});
  // A type that was made a moment ago, in the same transaction.
  CHECK(bench.result(
            {{"command", "create type now as enum ('a'); select array['a', null]::now[] as v"}})["rows"][0]["v"] ==
        Json{"a", nullptr});
}

TEST_CASE("a step's settings change neither the form of its values nor the next step") {
  Bench bench;
  const std::string values =
      "select timestamp '2024-02-03 04:05:06' as t, interval '1 day 02:00' as i, 0.1::float8 + 0.2 as f, "
      "'\\xff00'::bytea as b, "
      "array[date '2024-02-03'] as d, row_to_json(row(pi())) as j";
  const Json plain = bench.result({{"query", values}})["rows"][0];
  REQUIRE(plain["t"] == "2024-02-03T04:05:06");
  REQUIRE(plain["d"] == Json{"2024-02-03"});
  for (const char* setting :
       {"set datestyle = 'German'", "set datestyle = 'SQL, DMY'", "set datestyle = 'Postgres, MDY'",
        "set intervalstyle = 'sql_standard'", "set intervalstyle = 'postgres_verbose'", "set extra_float_digits = -10",
        "set bytea_output = 'escape'", "select set_config('extra_float_digits', '0', false)",
        "set search_path = nowhere", "set local datestyle = 'German'", "set client_encoding = 'LATIN1'",
        "set timezone = 'Asia/Tokyo'"}) {
    INFO(setting);
    CHECK(bench.result({{"command", std::string(setting) + "; " + values}})["rows"][0] == plain);
    CHECK(bench.result({{"command", "begin; " + std::string(setting) + "; " + values + "; commit"}})["rows"][0] ==
          plain);
    CHECK(bench.result(
              {{"query",
                "select current_setting('datestyle') || current_setting('intervalstyle') || "
                "current_setting('extra_float_digits') || current_setting('bytea_output') as s"}})["rows"][0]["s"] ==
          "ISO, MDYpostgres1hex");
    CHECK(bench.tool.pool().open_count() == 1);
  }
  // The author's own texts follow what he set, before and after a statement that returns dates.
  const Json own =
      bench.result({{"command",
                     "set datestyle = 'German'; select '03.02.2024'::date as d; select 'x' || date '2024-02-03' as t; "
                     "select current_setting('datestyle') as s, 'Kök' as k"}});
  CHECK(own["command_1"]["rows"][0]["d"] == "2024-02-03");
  CHECK(own["command_2"]["rows"][0]["t"] == "x03.02.2024");
  CHECK(own["command_3"]["rows"][0] == Json{{"s", "German, DMY"}, {"k", "Kök"}});
}

TEST_CASE("a role whose database writes dates in another way gets the same values") {
  Bench bench;
  support::sql(bench.url, "alter database " + support::sql(bench.url, "select quote_ident(current_database())")[0][0] +
                              " set datestyle = 'German'; ");
  support::sql(bench.url, "alter database " + support::sql(bench.url, "select quote_ident(current_database())")[0][0] +
                              " set extra_float_digits = -5");
  for (int i = 0; i < 2; ++i) {
    const Json row = bench.result({{"query", "select date '2024-02-03' as d, 0.1::float8 + 0.2 as f"}})["rows"][0];
    CHECK(row == Json{{"d", "2024-02-03"}, {"f", 0.30000000000000004}});
  }
}

TEST_CASE("parameters go on from statement to statement") {
  Bench bench;
  bench.result({{"command", "create table t (a int); insert into t values (%s); insert into t values (%s)"},
                {"params", {1, 2}}});
  bench.result({{"command", "insert into t values ($1); insert into t values ($2::int * 2)"}, {"params", {3, 4}}});
  bench.result({{"commands",
                 {"insert into t values (%s)",
                  {{"command", "insert into t values (%s)"}, {"params", {6}}},
                  "insert into t values (%s)"}},
                {"params", {5, 7}}});

  CHECK(bench.result({{"query", "select array_agg(a) as l from t"}})["rows"][0]["l"] == Json{1, 2, 3, 8, 5, 6, 7});
  CHECK(error_kind(bench.run({{"command", "insert into t values (%s); insert into t values (%s)"}, {"params", {1}}})) ==
        "invalid_input");
}

TEST_CASE("a text in a JSON column is a map or a list when it reads as one, and else a string") {
  Bench bench;
  bench.result({{"command", "create table t (id int, j jsonb)"}});
  const std::vector<std::string> texts{"5", "true", "null", "hello", "\"quoted\"", "[draft", "{\"a\": 1}", " [1]"};
  for (std::size_t i = 0; i < texts.size(); ++i)
    bench.result({{"table", "t"}, {"rows", {{{"id", i}, {"j", texts[i]}}}}});

  const Json rows = bench.result({{"query", "select j from t order by id"}})["rows"];
  for (std::size_t i = 0; i < 6; ++i) CHECK(rows[i]["j"] == texts[i]);
  CHECK(rows[6]["j"] == Json{{"a", 1}});
  CHECK(rows[7]["j"] == Json{1});
}

}  // namespace noetl::tools
