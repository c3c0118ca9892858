#pragma once
// Events of NoETL v1's shape, which name a step and no command: those that end an attempt become its report. Free functions; any thread.
#include <optional>
#include <string>

#include "shared/base/result.hpp"
#include "shared/wire/messages/report.hpp"

namespace noetl::postgres {
class Session;
}

namespace noetl::attempts {

// A step's end is step.exit, or call.done / call.error with an error. Without its lease; nothing when the event is not an end.
[[nodiscard]] std::optional<wire::AttemptReport> ending_of(const wire::StepEvent& event);

// The command that such an event is about: running at that step, and held by the sender. Errors: lease_lost.
[[nodiscard]] base::Result<domain::Lease> lease_of(postgres::Session& session, const wire::StepEvent& event,
                                                   const std::string& worker_id);

}  // namespace noetl::attempts
