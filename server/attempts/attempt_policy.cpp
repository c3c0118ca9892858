#include "server/attempts/attempt_policy.hpp"

#include <nlohmann/json.hpp>

#include "server/attempts/error_fingerprint.hpp"
#include "shared/domain/json_text.hpp"
#include "shared/wire/retry.hpp"

namespace noetl::attempts {

namespace {
using domain::CommandStatus;
using domain::Outcome;

AttemptDecision refused(const wire::AttemptReport& report, base::ErrorCode code, std::string message) {
  AttemptDecision decision;
  decision.verdict.queue_id = report.lease.queue_id;
  decision.verdict.refused = code;
  decision.verdict.message = std::move(message);
  return decision;
}

// Epochs are counted from 1, and shown: whoever guesses one must not speak for the worker that holds the command.
std::optional<AttemptDecision> check_holder(const store::LockedCommand& command, const wire::AttemptReport& report,
                                            const store::Caller* worker) {
  if (worker == nullptr) return std::nullopt;
  const bool is_holder =
      command.worker_id == worker->worker_id && (command.instance.empty() || command.instance == worker->instance);
  if (is_holder) return std::nullopt;
  auto decision = refused(report, base::ErrorCode::lease_lost,
                          "command " + report.lease.queue_id.str() + " is held by worker '" + command.worker_id +
                              "', the report came from " +
                              (command.worker_id == worker->worker_id ? "another process of that name"
                                                                      : "worker '" + worker->worker_id + "'") +
                              ": stop the tool and drop its outcome");
  decision.verdict.is_of_another = true;
  return decision;
}

// Nothing when the report's lease is the live one.
std::optional<AttemptDecision> check_fence(const store::LockedCommand* command, const wire::AttemptReport& report,
                                           const store::Caller* worker) {
  const auto id = report.lease.queue_id.str();
  if (command == nullptr) return refused(report, base::ErrorCode::not_found, "no command has queue_id " + id);
  const bool is_same_epoch = command->lease.epoch == report.lease.epoch;
  if (is_same_epoch && command->status != CommandStatus::queued) {
    if (auto wrong = check_holder(*command, report, worker)) return wrong;
  }
  if (is_same_epoch && command->status == CommandStatus::running) return std::nullopt;
  if (is_same_epoch && domain::is_terminal(command->status)) {
    AttemptDecision again;
    again.verdict.queue_id = report.lease.queue_id;
    again.verdict.is_duplicate = true;
    return again;
  }
  return refused(report, base::ErrorCode::lease_lost,
                 "command " + id + " is " + std::string(to_string(command->status)) + " at epoch " +
                     std::to_string(command->lease.epoch) + ", the report carries epoch " +
                     std::to_string(report.lease.epoch) + ": stop the tool and drop its outcome");
}

// What the peer asked for goes before any rule of ours: it knows when it can be asked again.
std::chrono::milliseconds wait_before_next(const store::LockedCommand& command, const domain::ToolError& error,
                                           double unit_random) {
  if (error.retry_after) return *error.retry_after;
  const auto retry = wire::retry_from_text(command.retry);
  return retry.has_jitter ? retry.backoff.jittered_after(command.attempts, unit_random)
                          : retry.backoff.delay_after(command.attempts);
}

void decide_failure(const store::LockedCommand& command, const wire::AttemptReport& report, double unit_random,
                    AttemptDecision& decision) {
  const domain::ToolError error =
      report.error.value_or(domain::ToolError{"internal", "the worker gave no error", true, {}, {}, {}});
  auto& ended = *decision.ended;
  ended.error = error_json(error, command);
  const bool is_lost = error.kind == "worker_lost" && error.is_retryable;
  const bool is_plain = !command.execution_id.is_set();
  const bool may_try_again = command.attempts < command.max_attempts && !command.is_cancel_requested;
  // Of a plain command the error's own word counts: trying once more after a "no" only delays the bad news, or does the work twice.
  if (may_try_again && (is_lost || (is_plain && error.is_retryable))) {
    ended.status = CommandStatus::queued;
    ended.delay = is_lost ? std::chrono::milliseconds{0} : wait_before_next(command, error, unit_random);
    decision.verdict.retry_after = ended.delay;
    return;
  }
  // A failed step of a playbook is the engine's to judge; everything else waits for a person.
  ended.status = is_plain || is_lost ? CommandStatus::dead : CommandStatus::failed;
  if (ended.status == CommandStatus::dead) {
    decision.dead_letter =
        store::DeadLetter{.queue_id = command.lease.queue_id,
                          .execution_id = command.execution_id,
                          .epoch = command.lease.epoch,
                          .step = command.step,
                          .pool = command.pool,
                          .tool_kind = command.tool_kind,
                          .error_kind = error.kind,
                          .error = ended.error,
                          .attempts = command.attempts,
                          .fingerprint = error_fingerprint(command.tool_kind, error.kind, error.message)};
  }
  decision.concerns_engine = !is_plain;
}
}  // namespace

AttemptDecision decide_attempt(const store::LockedCommand* command, const wire::AttemptReport& report,
                               const store::Caller* worker, double unit_random) {
  if (auto fenced = check_fence(command, report, worker)) return *fenced;
  AttemptDecision decision;
  decision.verdict.queue_id = report.lease.queue_id;
  decision.ended = store::EndedAttempt{.lease = report.lease,
                                       .status = CommandStatus::done,
                                       .attempts = command->attempts,
                                       .result = {},
                                       .error = {},
                                       .delay = {}};
  const bool is_plain = !command->execution_id.is_set();
  switch (report.outcome) {
    case Outcome::completed:
      // A step's result lives with its execution; a plain command's lives in its row.
      if (is_plain) decision.ended->result = report.result;
      decision.concerns_engine = !is_plain;
      break;
    case Outcome::cancelled:
      decision.ended->status = CommandStatus::cancelled;
      decision.concerns_engine = !is_plain;
      break;
    case Outcome::released:
      decision.ended->status = CommandStatus::queued;
      decision.ended->attempts = command->attempts - 1;  // handed back, not tried
      decision.verdict.retry_after = std::chrono::milliseconds{0};
      break;
    case Outcome::failed: decide_failure(*command, report, unit_random, decision); break;
  }
  return decision;
}

std::string error_json(const domain::ToolError& error, const store::LockedCommand& command) {
  nlohmann::json json{{"kind", error.kind}, {"message", error.message}, {"retryable", error.is_retryable}};
  if (error.status) json["status"] = *error.status;
  if (error.retry_after) json["retry_after_ms"] = error.retry_after->count();
  if (!error.traceback.empty()) json["traceback"] = error.traceback;
  if (!error.details.empty()) json.update(nlohmann::json::parse(error.details));
  // Of a step's tool the engine counts the attempts: those here are claims.
  json["attempt"] = command.attempts;
  if (!command.execution_id.is_set() || error.kind == "worker_lost") json["attempts"] = command.max_attempts;
  if (command.execution_id.is_set()) json["step"] = command.step;
  return domain::json_text(json);
}

}  // namespace noetl::attempts
