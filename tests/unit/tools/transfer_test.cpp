// Rows between a real Postgres, DuckDB, files and an HTTP server.
#include <doctest/doctest.h>
#include <sys/resource.h>

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
  ToolResult run(Json source, Json target, Json more = Json::object()) {
    Json options{{"source", std::move(source)}, {"target", std::move(target)}};
    options.update(more);
    return tool.run(call_of(std::move(options), Json::object(), 60s));
  }
  Json result(Json source, Json target, Json more = Json::object()) {
    const ToolResult ran = run(std::move(source), std::move(target), std::move(more));
    REQUIRE_MESSAGE(!ran.error, ran.error->message);
    return Json::parse(ran.result);
  }
};

}  // namespace

// First: the peak of the process is what is measured, and later cases load DuckDB.
TEST_CASE("a transfer holds a chunk, not the whole") {
  Bench bench;
  constexpr int rows = 300'000;  // 300 bytes each: 90 MB as text
  support::sql(bench.url, "create table t (n int, text text)");
  const auto peak_megabytes = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss / 1024;
  };
  const auto before = peak_megabytes();
  struct Listener final : Progress {
    void print(std::string_view) override {}
    void tell(ProgressNote note) override {
      ++notes;
      newest = note.rows.value_or(0);
    }
    int notes = 0;
    std::int64_t newest = 0;
  } listener;
  ToolCall call = call_of(
      {{"source",
        {{"type", "postgres"},
         {"query", "select i, repeat(md5(i::text), 9) from generate_series(1, " + std::to_string(rows) + ") i"}}},
       {"target", {{"type", "postgres"}, {"table", "t"}}},
       {"mapping", {{"n", "i"}, {"text", "repeat"}}}},
      Json::object(), 90s);
  call.progress = &listener;

  const ToolResult ran = bench.tool.run(call);

  REQUIRE_MESSAGE(!ran.error, ran.error->message);
  CHECK(listener.notes == rows / 5000);
  CHECK(listener.newest == rows);
  CHECK(support::sql_number(bench.url, "select count(*) from t where text = repeat(md5(n::text), 9)") == rows);
  MESSAGE("peak memory grew by MB: ", peak_megabytes() - before);
  // A sanitizer keeps freed memory back.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  CHECK(peak_megabytes() - before < 40);
#endif
}

TEST_CASE("rows go from Postgres through every sort of file and database, and come back the same") {
  Bench bench;
  support::sql(bench.url,
               "create table a as select i as id, 'name ''' || i as name, i * 1.25 as price, (i % 2 = 0) as even, "
               "case when i % 3 = 0 then null else i end as gap from generate_series(1, 12345) i");
  support::sql(bench.url, "create table b (like a)");
  const Json pg{{"type", "postgres"}, {"query", "select * from a order by id"}};
  const std::vector<Json> stations = {{{"type", "csv"}, {"path", bench.path("x.csv")}},
                                      {{"type", "parquet"}, {"path", bench.path("x.parquet")}},
                                      {{"type", "json"}, {"path", bench.path("x.json")}},
                                      {{"type", "duckdb"}, {"database", bench.path("x.duckdb")}, {"table", "rows"}}};

  for (const Json& station : stations) {
    INFO(station.dump());
    CHECK(bench.result(pg, station)["row_count"] == 12345);
    const Json back =
        bench.result(station, {{"type", "postgres"}, {"table", "b"}, {"mode", "replace"}}, {{"chunk_size", 1000}});
    CHECK(back["row_count"] == 12345);
    CHECK(back["chunks"] == 13);
    CHECK(support::sql_number(bench.url, "select count(*) from (select * from a except select * from b) x") == 0);
    CHECK(support::sql_number(bench.url, "select count(*) from b") == 12345);
  }
}

TEST_CASE("items of an HTTP answer are mapped into columns, and rows are posted in chunks") {
  Bench bench;
  std::vector<Json> posted;
  support::LocalHttp site;
  site.server.Get("/posts", [](const auto&, auto& response) {
    Json items = Json::array();
    for (int i = 1; i <= 25; ++i)
      items.push_back({{"id", i}, {"user", {{"name", "u" + std::to_string(i)}}}, {"tags", {"a", i}}});
    response.set_content(Json{{"page", {{"items", items}}}}.dump(), "application/json");
  });
  site.server.Post("/sink", [&](const httplib::Request& request, httplib::Response&) {
    posted.push_back(Json::parse(request.body));
  });
  site.listen();
  const std::string base = site.url("");
  support::sql(bench.url, "create table posts (post_id int primary key, author text, tags jsonb)");
  const Json source{{"type", "http"}, {"url", base + "/posts"}, {"data_path", "page.items"}};
  const Json mapping{{"post_id", "id"}, {"author", "user.name"}, {"tags", "tags"}};

  CHECK(bench.result(source, {{"type", "postgres"}, {"table", "posts"}, {"mapping", mapping}})["row_count"] == 25);
  CHECK(support::sql_number(
            bench.url, "select count(*) from posts where author = 'u' || post_id and (tags->>1)::int = post_id") == 25);
  CHECK(bench.result(source, {{"type", "postgres"}, {"table", "posts"}, {"mode", "upsert"}, {"key", "post_id"}},
                     {{"mapping", {{"post_id", "id"}, {"author", "tags"}}}})["row_count"] == 25);
  CHECK(support::sql_number(bench.url, "select count(*) from posts where author like '[\"a\"%' and tags is not null") ==
        25);

  CHECK(bench.result({{"type", "postgres"}, {"query", "select post_id from posts order by 1"}},
                     {{"type", "http"}, {"url", base + "/sink"}, {"body_key", "rows"}},
                     {{"chunk_size", 10}})["chunks"] == 3);
  REQUIRE(posted.size() == 3);
  CHECK(posted[2]["rows"].size() == 5);
  CHECK(posted[0]["rows"][0] == Json{{"post_id", 1}});
}

TEST_CASE("a transfer that fails in the middle leaves nothing behind") {
  Bench bench;
  support::sql(bench.url, "create table t (n int check (n < 9000))");
  const Json rows{{"type", "duckdb"}, {"query", "select i as n from range(10000) r(i)"}};

  const ToolResult ran = bench.run(rows, {{"type", "postgres"}, {"table", "t"}}, {{"chunk_size", 1000}});

  CHECK(error_kind(ran) == "conflict");
  CHECK(ran.error->message.find("target after") != std::string::npos);
  CHECK(support::sql_number(bench.url, "select count(*) from t") == 0);

  const ToolResult broken =
      bench.run({{"type", "postgres"}, {"query", "select 1 / (5000 - i) from generate_series(1, 10000) i"}},
                {{"type", "csv"}, {"path", bench.path("never.csv")}}, {{"chunk_size", 100}});
  CHECK(error_kind(broken) == "invalid_input");
  CHECK(std::filesystem::is_empty(bench.folder.path()));
}

TEST_CASE("nothing to transfer is no error, and what cannot be understood is") {
  Bench bench;
  support::sql(bench.url, "create table t (n int)");
  const Json none{{"type", "postgres"}, {"query", "select n from t"}};

  CHECK(bench.result(none, {{"type", "csv"}, {"path", bench.path("empty.csv")}})["row_count"] == 0);
  CHECK(support::read_text(bench.folder.path() / "empty.csv") == "n\n");
  CHECK(error_kind(bench.run(none, {{"type", "smoke"}})) == "unsupported");
  CHECK(error_kind(bench.run({{"type", "tape"}}, {{"type", "csv"}, {"path", bench.path("x.csv")}})) == "unsupported");
  CHECK(error_kind(bench.run(none, nullptr)) == "invalid_input");
  CHECK(error_kind(bench.run(none, {{"type", "postgres"}, {"table", "nowhere"}})) == "not_found");
  CHECK(error_kind(bench.run(none, {{"type", "csv"}, {"path", bench.path("x.csv")}}, {{"mapping", {{"a", "b"}}}})) ==
        "invalid_input");
}

}  // namespace noetl::tools
