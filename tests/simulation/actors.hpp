#pragma once
// Actors: who acts on the system from outside: clients that enqueue, execute and cancel, the tools of the workers, and
// whoever breaks things. Fibers of process 0 (tools: of their worker).
#include <memory>

#include "tests/simulation/world.hpp"
#include "worker/tools/tool.hpp"

namespace noetl::simulation {

// Starts them; each ends by itself.
void start_clients(World& world);
// Breaks things until `until`, then puts everything right again.
void break_things(World& world, Time until);

// What workers run, under the kinds that the playbooks name.
[[nodiscard]] std::unique_ptr<tools::Registry> simulated_tools(World& world);

inline constexpr const char* playbook_texts[] = {
    // Branches that join.
    R"(
metadata: {name: fan, path: fan}
workflow:
  - step: start
    tool: {kind: python, code: "x"}
    next: {spec: {mode: inclusive}, arcs: [{step: left}, {step: right, when: "{{ start.go }}"}]}
  - step: left
    tool: {kind: python, code: "x"}
    next: {arcs: [{step: both}]}
  - step: right
    tool: {kind: noop}
    next: {arcs: [{step: both}]}
  - step: both
    tool: {kind: python, code: "x"}
)",
    // A loop, two at once, and a step after it.
    R"(
metadata: {name: each, path: each}
workload: {list: [1, 2, 3, 4, 5]}
workflow:
  - step: each
    loop: {in: "{{ workload.list }}", iterator: n, spec: {mode: parallel, max_in_flight: 2}}
    tool: {kind: python, code: "x"}
    next: {arcs: [{step: after}]}
  - step: after
    tool: {kind: noop}
)",
    // A playbook that calls another.
    R"(
metadata: {name: caller, path: caller}
workflow:
  - step: call
    tool: {kind: playbook, path: fan}
    next: {arcs: [{step: after}]}
  - step: after
    tool: {kind: python, code: "x"}
)"};

}  // namespace noetl::simulation
