#include "server/attempts/report_events.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "server/attempts/end_attempts.hpp"
#include "server/attempts/record_progress.hpp"
#include "server/decisions/log_notes.hpp"
#include "server/decisions/perform.hpp"
#include "server/postgres/connection_pool.hpp"
#include "server/store/executions/event_table.hpp"
#include "server/store/executions/execution_table.hpp"
#include "server/store/queue/queue_table.hpp"
#include "shared/domain/error_kinds.hpp"

namespace noetl::attempts {

namespace {
using base::ErrorCode;
using domain::Outcome;
using Json = nlohmann::json;

// A report and the place of its verdict in the answer.
struct Placed {
  wire::AttemptReport report;
  std::size_t place = 0;
};

wire::ReportVerdict recorded(base::CommandId queue_id) {
  wire::ReportVerdict verdict;
  verdict.queue_id = queue_id;
  return verdict;
}

// Success of plain commands in one statement; what is left over needs to be looked at.
std::vector<Placed> finish_plain(dispatch::ServerContext& context, std::vector<Placed> attempts,
                                 const store::Caller& worker, wire::ReportAnswer& answer) {
  // The statement answers with commands. A worker that was given one a second time may report both attempts at
  // once: only the newest goes in, so that the answer cannot mean the older.
  std::map<base::CommandId, std::int32_t> newest;
  for (const auto& [report, place] : attempts) {
    auto& epoch = newest[report.lease.queue_id];
    epoch = std::max(epoch, report.lease.epoch);
  }
  const auto is_newest = [&](const domain::Lease& lease) { return newest.at(lease.queue_id) == lease.epoch; };
  std::vector<store::FinishedPlain> finished;
  for (const auto& [report, place] : attempts) {
    if (report.outcome != Outcome::completed || report.execution_id.is_set() || !is_newest(report.lease)) continue;
    // Of a first attempt the command's row is the log.
    const base::EventId event_id{report.lease.epoch == 1 ? 0 : context.ids.next()};
    finished.push_back({report.lease, &report.result, event_id, report.duration, report.trace_id});
  }
  if (finished.empty()) return attempts;
  std::vector<Placed> left;
  decisions::commit_one(context, [&](postgres::Session& session) {
    dispatch::Effects effects;
    std::map<base::CommandId, store::FinishedCommand> done;
    for (auto& one : store::QueueTable(session).finish_plain(finished, worker))
      done.emplace(one.queue_id, std::move(one));
    effects.work.attempts.reserve(done.size());
    for (auto& attempt : attempts) {
      const bool may_be_done = attempt.report.outcome == Outcome::completed && is_newest(attempt.report.lease);
      const auto found = may_be_done ? done.find(attempt.report.lease.queue_id) : done.end();
      if (found == done.end()) {
        left.push_back(std::move(attempt));
        continue;
      }
      answer.verdicts[attempt.place] = recorded(attempt.report.lease.queue_id);
      effects.work.attempts.push_back({.pool = std::move(found->second.pool),
                                       .tool = std::move(found->second.tool_kind),
                                       .outcome = counts::AttemptOutcome::completed,
                                       .duration = attempt.report.duration});
      // A duplicate within one request finds its row finished by the first and is looked at as well.
      done.erase(found);
    }
    return effects;
  });
  return left;
}

// NoETL v1's worker reports a step's end as step.exit, or as call.done / call.error with an error. Nothing
// when the event is not an end.
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

// The command that an event of NoETL v1's shape is about: running at that step, and held by the sender.
base::Result<domain::Lease> lease_of(dispatch::ServerContext& context, const wire::StepEvent& event,
                                     const std::string& worker_id) {
  std::optional<store::RunningCommand> running;
  context.connections.run_one([&](postgres::Session& session) {
    running = store::QueueTable(session).running_at(event.execution_id, event.step);
  });
  const auto where = "step '" + event.step + "' of execution " + event.execution_id.str();
  if (!running) return base::failure(ErrorCode::lease_lost, "no command is running at " + where);
  if (running->worker_id != worker_id) {
    return base::failure(ErrorCode::lease_lost,
                         where + " is held by worker '" + running->worker_id + "', not by " +
                             (worker_id.empty() ? "a worker without worker_id" : "'" + worker_id + "'"));
  }
  return running->lease;
}

// Kept in the log as it came. False when an event of that id is there already; not_found when there is no
// such execution.
base::Result<bool> append(dispatch::ServerContext& context, const wire::StepEvent& event,
                          const std::string& worker_id) {
  bool is_new = false;
  bool is_known = false;
  context.connections.run_one([&](postgres::Session& session) {
    std::string state;
    is_known = store::ExecutionTable(session).find(event.execution_id, state).has_value();
    if (!is_known) return;
    const base::EventId id = event.event_id.is_set() ? event.event_id : base::EventId{context.ids.next()};
    is_new = store::EventTable(session).insert_once(
        {.event_id = id,
         .execution_id = event.execution_id,
         .event_type = event.name,
         .step = event.step,
         .payload = event.payload,
         .meta = event.meta.empty() ? event.meta : decisions::log_notes::without_notes(event.meta),
         .worker_id = worker_id});
  });
  if (!is_known) return base::failure(ErrorCode::not_found, "no execution has id " + event.execution_id.str());
  return is_new;
}

void take_event(dispatch::ServerContext& context, const wire::StepEvent& event, const std::string& worker_id,
                std::size_t place, std::vector<Placed>& attempts, wire::ReportAnswer& answer) {
  if (auto ending = ending_of(event)) {
    const auto lease = lease_of(context, event, worker_id);
    if (!lease) {
      answer.verdicts[place].refused = lease.error().code;
      answer.verdicts[place].message = lease.error().message;
      answer.verdicts[place].is_of_another = lease.error().code == ErrorCode::lease_lost;
      return;
    }
    ending->lease = *lease;
    attempts.push_back({std::move(*ending), place});
    return;
  }
  const auto is_new = append(context, event, worker_id);
  if (!is_new) {
    answer.verdicts[place].refused = is_new.error().code;
    answer.verdicts[place].message = is_new.error().message;
    return;
  }
  answer.verdicts[place].is_duplicate = !*is_new;
}

void take_notes(dispatch::ServerContext& context, const wire::ReportRequest& request, wire::ReportAnswer& answer) {
  if (request.notes.empty()) return;
  const auto told = record_progress(context, request.notes, {request.worker_id, request.instance});
  auto verdict = answer.verdicts.begin() + static_cast<std::ptrdiff_t>(request.attempts.size() + request.events.size());
  for (const auto& note : request.notes) {
    verdict->queue_id = note.lease.queue_id;
    if (!told.contains(note.lease.queue_id)) {
      verdict->refused = ErrorCode::lease_lost;
      verdict->message = "worker '" + request.worker_id + "' does not run command " + note.lease.queue_id.str() +
                         " at epoch " + std::to_string(note.lease.epoch) + ", or its end is being recorded";
    }
    ++verdict;
  }
}
}  // namespace

base::Result<wire::ReportAnswer> report_events(dispatch::ServerContext& context, const wire::ReportRequest& request) {
  wire::ReportAnswer answer;
  answer.verdicts.resize(request.attempts.size() + request.events.size() + request.notes.size());
  std::vector<Placed> attempts;
  attempts.reserve(request.attempts.size());
  for (std::size_t i = 0; i < request.attempts.size(); ++i) attempts.push_back({request.attempts[i], i});
  for (std::size_t i = 0; i < request.events.size(); ++i) {
    take_event(context, request.events[i], request.worker_id, request.attempts.size() + i, attempts, answer);
  }
  take_notes(context, request, answer);
  const store::Caller worker{request.worker_id, request.instance};
  auto left = finish_plain(context, std::move(attempts), worker, answer);
  if (left.empty()) return answer;
  std::vector<wire::AttemptReport> reports;
  for (auto& [report, place] : left) reports.push_back(std::move(report));
  auto ended = end_attempts(context, reports, &worker);
  for (std::size_t i = 0; i < left.size(); ++i) answer.verdicts[left[i].place] = std::move(ended.verdicts[i]);
  answer.commands_generated = ended.commands_generated;
  return answer;
}

}  // namespace noetl::attempts
