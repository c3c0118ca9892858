// Rows from an HTTP peer whose answer is not whole, or in another charset.
#include <doctest/doctest.h>

#include "tests/support/packed.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/postgres_cluster.hpp"
#include "tests/support/sql.hpp"
#include "tests/unit/tools/open_limits.hpp"
#include "tests/unit/tools/support.hpp"
#include "worker/tools/http/http_tool.hpp"
#include "worker/tools/transfer/transfer_tool.hpp"

namespace noetl::tools {

namespace {

struct Bench {
  std::string url = support::shared_postgres().create_database();
  HttpTool http{{.limits = open_limits(), .connect_timeout = 10s, .redirects_max = 5}};
  PostgresTool postgres{{.limits = open_limits(), .default_url = url, .pool = {}}, ScriptSource({}, nullptr)};
  DuckdbTool duckdb{{.limits = open_limits(), .library_file = {}, .threads = 2}, ScriptSource({}, nullptr)};
  TransferTool tool{{.http = http, .postgres = postgres, .duckdb = duckdb}};

  Bench() { support::sql(url, "create table t (n text)"); }
  ToolResult run(const std::string& headers, const std::string& body) {
    const support::Peer peer(support::once("HTTP/1.1 200 OK\r\n" + headers, body));
    return tool.run(call_of({{"source", {{"type", "http"}, {"url", peer.at("127.0.0.1")}}},
                             {"target", {{"type", "postgres"}, {"table", "t"}}}},
                            Json::object(), 30s));
  }
  [[nodiscard]] std::string stored() const {
    return support::sql(url, "select coalesce(string_agg(n, ',' order by n), '') from t").at(0).at(0);
  }
};

}  // namespace

TEST_CASE("a transfer of a packed answer that is cut stores nothing, and may be tried again") {
  Bench bench;
  Json rows = Json::array();
  for (int i = 0; i < 2000; ++i) rows.push_back({{"n", std::to_string(i * 7919)}});
  const std::string headers = "Content-Type: application/json\r\nContent-Encoding: gzip\r\n";
  const std::string body = support::packed(rows.dump());

  for (const std::size_t kept : {body.size() / 2, body.size() - 1}) {
    const ToolResult ran = bench.run(headers, body.substr(0, kept));
    CHECK(error_kind(ran) == "connection");
    if (ran.error) CHECK(ran.error->is_retryable);
    CHECK(bench.stored().empty());
  }
  CHECK(error_kind(bench.run(headers, body)) == "none");
}

TEST_CASE("a transfer of an answer in another charset stores its text, and of one that is no text nothing") {
  Bench bench;
  const std::string body = "[{\"n\": \"K\xF6k\"}]";

  CHECK(error_kind(bench.run("Content-Type: application/json; charset=utf-8\r\n", body)) == "invalid_input");
  CHECK(bench.stored().empty());
  CHECK(error_kind(bench.run("Content-Type: application/json; charset=iso-8859-1\r\n", body)) == "none");
  CHECK(bench.stored() == "Kök");
}

}  // namespace noetl::tools
