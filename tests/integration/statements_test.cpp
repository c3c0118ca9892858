// The statements of sql/queries: what they say that they take is what Postgres takes, and a connection prepares only what it runs.
#include <doctest/doctest.h>

#include <algorithm>
#include <pqxx/pqxx>
#include <sstream>

#include "server/postgres/queries.hpp"
#include "server/postgres/session.hpp"
#include "server/postgres/statements.hpp"
#include "tests/integration/test_server.hpp"

using namespace noetl;
using support::TestServer;

namespace {
// Of the lines `-- takes: name type[ or null], …`, as Postgres spells a list of types.
std::string types_taken(const std::string& text) {
  const std::string mark = "-- takes: ", null = " or null";
  std::string types;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(mark)) continue;
    std::istringstream parameters(line.substr(mark.size()));
    for (std::string one; std::getline(parameters, one, ',');) {
      one.erase(0, one.find_first_not_of(' '));
      if (one.ends_with(null)) one.resize(one.size() - null.size());
      types += (types.empty() ? "" : ",") + one.substr(one.find(' ') + 1);
    }
  }
  return types;
}

// Postgres writes them out.
std::string spelled(std::string types) {
  const std::string is = "timestamp with time zone";
  for (auto at = types.find(is); at != std::string::npos; at = types.find(is))
    types.replace(at, is.size(), "timestamptz");
  return types;
}
}  // namespace

TEST_CASE("every statement takes the parameters that its lines `takes` name") {
  TestServer server;
  pqxx::connection link(server.database_url);
  link.set_variable("search_path", "noetl, pg_catalog");
  for (const auto& [name, text] : postgres::statements()) {
    CAPTURE(name);
    pqxx::nontransaction transaction(link);
    transaction.exec("prepare " + name + " as " + text);
    const auto row = transaction.exec(
        "select array_to_string(parameter_types, ',') from pg_prepared_statements where name = '" + name + "'")[0];
    CHECK(types_taken(text) == spelled(row[0].c_str()));
  }
}

TEST_CASE("the struct of a statement has the number of its text") {
  const auto& all = postgres::statements();
  REQUIRE(all.size() == std::size(queries::all));
  for (std::size_t i = 0; i < all.size(); ++i) CHECK(all[i].first == queries::all[i]);
  CHECK(all[queries::ClaimByIds::number].first == queries::ClaimByIds::statement);
  CHECK(all[queries::WorkerLease::number].first == queries::WorkerLease::statement);
}

TEST_CASE("a connection prepares a statement when it first runs it") {
  TestServer server;
  postgres::ConnectionPool fresh({.database_url = server.database_url, .connections_max = 1});
  const auto prepared = [&] {
    std::string names;
    fresh.run_one([&](postgres::Session& session) {
      for (const auto& row :
           session.transaction().exec("select name from pg_prepared_statements order by prepare_time"))
        names += (names.empty() ? "" : ",") + std::string(row[0].c_str());
    });
    return names;
  };
  CHECK(prepared().empty());
  for (int i = 0; i < 2; ++i) {
    fresh.run_one([&](postgres::Session& session) { (void)session.run(queries::LatestCatalogId{.path = "p"}); });
    CHECK(prepared() == "latest_catalog_id");
  }
  // One that is rolled back is prepared nevertheless.
  CHECK_THROWS(fresh.transact([&](postgres::Session& session) {
    (void)session.run(queries::ListPools{});
    throw std::runtime_error("no");
  }));
  fresh.run_one([&](postgres::Session& session) { (void)session.run_named("list_pools"); });
  CHECK(prepared() == "latest_catalog_id,list_pools");
}
