#pragma once
// Event view: one stored row of an attempt, shown as the events that NoETL's clients know:
// command.claimed, command.started, step.enter, call.done | call.error, step.exit, command.completed |
// command.failed, and a command.issued for each command that it caused. The row's id is the first of a
// block, so every shown event has an id of its own. Pure; any thread.
#include <cstddef>
#include <vector>

#include "server/store/event_table.hpp"

namespace noetl::app {

// How many ids a row needs whose decision issued that many commands.
[[nodiscard]] int events_shown_of(std::size_t commands_issued);

[[nodiscard]] std::vector<wire::EventRow> show_event(const store::StoredEvent& stored);

}  // namespace noetl::app
