#include <doctest/doctest.h>

#include <string>

#include "shared/engine/engine.hpp"
#include "tests/engine/memory_archive.hpp"

namespace noetl::engine {
namespace {

using domain::Json;

domain::Playbook playbook_with(int lanes, int rows_at_once) {
  domain::Playbook playbook;
  playbook.entry = "each";
  domain::Step step;
  step.name = "each";
  step.tools.emplace_back().kind = "noop";
  step.loop.emplace();
  step.loop->mode = "cursor";
  step.loop->iterator = "row";
  step.loop->spec = Json{{"cursor", {{"kind", "postgres"}, {"claim", "update …"}}},
                         {"max_in_flight", lanes},
                         {"frame", {{"row_concurrency", rows_at_once}}}};
  playbook.workflow.push_back(step);
  playbook.step_index["each"] = 0;
  return playbook;
}

bool is_claim(const std::string& node_id) { return node_id.find("!claim~") != std::string::npos; }

NodeResult ended(const std::string& node_id, const std::string& frame, Json result) {
  return {.node_id = node_id,
          .outcome = domain::Outcome::completed,
          .result = std::move(result),
          .error = {},
          .frame = frame};
}

TEST_CASE("A cursor claims no more while rows wait for their turn") {
  const auto playbook = playbook_with(200, 10);  // more at once than the 1000 of the window
  const Json workload = Json::object();
  engine_tests::MemoryArchive archive;
  const DecisionInput decision_input{playbook, {1}, workload, archive};
  auto decision = start(decision_input).value();
  const auto claims = decision.commands;
  REQUIRE(claims.size() == 200);
  Json rows = Json::array();
  for (int i = 0; i < 10; ++i) rows.push_back(Json{{"id", i}});

  int claims_more = 0;
  for (const auto& claim : claims) {
    decision =
        react(decision_input, std::move(decision.state), ended(claim.node_id, claim.frame, Json{{"rows", rows}}));
    REQUIRE(archive.take(decision));
    for (const auto& command : decision.commands) claims_more += is_claim(command.node_id) ? 1 : 0;
  }

  CHECK(claims_more == 0);
}

TEST_CASE("A cursor claims as many rows as a loop may have, and fails at the next") {
  const auto playbook = playbook_with(1, 1000);
  const Json workload = Json::object();
  engine_tests::MemoryArchive archive;
  const DecisionInput decision_input{playbook, {1}, workload, archive};
  auto decision = start(decision_input).value();
  REQUIRE(decision.commands.size() == 1);
  const auto claim = decision.commands[0];
  auto& loop = decision.state.notes.loops.at("each");
  loop.total = loop.next = loop.completed = 1'000'000;

  decision = react(decision_input, std::move(decision.state), ended(claim.node_id, claim.frame, Json::array({1})));

  REQUIRE(decision.finish);
  CHECK(decision.finish->error["kind"] == "too_many_items");
  CHECK(decision.finish->error["message"].get<std::string>().find("1000000 rows and now 1 more") != std::string::npos);
}

}  // namespace
}  // namespace noetl::engine
