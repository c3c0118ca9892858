#pragma once
// Event view: one stored row of an attempt, shown as the events that NoETL's clients know:
// command.claimed, command.started, step.enter, call.done | call.error, step.exit, command.completed |
// command.failed, and a command.issued for each command that it caused. The row's id is the first of a
// block, so every shown event has an id of its own. The first three have ids of the time at which the attempt began: they are shown
// while it runs, and under the same ids afterwards (docs/internals/decisions/0004). Pure; any thread.
#include <cstddef>
#include <vector>

#include "server/store/executions/event_table.hpp"

namespace noetl::decisions {

// How many ids a row needs whose decision issued that many commands.
[[nodiscard]] int events_shown_of(std::size_t commands_issued);

// Not in the order of ids.
[[nodiscard]] std::vector<wire::EventRow> show_event(const store::StoredEvent& stored);
// The first three of an attempt alone.
[[nodiscard]] std::vector<wire::EventRow> show_beginning(const store::StoredEvent& stored);
// Those of an attempt that runs, unless it has begun within this millisecond.
[[nodiscard]] std::vector<wire::EventRow> show_running(const store::StoredEvent& running, std::int64_t now_ms);

}  // namespace noetl::decisions
