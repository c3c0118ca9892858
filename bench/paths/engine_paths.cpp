// A three-step playbook from its first decision to its end, the state written and read between the decisions as the
// server does.
#include <stdexcept>
#include <string_view>

#include "bench/paths/pure_paths.hpp"
#include "shared/engine/engine.hpp"
#include "shared/language/loading/playbook_loader.hpp"

namespace noetl::bench {
namespace {

using domain::Json;

constexpr const char* three_steps = R"(
apiVersion: noetl.io/v2
kind: Playbook
metadata: {name: three_steps, path: bench/three_steps}
workload: {limit: 10, name: bench}
workflow:
  - step: start
    tool: {kind: http, method: GET, url: "http://{{ workload.name }}/items?limit={{ workload.limit }}"}
    set: {ctx.count: "{{ start.data.count }}"}
    next: [{step: middle}]
  - step: middle
    tool: {kind: noop, value: "{{ start.data.items[0].name | upper }}"}
    next:
      spec: {mode: exclusive}
      arcs:
        - {step: last, when: "{{ ctx.count > 1 }}"}
        - {step: start}
  - step: last
    tool: {kind: noop, value: "{{ middle }}"}
)";

class NothingStored final : public engine::Archive {
 public:
  [[nodiscard]] Json result(base::ResultId) override { return nullptr; }
  [[nodiscard]] Json loop_item(const std::string&, int) override { return nullptr; }
  [[nodiscard]] Json loop_results(const std::string&) override { return Json::array(); }
};

engine::State written_and_read(const engine::State& state) {
  return must(engine::state_from_text(engine::state_text(state)), "state");
}

// Each result is the text of a report of its own, which nobody has read before.
void play(const engine::DecisionInput& decision_input, std::string_view result) {
  auto decision = must(engine::start(decision_input), "start");
  for (int step = 0; step < 3; ++step) {
    if (decision.commands.size() != 1)
      throw std::runtime_error("step " + std::to_string(step) + " of three issued " +
                               std::to_string(decision.commands.size()) + " commands instead of one");
    const engine::NodeResult node_result{.node_id = decision.commands[0].node_id,
                                         .outcome = domain::Outcome::completed,
                                         .result = json::LazyJson::of_text(std::string(result)),
                                         .error = {},
                                         .frame = decision.commands[0].frame};
    decision = engine::react(decision_input, written_and_read(decision.state), node_result);
  }
  if (!decision.finish || decision.finish->status != domain::ExecutionStatus::completed)
    throw std::runtime_error("three steps did not end the execution");
}

}  // namespace

std::vector<Path> engine_paths() {
  constexpr std::size_t executions = 20;
  static const auto playbook = must(language::load_playbook(three_steps), "playbook").playbook;
  static constexpr std::string_view result =
      R"({"status": 200, "data": {"count": 2, "items": [{"id": 1, "name": "one"}, {"id": 2, "name": "two"}]}})";
  return {{.name = "engine, three steps from start to end",
           .unit = "execution",
           .units = executions,
           .run =
               [] {
                 NothingStored nothing;
                 const engine::DecisionInput decision_input{playbook, {7}, playbook.workload, nothing};
                 for (std::size_t i = 0; i < executions; ++i) play(decision_input, result);
               }},
          {.name = "language, a playbook of three steps read", .unit = "playbook", .units = executions, .run = [] {
             for (std::size_t i = 0; i < executions; ++i) (void)must(language::load_playbook(three_steps), "playbook");
           }}};
}

}  // namespace noetl::bench
