#include "server/attempts/v1_events.hpp"

#include <nlohmann/json.hpp>

#include "server/store/queue/queue_table.hpp"
#include "shared/domain/error_kinds.hpp"

namespace noetl::attempts {

namespace {
using base::ErrorCode;
using domain::Outcome;
using Json = nlohmann::json;
}  // namespace

std::optional<wire::AttemptReport> ending_of(const wire::StepEvent& event) {
  const auto payload = Json::parse(event.payload);
  const auto status = payload.value("status", Json{});
  const bool has_error = payload.contains("error") && !payload["error"].is_null();
  const bool is_exit = event.name == "step.exit" || event.name == "command.completed";
  const bool is_failure = event.name == "call.error" || event.name == "command.failed" ||
                          ((is_exit || event.name == "call.done") && has_error);
  if (!is_exit && !is_failure) return std::nullopt;
  wire::AttemptReport report;
  report.execution_id = event.execution_id;
  if (is_failure) {
    report.outcome = Outcome::failed;
    const auto error = has_error ? payload["error"] : Json{};
    report.error = domain::ToolError{.kind = "exception",
                                     .message = error.is_string() ? error.get<std::string>() : error.dump(),
                                     .is_retryable = domain::is_retryable_by_default("exception"),
                                     .status = {},
                                     .retry_after = {},
                                     .traceback = {}};
  } else {
    const char* key = payload.contains("result") ? "result" : "response";
    report.result = payload.value(key, Json{}).dump();
  }
  return report;
}

base::Result<domain::Lease> lease_of(postgres::Session& session, const wire::StepEvent& event,
                                     const std::string& worker_id) {
  const auto running = store::QueueTable(session).running_at(event.execution_id, event.step);
  const auto where = "step '" + event.step + "' of execution " + event.execution_id.str();
  if (!running) return base::failure(ErrorCode::lease_lost, "no command is running at " + where);
  if (running->worker_id != worker_id) {
    return base::failure(ErrorCode::lease_lost,
                         where + " is held by worker '" + running->worker_id + "', not by " +
                             (worker_id.empty() ? "a worker without worker_id" : "'" + worker_id + "'"));
  }
  return running->lease;
}

}  // namespace noetl::attempts
