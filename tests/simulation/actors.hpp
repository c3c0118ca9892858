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
    // One item at a time, which its worker may run ahead of the server: two tasks each, of which the first is tried again.
    R"(
metadata: {name: line, path: line}
workload: {list: [1, 2, 3, 4, 5, 6, 7, 8]}
workflow:
  - step: line
    loop: {in: "{{ workload.list }}", iterator: n, spec: {mode: sequential}}
    tool:
      - name: first
        kind: python
        code: "x"
        spec: {policy: {rules: [{when: "{{ output.status == 'error' }}", then: {do: retry, attempts: 3, delay: 0.05}}]}}
      - name: second
        kind: python
        code: "x"
        input: {n: "{{ iter.n }}"}
        spec: {policy: {rules: [{else: {then: {do: continue, set: {ctx.last: "{{ iter.n }}"}}}}]}}
    next: {arcs: [{step: after}]}
  - step: after
    tool: {kind: noop}
)",
    // Rows of claims, three at once; a second loop of the same kind behind it.
    R"(
metadata: {name: rows, path: rows}
workflow:
  - step: rows
    loop:
      cursor: {kind: rows, claim: "x"}
      iterator: row
      spec: {mode: cursor, max_in_flight: 1, frame: {max_rows: 3, row_concurrency: 3}}
    tool: {kind: python, code: "x", input: {id: "{{ iter.row.id }}"}}
    spec: {on_error: continue}
    next: {arcs: [{step: again}]}
  - step: again
    loop:
      cursor: {kind: rows, claim: "x"}
      iterator: row
      spec: {mode: cursor, max_in_flight: 1}
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
