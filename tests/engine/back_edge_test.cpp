#include <doctest/doctest.h>

#include "shared/engine/engine.hpp"
#include "tests/engine/nothing_stored.hpp"

namespace noetl::engine {
namespace {

TEST_CASE("A back-edge over a tool that never ends fails at the limit of visits") {
  domain::Playbook playbook;
  playbook.entry = "start";
  domain::Step step;
  step.name = "start";
  step.tools.emplace_back().kind = "noop";
  step.next.emplace_back().step = "start";
  playbook.workflow.push_back(step);
  playbook.step_index["start"] = 0;
  const domain::Json workload = domain::Json::object();
  engine_tests::NothingStored nothing;
  const DecisionInput decision_input{playbook, {1}, workload, nothing};

  auto decision = start(decision_input).value();
  int commands = 0;
  while (!decision.finish) {
    REQUIRE(decision.commands.size() == 1);
    ++commands;
    const NodeResult ended{.node_id = decision.commands[0].node_id,
                           .outcome = domain::Outcome::completed,
                           .result = domain::Json::object(),
                           .error = {},
                           .frame = {}};
    decision = react(decision_input, std::move(decision.state), ended);
  }

  CHECK(commands == 10'000);
  CHECK(decision.finish->status == domain::ExecutionStatus::failed);
  CHECK(decision.finish->error["kind"] == "too_many_visits");
}

}  // namespace
}  // namespace noetl::engine
