// When a worker may run ahead of the server's decisions.
#include "shared/engine/ahead.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>

#include "tests/engine/state_json.hpp"

namespace noetl::engine {
namespace {

using domain::Json;

struct Case {
  const char* name;
  Json bookkeeping;
  std::map<std::string, std::string> outstanding;
  std::size_t commands;
  bool is_line;
};

Json loop(int running, int claiming, int lanes) {
  return {{"step", "each"},       {"total", 9},     {"next", 3}, {"running", running},
          {"claiming", claiming}, {"lanes", lanes}, {"limit", 8}};
}
Json items(int running, int limit) {
  return {{"step", "each"}, {"total", 9}, {"next", 3}, {"running", running}, {"limit", limit}};
}

State state_with(const Json& bookkeeping, const std::map<std::string, std::string>& outstanding) {
  auto json = to_json(State{});
  json["bookkeeping"] = bookkeeping;
  json["outstanding"] = outstanding;
  return state_from_text(json.dump()).value();
}

TEST_CASE("a worker may run ahead where one loop of one lane is all that is under way, and runs all of it") {
  const Json one_claim{{"loops", {{"each", loop(0, 1, 1)}}}};
  const Case cases[] = {
      {"a claim", one_claim, {{"each", "each"}}, 1, true},
      {"rows of one claim", {{"loops", {{"each", loop(3, 0, 1)}}}}, {{"each", "each"}}, 3, true},
      {"one of them runs elsewhere", {{"loops", {{"each", loop(3, 0, 1)}}}}, {{"each", "each"}}, 2, false},
      {"two lanes", {{"loops", {{"each", loop(0, 1, 2)}}}}, {{"each", "each"}}, 1, false},
      {"an item of a sequential loop", {{"loops", {{"each", items(1, 1)}}}}, {{"each", "each"}}, 1, true},
      {"an item of a parallel loop", {{"loops", {{"each", items(1, 5)}}}}, {{"each", "each"}}, 1, false},
      {"a step beside it", one_claim, {{"each", "each"}, {"other", "other"}}, 1, false},
      {"a step alone", Json::object(), {{"other", "other"}}, 1, false},
      {"a join waits",
       {{"loops", {{"each", loop(0, 1, 1)}}}, {"arrivals", {{{"step", "join"}}}}},
       {{"each", "each"}},
       1,
       false},
      {"it has failed",
       {{"loops", {{"each", loop(1, 0, 1)}}}, {"failure", {{"kind", "exception"}}}},
       {{"each", "each"}},
       1,
       false},
      {"it has ended", {{"finished", "completed"}}, {}, 0, false},
  };
  for (const auto& one : cases) {
    CAPTURE(one.name);
    const auto state = state_with(one.bookkeeping, one.outstanding);

    CHECK(is_one_line(state, one.commands) == one.is_line);
  }
}

TEST_CASE("what leads out of the loop is the server's to begin") {
  const auto in_line = [] {
    Decision decision;
    decision.state = state_with(Json{{"loops", {{"each", loop(1, 0, 1)}}}}, {{"each", "each"}});
    return decision;
  };
  CHECK(may_run_ahead(in_line(), 1));

  auto with_child = in_line();
  with_child.children.emplace_back();
  CHECK_FALSE(may_run_ahead(with_child, 1));
  auto with_large = in_line();
  with_large.large_results.emplace_back();
  CHECK_FALSE(may_run_ahead(with_large, 1));
  auto at_end = in_line();
  at_end.finish.emplace();
  CHECK_FALSE(may_run_ahead(at_end, 1));
}

}  // namespace
}  // namespace noetl::engine
