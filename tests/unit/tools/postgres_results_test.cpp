// What the postgres tool says of work whose result is hard to store: what was written is never reported as not written.
#include <doctest/doctest.h>

#include "tests/support/postgres_cluster.hpp"
#include "tests/support/sql.hpp"
#include "tests/unit/tools/open_limits.hpp"
#include "tests/unit/tools/support.hpp"
#include "worker/tools/postgres/postgres_tool.hpp"
#include "worker/tools/results.hpp"

namespace noetl::tools {

namespace {

struct Bench {
  explicit Bench(std::size_t bytes_max = 1'000'000)
      : tool({.limits = open_limits(bytes_max), .default_url = url, .pool = {.per_target_max = 4, .idle_max = 30s}},
             ScriptSource({}, nullptr)) {
    Json options{{"command", "create table t (a int)"}};
    REQUIRE_FALSE(run(options).error);
  }
  ToolResult run(Json options) { return tool.run(call_of(std::move(options))); }
  Json row(const std::string& query) {
    const ToolResult ran = run({{"query", query}});
    REQUIRE_MESSAGE(!ran.error, ran.error->message);
    return Json::parse(ran.result)["rows"][0];
  }

  std::string url = support::shared_postgres().create_database();
  PostgresTool tool;
};

}  // namespace

TEST_CASE("json with NUL, half a pair, or a number beyond 64 bits comes storable with the write that returned it") {
  Bench bench;

  const Json row =
      bench.row(R"(insert into t values (1) returning '{"a":"x\u0000y","b":"\ud800","c":1e400}'::json as j)");

  CHECK(row["j"] == Json{{"a", "x\uFFFDy"}, {"b", "\uFFFD"}, {"c", "1e400"}});
  CHECK(bench.row("select count(*) as n from t")["n"] == 1);
}

TEST_CASE("numbers of json and jsonb come digit for digit") {
  const std::string numbers =
      R"([18446744073709551615,18446744073709551616,9007199254740993.25,3.14159265358979323846,0.1,-9223372036854775809])";
  const Json expected{
      18446744073709551615U, "18446744073709551616", "9007199254740993.25", "3.14159265358979323846", 0.1,
      "-9223372036854775809"};
  Bench bench;

  CHECK(bench.row("select '" + numbers + "'::json as j")["j"] == expected);
  CHECK(bench.row("select '" + numbers + "'::jsonb as j")["j"] == expected);
}

TEST_CASE("json that nests deeper than a result may stays a text") {
  Bench bench;
  const auto nested = [&](const std::string& levels) {
    return bench.row("select (repeat('[', " + levels + ") || repeat(']', " + levels + "))::jsonb as j")["j"];
  };

  CHECK(nested("90").is_array());
  CHECK(nested("91") == std::string(91, '[') + std::string(91, ']'));
}

TEST_CASE("rows beyond the bound say what was committed and what was rolled back") {
  Bench bench(3000);
  const std::string writes = "insert into t select generate_series(1, 1000) returning a, repeat('x', 100)";
  const auto message = [&](Json options) {
    const ToolResult ran = bench.run(std::move(options));
    REQUIRE(error_kind(ran) == "output_limit");
    CHECK_FALSE(ran.error->is_retryable);
    return ran.error->message;
  };

  CHECK(message({{"command", "insert into t values (1); " + writes}}).find("everything was rolled back") !=
        std::string::npos);
  CHECK(bench.row("select count(*) as n from t")["n"] == 0);
  CHECK(message({{"command", writes}}).find("may have been") != std::string::npos);
}

TEST_CASE("a refused statement says which it was, the character, the line of the SQL and what stands there") {
  Bench bench;

  const ToolResult ran =
      bench.run({{"command", "-- two\nselect 1;\n\nselect 'ä',\n  name\nfrom shop_itemz;\nselect 3"}});

  REQUIRE(ran.error);
  const Json details = Json::parse(ran.error->details);
  CHECK(details["statement"] == 2);
  CHECK(details["statements"] == 3);
  CHECK(details["position"] == 25);
  CHECK(details["line"] == 6);
  CHECK(details["code"] == "from shop_itemz");
  CHECK(details["sqlstate"] == "42P01");
}

TEST_CASE("a refusal without a place names the line at which its statement begins") {
  Bench bench;

  const ToolResult ran = bench.run({{"command", "create table u (a int not null);\ninsert into u\nvalues (null)"}});

  REQUIRE(ran.error);
  const Json details = Json::parse(ran.error->details);
  CHECK(details["statement"] == 2);
  CHECK(details["line"] == 2);
  CHECK(details["code"] == "insert into u");
  CHECK_FALSE(details.contains("position"));
}

}  // namespace noetl::tools
