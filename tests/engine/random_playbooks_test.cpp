#include <doctest/doctest.h>

#include <random>
#include <set>

#include "shared/engine/engine.hpp"
#include "tests/engine/nothing_stored.hpp"
#include "tests/engine/state_json.hpp"

namespace noetl::engine {
namespace {

using domain::Arc;
using domain::Json;
using domain::Playbook;
using domain::Step;

constexpr int playbooks_count = 400;
constexpr int commands_max = 400;  // then one is failed, so that endless playbooks drain

using Random = std::mt19937;

domain::ToolError too_slow() {
  domain::ToolError error;
  error.kind = "timeout";
  error.message = "too slow";
  return error;
}

int below(Random& random, int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(random); }

std::string name_of(int step) { return step == 0 ? "start" : "s" + std::to_string(step); }

Step random_step(Random& random, int number, int steps) {
  Step step;
  step.name = name_of(number);
  if (below(random, 6) != 0) step.tools.push_back({.kind = "noop", .label = "", .mark = {}});
  const auto condition = "{{ " + step.name + ".go }}";
  const int shape = below(random, 4);  // plain, exclusive arcs, inclusive arcs, rules
  std::vector<Arc> arcs;
  const int count = below(random, 4);
  for (int i = 0; i < count; ++i) {
    Arc arc;
    const bool is_back = below(random, 5) == 0;
    arc.step =
        name_of(is_back || number + 1 >= steps ? below(random, steps) : number + 1 + below(random, steps - number - 1));
    if (is_back || (shape != 0 && below(random, 2) == 0)) arc.when = condition;
    arc.args = Json{{"from", step.name}, {"n", "{{ " + step.name + ".n }}"}};
    arcs.push_back(arc);
  }
  if (shape == 3) {
    domain::Action action{.kind = "next", .arcs = arcs, .spec = {}, .mark = {}};
    step.cases.push_back(
        {.when = below(random, 2) == 0 ? condition : "{{ event.name == 'step.exit' }}", .then = {action}, .mark = {}});
  } else {
    step.next = arcs;
    step.has_next_arcs = shape != 0;
    step.next_mode = shape == 1 ? domain::NextMode::exclusive : domain::NextMode::inclusive;
  }
  return step;
}

Playbook random_playbook(Random& random) {
  Playbook playbook;
  playbook.generation = below(random, 2) == 0 ? "v10" : "v2era";
  playbook.entry = "start";
  const int steps = 1 + below(random, 12);
  for (int i = 0; i < steps; ++i) {
    playbook.workflow.push_back(random_step(random, i, steps));
    playbook.step_index[name_of(i)] = static_cast<std::size_t>(i);
  }
  return playbook;
}

// Everything that a decision says, for comparison.
Json all_of(const Decision& decision) {
  Json json{{"state", to_json(decision.state)}, {"commands", Json::array()}, {"events", Json::array()}};
  for (const auto& command : decision.commands) {
    json["commands"].push_back(Json{{"node_id", command.node_id}, {"tool", command.tool}, {"input", command.input}});
  }
  for (const auto& event : decision.events) {
    json["events"].push_back(Json{{"type", event.event_type}, {"step", event.step}, {"payload", event.payload.get()}});
  }
  if (decision.finish) {
    json["finish"] = Json{{"status", to_string(decision.finish->status)},
                          {"result", decision.finish->result.get()},
                          {"error", decision.finish->error}};
  }
  return json;
}

NodeResult random_end(Random& random, const State& state, bool must_fail, int number) {
  auto node = state.outstanding.begin();
  std::advance(node, below(random, static_cast<int>(state.outstanding.size())));
  if (must_fail || below(random, 60) == 0) {
    return {.node_id = node->first, .outcome = domain::Outcome::failed, .result = {}, .error = too_slow(), .frame = {}};
  }
  return {.node_id = node->first,
          .outcome = domain::Outcome::completed,
          .result = Json{{"go", below(random, 2) == 0}, {"n", number}},
          .error = {},
          .frame = {}};
}

void run_one(unsigned seed) {
  INFO("seed " << seed);
  Random random(seed);
  const auto playbook = random_playbook(random);
  const Json workload = Json::object();
  engine_tests::NothingStored nothing;
  const DecisionInput decision_input{playbook, {1}, workload, nothing};

  auto first = start(decision_input);
  REQUIRE(first);
  Decision decision = std::move(*first);
  std::set<std::string> issued;
  for (int ended = 0;; ++ended) {
    for (const auto& command : decision.commands) CHECK(issued.insert(command.node_id).second);
    if (decision.finish) break;
    REQUIRE_FALSE(decision.state.outstanding.empty());
    REQUIRE(ended < 2 * commands_max + 1000);

    const auto node_result = random_end(random, decision.state, ended >= commands_max, ended);
    const auto stored = state_from_text(state_text(decision.state));
    REQUIRE(stored);
    auto next = react(decision_input, decision.state, node_result);
    CHECK(all_of(next) == all_of(react(decision_input, *stored, node_result)));

    const auto repeated = react(decision_input, next.state, node_result);
    CHECK(to_json(repeated.state) == to_json(next.state));
    CHECK(repeated.commands.empty());
    CHECK(repeated.events.empty());
    CHECK_FALSE(repeated.finish.has_value());
    decision = std::move(next);
  }
  CHECK(decision.state.outstanding.empty());
}

TEST_CASE(
    "Random playbooks in random order always end, issue no node twice, and decide the same from a stored "
    "state") {
  for (unsigned seed = 1; seed <= playbooks_count; ++seed) run_one(seed);
}

}  // namespace
}  // namespace noetl::engine
