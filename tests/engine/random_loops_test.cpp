// Loops, pipelines, retries and called playbooks, made at random and played in random order.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>

#include "shared/engine/engine.hpp"
#include "shared/language/loading/playbook_loader.hpp"
#include "tests/engine/memory_archive.hpp"
#include "tests/engine/state_json.hpp"

namespace noetl::engine {
namespace {

using Random = std::mt19937;
using engine_tests::MemoryArchive;
constexpr unsigned loop_playbooks_count = 400;
constexpr int ends_max = 20'000;

int loop_below(Random& random, int bound) { return static_cast<int>(random() % static_cast<unsigned>(bound)); }

const char* one_of(Random& random, std::initializer_list<const char*> texts) {
  return texts.begin()[loop_below(random, static_cast<int>(texts.size()))];
}

std::string random_tool(Random& random) {
  return one_of(random,
                {
                    "{ kind: shell, command: x }",
                    "{ kind: playbook, path: other, args: { n: \"{{ item }}\" } }",
                    "{ kind: shell, command: x, spec: { policy: { rules: [{ when: \"{{ output.status == 'error' }}\", "
                    "then: { do: retry, attempts: 3, delay: 1 } }] } } }",
                    "[{ name: a, kind: shell, command: x, set: { iter.a: \"{{ output }}\" } }, { name: b, kind: noop "
                    "}, "
                    "{ name: c, kind: shell, command: \"{{ a }} {{ _prev }}\" }]",
                    "[{ name: a, kind: shell, command: x, spec: { policy: { rules: [{ when: \"{{ output.status == "
                    "'error' }}\", "
                    "then: { do: break } }] } } }, { name: b, kind: noop, spec: { policy: { rules: [{ when: "
                    "\"{{ a.go and _attempt < 2 and not iter.back }}\", then: { do: jump, to: a, set: { iter.back: "
                    "true } } }] } } }]",
                });
}

std::string random_text(Random& random) {
  std::string text = "metadata: { name: p, path: p }\nworkflow:\n";
  const int steps = 2 + loop_below(random, 3);
  for (int i = 0; i < steps; ++i) {
    const auto name = i == 0 ? std::string("start") : "s" + std::to_string(i);
    text += "  - step: " + name + "\n";
    const int kind = loop_below(random, 7);
    if (kind == 0) {
      text +=
          "    loop: { cursor: { kind: postgres, auth: pg, claim: update }, iterator: item, spec: { mode: "
          "cursor, max_in_flight: 2 } }\n";
    } else if (kind < 5) {
      text += "    loop: { in: [";
      const int items = loop_below(random, 8);
      for (int n = 0; n < items; ++n) text += (n == 0 ? "" : ", ") + std::to_string(n);
      text += std::string("], iterator: item, spec: { mode: ") +
              one_of(random, {"sequential", "parallel", "parallel, max_in_flight: 3"}) + " } }\n";
    }
    text += "    tool: " + random_tool(random) + "\n";
    if (loop_below(random, 2) == 0) text += "    spec: { on_error: continue }\n";
    if (i + 1 < steps) {
      const auto next = "s" + std::to_string(i + 1);
      const auto last = "s" + std::to_string(steps - 1);
      text += "    next: { spec: { mode: inclusive }, arcs: [{ step: " + next + " }, { step: " + last + " }] }\n";
    }
  }
  return text;
}

NodeResult random_end(Random& random, const std::string& node, const std::string& frame) {
  NodeResult end{.node_id = node,
                 .outcome = domain::Outcome::completed,
                 .result = Json{{"go", loop_below(random, 2) == 0}},
                 .error = {},
                 .frame = frame};
  if (node.find("!claim") != std::string::npos) {
    Json rows = Json::array();
    for (int left = loop_below(random, 3); left > 0; --left) rows.push_back(Json{{"id", left}});
    end.result = Json{{"rows", std::move(rows)}};
  }
  if (loop_below(random, 6) == 0) {
    end.outcome = domain::Outcome::failed;
    end.result = {};
    end.error = domain::ToolError{.kind = "timeout",
                                  .message = "too slow",
                                  .is_retryable = true,
                                  .status = {},
                                  .retry_after = {},
                                  .traceback = {}};
  }
  return end;
}

void check_loops(const MemoryArchive& archive, const State& state, bool has_failed) {
  for (const auto& [loop, items] : archive.items) {
    const auto outcomes = archive.outcomes.find(loop);
    const auto count = outcomes == archive.outcomes.end() ? 0 : outcomes->second.size();
    CHECK(count <= items.size());
    const auto open = state.notes.loops.find(loop);
    const bool is_open = open != state.notes.loops.end();
    // A loop that is over has run every item, unless the execution failed meanwhile (R7).
    if (!is_open && !has_failed) CHECK(count == items.size());
    if (is_open) CHECK(open->second.running <= open->second.limit);
  }
}

void run_loop_playbook(unsigned seed) {
  Random random(seed);
  const auto text = random_text(random);
  INFO("seed " << seed << "\n" << text);
  const auto loaded = language::load_playbook(text);
  REQUIRE(loaded);
  const Json workload = Json::object();
  MemoryArchive archive;
  const DecisionInput decision_input{loaded->playbook, {1}, workload, archive};
  auto first = start(decision_input);
  REQUIRE(first);
  Decision decision = std::move(*first);
  std::map<std::string, std::string> outstanding;  // commands and children by node, with their frames
  std::set<std::string> issued;
  for (int ended = 0;; ++ended) {
    CHECK(archive.take(decision));
    for (const auto& command : decision.commands) {
      CHECK(issued.insert(command.node_id).second);
      outstanding.emplace(command.node_id, command.frame);
    }
    for (const auto& child : decision.children) {
      CHECK(issued.insert(child.node_id).second);
      outstanding.emplace(child.node_id, child.frame);
    }
    check_loops(archive, decision.state, !decision.state.notes.failure.is_null());
    if (decision.finish) break;
    REQUIRE_FALSE(outstanding.empty());  // else nothing would ever end
    REQUIRE(ended < ends_max);
    auto node = outstanding.begin();
    std::advance(node, loop_below(random, static_cast<int>(outstanding.size())));
    const auto end = random_end(random, node->first, node->second);
    outstanding.erase(node);
    const auto stored = state_from_text(state_text(decision.state));
    REQUIRE(stored);
    auto next = react(decision_input, decision.state, end);
    const auto again = react(decision_input, *stored, end);
    CHECK(to_json(next.state) == to_json(again.state));
    CHECK(next.commands.size() == again.commands.size());
    decision = std::move(next);
  }
  CHECK(outstanding.empty());
  CHECK(decision.state.outstanding.empty());
}

TEST_CASE("Random loops, pipelines and called playbooks end, run every item once and issue no node twice") {
  for (unsigned seed = 1; seed <= loop_playbooks_count; ++seed) run_loop_playbook(seed);
}

}  // namespace
}  // namespace noetl::engine
