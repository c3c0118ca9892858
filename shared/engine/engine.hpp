#pragma once
// Engine: the pure function from events to commands. No clock, no log, no database, no randomness:
// everything comes in as an argument and everything it wants done goes out as a value. The caller
// (server/decisions) locks the execution, loads, calls, writes and commits. Any thread.
#include <string>

#include "shared/engine/state/decision.hpp"
#include "shared/engine/state/large_results.hpp"

namespace noetl::engine {

// The first decision of an execution. Fails (invalid_input) when the entry step cannot be rendered.
[[nodiscard]] base::Result<Decision> start(const DecisionInput& decision_input);

// The first decision of an execution that begins at `step` with the variables and results of an earlier one,
// but for the results of what can be reached from that step. Results of loops must have been loaded into
// their slots. Fails (invalid_input) when the playbook has no such step or it cannot be rendered.
[[nodiscard]] base::Result<Decision> start_again(const DecisionInput& decision_input, const State& earlier,
                                                 const std::string& step);

// The decision after one command ended. A result whose node is not outstanding changes nothing
// (the caller has fenced by epoch already; this is the second check of the same thing).
[[nodiscard]] Decision react(const DecisionInput& decision_input, State state, const NodeResult& node_result);

// Cancelled from outside: nothing more is issued, finish is given at once with status cancelled.
[[nodiscard]] Decision cancel(const DecisionInput& decision_input, State state, const std::string& reason);

// Its time is over: the same with status failed and an error of kind timeout.
[[nodiscard]] Decision time_out(const DecisionInput& decision_input, State state, const std::string& message);

}  // namespace noetl::engine
