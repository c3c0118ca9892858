// Every type through every pair of source and target: a value comes back the same, or the transfer says which does not fit.
#include <doctest/doctest.h>

#include <cstdlib>
#include <random>

#include "tests/support/local_http.hpp"
#include "tests/support/postgres_cluster.hpp"
#include "tests/support/sql.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/tools/open_limits.hpp"
#include "tests/unit/tools/support.hpp"
#include "worker/tools/http/http_tool.hpp"
#include "worker/tools/transfer/transfer_tool.hpp"

namespace noetl::tools {

namespace {

struct Bench {
  std::string url = support::shared_postgres().create_database();
  support::TemporaryFolder folder;
  HttpTool http{{.limits = open_limits(), .connect_timeout = 10s, .redirects_max = 5}};
  PostgresTool postgres{{.limits = open_limits(), .default_url = url, .pool = {}}, ScriptSource({}, nullptr)};
  DuckdbTool duckdb{{.limits = open_limits(), .library_file = {}, .threads = 2}, ScriptSource({}, nullptr)};
  TransferTool tool{{.http = http, .postgres = postgres, .duckdb = duckdb}};

  [[nodiscard]] std::string path(const std::string& name) const { return (folder.path() / name).string(); }
  ToolResult run(Json source, Json target, int chunk = 3) {
    return tool.run(call_of({{"source", std::move(source)}, {"target", std::move(target)}, {"chunk_size", chunk}},
                            Json::object(), 60s));
  }
  void move(Json source, Json target, int chunk = 3) {
    const std::string shown = source.dump() + " -> " + target.dump();
    const ToolResult ran = run(std::move(source), std::move(target), chunk);
    CHECK_MESSAGE(!ran.error, shown << ": " << ran.error->message);
  }
  Json rows(const std::string& query) {
    const ToolResult ran = duckdb.run(call_of({{"query", query}, {"returns", "rows"}}));
    REQUIRE_MESSAGE(!ran.error, ran.error->message);
    return Json::parse(ran.result);
  }
  [[nodiscard]] std::string text(const std::string& name) const { return support::read_text(folder.path() / name); }
};

struct Case {
  std::string type;
  std::vector<std::string> values;  // SQL
  std::string refused_by;  // stations that documentedly refuse one of them
};

// Edge values; random ones are added.
std::vector<Case> cases(std::mt19937_64& random) {
  const auto number = [&](std::int64_t low, std::int64_t high) {
    return std::to_string(std::uniform_int_distribution<std::int64_t>(low, high)(random));
  };
  std::string letters;
  for (int i = 0; i < 20; ++i) letters += "aZ,;\"\n\t\\{}[]' ü0.|"[static_cast<std::size_t>(random() % 17)];
  std::string quoted;
  for (const char c : letters) quoted += c == '\'' ? std::string("''") : std::string(1, c);
  while (!quoted.empty() && (static_cast<unsigned char>(quoted.back()) & 0x80U) != 0) quoted.pop_back();
  std::erase_if(quoted, [](char c) { return (static_cast<unsigned char>(c) & 0x80U) != 0; });
  const std::string moment = number(1, 9999) + "-0" + number(1, 9) + "-" + number(10, 28) + " " + number(10, 23) +
                             ":0" + number(0, 9) + ":00." + number(100000, 999999);
  return {
      {"boolean", {"true", "false", "null"}, ""},
      {"smallint", {"-32768", "32767", "0", number(-32768, 32767)}, ""},
      {"bigint", {"-9223372036854775808", "9223372036854775807", "null", number(INT64_MIN + 1, INT64_MAX)}, ""},
      {"real", {"0.1", "3.4028235e38", "'NaN'", "'-Infinity'", "1e-45", number(-1000000, 1000000)}, ""},
      {"double precision",
       {"0.1", "1.7976931348623157e308", "'NaN'", "'Infinity'", "5e-324", "1", number(1, 1000000) + "e-7"},
       ""},
      {"numeric",
       {"1", "1e20", "0.12345678901234567", "2.50", "-" + number(1, 1000000) + "." + number(1, 1000000)},
       ""},
      {"numeric", {"'NaN'", "123456789012345678901234567890123456789012345.5", "0"}, ""},
      {"numeric(20,2)", {"123456789012345678.12", "0.10", "-5.00", "null", number(-1000000, 1000000) + ".05"}, ""},
      {"text",
       {"''", "null", "'00501'", "'1.10'", "'NO'", "'null'", "'NULL'", "'\\N'", "e'a\\nb,\"c\"'", "' x '",
        "'{\"a\": 1}'", "'" + quoted + "'"},
       ""},
      {"varchar(10)", {"'a'", "''", "null"}, ""},
      {"bytea", {"'\\xdeadbeef'", "''", "null", "'\\x00'", "decode(md5('" + number(0, 1000000) + "'), 'hex')"}, ""},
      {"date",
       {"'2024-02-29'", "'0044-03-15 BC'", "'0001-01-01'", "'40000-01-01'", "'5874897-12-31'", "'infinity'",
        "'-infinity'", "null"},
       ""},
      {"timestamp",
       {"'40000-01-01'", "'0044-03-15 12:30:00.5 BC'", "'infinity'", "'2024-02-03 04:05:06.123456'", "null",
        "'" + moment + "'"},
       ""},
      {"timestamptz",
       {"'2024-02-03 04:05:06+05:30'", "'0044-03-15 12:30:00+00 BC'", "'-infinity'", "'40000-01-01 00:00+00'",
        "'" + moment + "+02'"},
       ""},
      {"timestamp", {"'294276-12-31'"}, "parquet duckdb"},
      {"time", {"'00:00'", "'23:59:59.999999'", "'24:00:00'", "null"}, ""},
      {"timetz", {"'10:00:00.5+02:30'", "'23:59:59-15:59'", "null"}, ""},
      {"interval",
       {"'1 year -2 mons +3 days -04:05:06.5'", "'0'", "'-1 mon'", "null",
        "'" + number(1, 1000) + " days 00:00:0" + number(0, 9) + "'"},
       ""},
      {"uuid", {"gen_random_uuid()", "null"}, ""},
      {"json", {"'{\"a\":1.10,\"b\":[1,null]}'", "'[]'", "null"}, ""},
      {"jsonb",
       {"'5'", "'\"x\"'", "'\"5\"'", "'true'", "'[1.50]'", "'{\"big\":123456789012345678.12}'", "'\"[1]\"'", "null"},
       ""},
      {"jsonb", {"'null'", "null"}, "json"},
      {"int[]", {"'{1,null,3}'", "'{}'", "'{{1,2},{3,4}}'", "null"}, ""},
      {"text[]", {"'{a,\"b,c\",\"NULL\",NULL,\"d\\\"e\"}'", "null"}, ""},
      {"numeric[]", {"'{123456789012345678.12,0.5}'"}, ""},
      {"bytea[]", {"array['\\xdead', null]::bytea[]"}, ""},
      {"date[]", {"'{2024-02-03,\"0044-03-15 BC\",infinity}'"}, ""},
      {"mood", {"'so,so'", "null"}, ""},
      {"mood[]", {"'{ok,\"so,so\"}'"}, ""},
      {"pair", {"'(1,\"x y\")'", "null"}, ""},
      {"int4range", {"'[1,5)'", "'empty'", "'(,)'"}, ""},
      {"tstzrange", {"'[2024-01-01 00:00+00,)'"}, ""},
      {"inet", {"'10.0.0.0/8'", "'::1'"}, ""},
      {"bit(3)", {"'101'"}, ""},
      {"money", {"'1234.50'"}, ""},
  };
}

}  // namespace

TEST_CASE("every type of Postgres goes through every sort of file and database and comes back the same") {
  const char* const chosen = std::getenv("NOETL_TEST_SEED");
  const std::uint64_t seed = chosen != nullptr ? std::strtoull(chosen, nullptr, 10) : 20'240'203;
  MESSAGE("NOETL_TEST_SEED=", seed);
  std::mt19937_64 random(seed);
  Bench bench;
  support::sql(bench.url, "create type mood as enum ('ok', 'so,so'); create type pair as (a int, b text)");
  int made = 0;
  for (const Case& one : cases(random)) {
    const std::string name = std::to_string(made++);
    support::sql(bench.url,
                 "drop table if exists a, b; create table a (id int, v " + one.type + "); create table b (like a)");
    for (std::size_t i = 0; i < one.values.size(); ++i)
      support::sql(bench.url, "insert into a values (" + std::to_string(i) + ", " + one.values[i] + ")");
    const Json source{{"type", "postgres"}, {"query", "select * from a order by id"}};
    const Json back{{"type", "postgres"}, {"table", "b"}, {"mode", "replace"}};
    std::vector<Json> stations;
    for (const char* type : {"csv", "json", "parquet"})
      stations.push_back({{"type", type}, {"path", bench.path(name + "." + type)}});
    stations.push_back({{"type", "duckdb"}, {"database", bench.path(name + ".duckdb")}, {"table", "rows"}});
    const auto same = [&] {
      const auto different = support::sql(
          bench.url,
          "select a.v::text, b.v::text from a full join b using (id) where a.v::text is distinct from b.v::text" +
              std::string(one.type == "numeric" ? " and a.v is distinct from b.v" : ""));
      for (const auto& row : different) FAIL_CHECK(one.type << ": " << row[0] << " became " << row[1]);
    };
    INFO(one.type);
    bench.move(source, back);
    same();
    for (const Json& first : stations) {
      const std::string type = first["type"];
      INFO(type);
      const ToolResult ran = bench.run(source, first);
      if (one.refused_by.find(type) != std::string::npos) {
        REQUIRE(error_kind(ran) != "none");
        CHECK(ran.error->message.find("column 'v', row ") != std::string::npos);
        continue;
      }
      CHECK_MESSAGE(!ran.error, ran.error->message);
      if (ran.error) continue;
      bench.move(first, back, 2);
      same();
      for (Json second : stations) {
        if (one.refused_by.find(second["type"].get<std::string>()) != std::string::npos) continue;
        // CSV and JSON files have no column of JSON: what leaves them is text, or a mixture, which is documented to be text.
        if ((type == "csv" || type == "json") && one.type.starts_with("json")) continue;
        INFO(second["type"]);
        (second["type"] == "duckdb" ? second["table"] : second["path"]) =
            second["type"] == "duckdb" ? "again" : bench.path("again." + second["type"].get<std::string>());
        if (second["type"] == "duckdb") second["database"] = bench.path(name + type + "2.duckdb");
        bench.move(first, second, 2);
        bench.move(second, back);
        same();
      }
    }
  }
}

TEST_CASE("a column without a type is as wide as its values, whichever comes first") {
  Bench bench;
  std::string body;
  support::LocalHttp site;
  site.server.Get("/rows", [&](const auto&, auto& response) { response.set_content(body, "application/json"); });
  site.listen();
  const std::string url = site.url("/rows");
  const Json source{{"type", "http"}, {"url", url}};
  const std::vector<std::pair<std::string, std::string>> lists{{"[10, 9.99, 12.5]", "DOUBLE"},
                                                               {"[1, 18446744073709551615]", "HUGEINT"},
                                                               {"[-5, 9223372036854775808]", "HUGEINT"},
                                                               {"[1, \"abc\"]", "VARCHAR"},
                                                               {"[true, \"x\", 1]", "VARCHAR"},
                                                               {"[9007199254740993, 0.5]", "DECIMAL(38,1)"},
                                                               {"[null, null, 5]", "BIGINT"},
                                                               {"[[1], {\"a\": 2}]", "JSON"},
                                                               {"[1.0, 2]", "BIGINT"},
                                                               {"[1e300, 1]", "DOUBLE"}};
  for (std::size_t i = 0; i < lists.size(); ++i) {
    const Json values = Json::parse(lists[i].first);
    Json items = Json::array();
    for (const Json& value : values) items.push_back({{"id", items.size()}, {"v", value}});
    body = items.dump();
    INFO(lists[i].first);
    for (const int chunk : {1, 100}) {
      const std::string file = bench.path(std::to_string(i) + "-" + std::to_string(chunk));
      bench.move(source, {{"type", "duckdb"}, {"database", file + ".duckdb"}, {"table", "t"}}, chunk);
      const ToolResult types = bench.duckdb.run(
          call_of({{"database", file + ".duckdb"}, {"query", "select typeof(v) as t from t"}, {"returns", "rows"}}));
      REQUIRE(!types.error);
      CHECK(Json::parse(types.result)[0]["t"] == lists[i].second);
      bench.move(source, {{"type", "json"}, {"path", file + ".json"}}, chunk);
      const Json written = Json::parse(bench.text(std::to_string(i) + "-" + std::to_string(chunk) + ".json"));
      CHECK(written == items);
    }
  }
  body = R"([{"id":1,"price":10},{"id":2,"price":9.99},{"id":3,"price":12.5}])";
  bench.move(source, {{"type", "csv"}, {"path", bench.path("p.csv")}});
  CHECK(bench.text("p.csv") == "id,price\n1,10\n2,9.99\n3,12.5\n");
}

TEST_CASE("what does not fit the target's column is refused by column, row and value") {
  Bench bench;
  support::write_text(bench.folder.path() / "x.json", R"([{"v": 1}, {"v": 2}, {"v": 9.999}, {"v": 3}])");
  const Json source{{"type", "json"}, {"path", bench.path("x.json")}};
  for (const char* type : {"int", "numeric(10,2)", "numeric(3,0)"}) {
    support::sql(bench.url, "drop table if exists t; create table t (v " + std::string(type) + ")");
    const ToolResult ran = bench.run(source, {{"type", "postgres"}, {"table", "t"}}, 2);
    CHECK(error_kind(ran) == "invalid_input");
    CHECK(ran.error->message.find("column 'v', row 3: '9.999'") != std::string::npos);
    CHECK(support::sql_number(bench.url, "select count(*) from t") == 0);
  }
  for (const char* type : {"INTEGER", "DECIMAL(10,2)", "BOOLEAN", "DATE"}) {
    const std::string database = bench.path(std::string(type).substr(0, 3) + ".duckdb");
    REQUIRE(
        !bench.duckdb.run(call_of({{"database", database}, {"query", "create table t (v " + std::string(type) + ")"}}))
             .error);
    const ToolResult ran = bench.run(source, {{"type", "duckdb"}, {"database", database}, {"table", "t"}}, 2);
    INFO(type);
    CHECK(error_kind(ran) == "invalid_input");
    CHECK(ran.error->message.find("column 'v', row ") != std::string::npos);
  }
  support::write_text(bench.folder.path() / "m.csv", "v\n2024-01-01T05:00:00\n");
  support::sql(bench.url, "create table d (v date); create table s (v timestamp(3))");
  CHECK(error_kind(bench.run({{"type", "csv"}, {"path", bench.path("m.csv")}},
                             {{"type", "postgres"}, {"table", "d"}})) == "invalid_input");
  support::write_text(bench.folder.path() / "m.csv", "v\n2024-01-01T05:00:00.1234\n");
  CHECK(error_kind(bench.run({{"type", "csv"}, {"path", bench.path("m.csv")}},
                             {{"type", "postgres"}, {"table", "s"}})) == "invalid_input");
}

TEST_CASE("the fields of a CSV are texts, which the target's types read") {
  Bench bench;
  support::write_text(bench.folder.path() / "x.csv",
                      "id,a,zip,v,f,d,n\n1,\"\",00501,1.10,NO,01/02/2024,123456789012345678.12\n2,,,,,,\n");
  support::sql(bench.url, "create table t (id int, a text, zip text, v text, f text, d text, n numeric(20,2))");
  const Json source{{"type", "csv"}, {"path", bench.path("x.csv")}};

  bench.move(source, {{"type", "postgres"}, {"table", "t"}});
  bench.move(source, {{"type", "json"}, {"path", bench.path("x.json")}});

  CHECK(support::sql_number(
            bench.url,
            "select count(*) from t where id = 1 and a = '' and zip = '00501' and v = '1.10' and f = 'NO' and d = "
            "'01/02/2024' and n = 123456789012345678.12") == 1);
  CHECK(support::sql_number(bench.url,
                            "select count(*) from t where id = 2 and a is null and zip is null and n is null") == 1);
  CHECK(Json::parse(bench.text("x.json"))[0]["zip"] == "00501");
}

}  // namespace noetl::tools
