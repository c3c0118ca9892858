#pragma once
// Every kind of event that a history may show, with what it says: for docs/reference/tables.md. A test compares the names with the code.
#include <array>
#include <string_view>

namespace noetl::wire {

struct EventName {
  std::string_view name;
  std::string_view meaning;
};

inline constexpr std::array event_names{
    EventName{"playbook.initialized", "an execution began; its payload is the workload"},
    EventName{"playbook.completed", "an execution ended well, with its result"},
    EventName{"playbook.failed", "an execution failed: the step and its error"},
    EventName{"execution.cancelled", "somebody, or a time limit, ended it"},
    EventName{"execution.paused", "its commands wait until it is resumed"},
    EventName{"execution.resumed", "its commands may be claimed again"},
    EventName{"command.issued", "a command was put into the queue; `meta` has its id and step"},
    EventName{"command.claimed", "a worker got it, with the epoch of its lease"},
    EventName{"command.started", "its tool began"},
    EventName{"command.progress", "how far a running command is"},
    EventName{"command.log", "what a running command printed"},
    EventName{"command.completed", "its attempt ended well"},
    EventName{"command.failed", "its attempt failed; the command may run again"},
    EventName{"command.cancelled", "it was ended before its end"},
    EventName{"command.released", "its worker handed it back; no attempt was spent"},
    EventName{"step.enter", "a visit of a step began"},
    EventName{"step.exit", "a visit of a step ended"},
    EventName{"step.skipped", "a step was not visited, and why"},
    EventName{"step.log", "what a step of kind event_log says"},
    EventName{"call.done", "a tool answered; rules (`case`) see it"},
    EventName{"call.error", "a tool failed; rules see it"},
    EventName{"loop.started", "a loop began, with the number of its items"},
    EventName{"loop.done", "the last item of a loop ended"},
    EventName{"sink.executed", "a sink stored what it was given"},
    EventName{"sink.failed", "a sink could not; the step goes on as its policy says"},
    EventName{"notification.given_up",
              "JetStream dropped a notification at its last delivery; upkeep notifies again when the command waits"},
};

}  // namespace noetl::wire
