#include "server/attempts/attempt_ends.hpp"

#include <random>
#include <set>

#include "server/decisions/event_view.hpp"
#include "server/store/upkeep/pause_statements.hpp"
#include "shared/base/invariant.hpp"
#include "shared/domain/json_text.hpp"
#include "shared/json/json_tree.hpp"
#include "shared/json/object_writer.hpp"

namespace noetl::attempts {

namespace {
using domain::Json;

// Spreads retries; nothing durable depends on it.
double unit_random() {
  thread_local std::minstd_rand generator{std::random_device{}()};
  return std::uniform_real_distribution<double>{0.0, 1.0}(generator);
}

counts::AttemptOutcome outcome_of(const wire::AttemptReport& report) {
  using counts::AttemptOutcome;
  switch (report.outcome) {
    case domain::Outcome::completed: return AttemptOutcome::completed;
    case domain::Outcome::cancelled: return AttemptOutcome::cancelled;
    case domain::Outcome::released: return AttemptOutcome::released;
    case domain::Outcome::failed: break;
  }
  return report.error && report.error->kind == "worker_lost" ? AttemptOutcome::lost : AttemptOutcome::failed;
}
}  // namespace

std::vector<base::ExecutionId> AttemptEnds::execution_ids(const Reports& reports) {
  std::set<base::ExecutionId> ids;
  std::vector<base::CommandId> unknown;
  for (const auto* report : reports) {
    if (report->execution_id.is_set())
      ids.insert(report->execution_id);
    else
      unknown.push_back(report->lease.queue_id);
  }
  if (!unknown.empty()) {
    for (const auto& [command, execution] : store::QueueTable(session_).executions_of(unknown)) ids.insert(execution);
  }
  return {ids.begin(), ids.end()};
}

void AttemptEnds::lock(const std::vector<wire::AttemptReport>& reports) {
  Reports all;
  all.reserve(reports.size());
  for (const auto& report : reports) all.push_back(&report);
  lock_executions(all);
  lock_commands(all);
}

void AttemptEnds::lock_executions(const Reports& reports) {
  const auto ids = execution_ids(reports);
  if (ids.empty()) return;
  for (auto& row : store::ExecutionTable(session_).lock(ids)) {
    if (executions_.contains(row.execution_id)) continue;
    executions_.emplace(row.execution_id, decisions::load_execution(context_, session_, row));
  }
}

void AttemptEnds::lock_commands(const Reports& reports) {
  std::vector<base::CommandId> ids;
  for (const auto* report : reports) {
    if (report->lease.queue_id.is_set()) ids.push_back(report->lease.queue_id);
  }
  for (auto& command : store::QueueTable(session_).lock(ids))
    commands_.emplace(command.lease.queue_id, std::move(command));
}

store::LockedCommand* AttemptEnds::command(base::CommandId id) {
  const auto found = commands_.find(id);
  return found == commands_.end() ? nullptr : &found->second;
}

decisions::LoadedExecution* AttemptEnds::execution(base::ExecutionId id) {
  const auto found = executions_.find(id);
  return found == executions_.end() ? nullptr : &found->second;
}

void AttemptEnds::add(store::LockedCommand command) {
  const auto id = command.lease.queue_id;
  commands_.insert_or_assign(id, std::move(command));
  has_issued_ends_ = true;
}

// The executions that are locked are those that the reports name, and a report may name any: what it says is compared
// with the command before anything is decided about an execution that is not there.
std::optional<wire::ReportVerdict> AttemptEnds::wrong_execution(const store::LockedCommand& command,
                                                                const wire::AttemptReport& report) const {
  const auto refuse = [&](base::ErrorCode code, const std::string& what) {
    wire::ReportVerdict verdict;
    verdict.queue_id = report.lease.queue_id;
    verdict.refused = code;
    verdict.message =
        "command " + report.lease.queue_id.str() + " is of " +
        (command.execution_id.is_set() ? "execution " + command.execution_id.str() : std::string("no execution")) +
        ", " + what;
    return verdict;
  };
  if (report.execution_id.is_set() && report.execution_id != command.execution_id) {
    return refuse(base::ErrorCode::invalid_input, "the report names " + report.execution_id.str());
  }
  if (!command.execution_id.is_set()) return std::nullopt;
  const auto found = executions_.find(command.execution_id);
  if (found == executions_.end())
    return refuse(base::ErrorCode::not_found, "which is not there: `noetlctl doctor --deep` says more");
  if (found->second.status != domain::ExecutionStatus::running) {
    return refuse(base::ErrorCode::already_terminal, "which has ended: `noetlctl doctor --deep` says more");
  }
  return std::nullopt;
}

// What becomes of it finds the same command's next report of this transaction ended.
wire::ReportVerdict AttemptEnds::end(const wire::AttemptReport& report) {
  auto* command = this->command(report.lease.queue_id);
  auto decision = decide_attempt(command, report, worker_, unit_random());
  if (!decision.ended) return std::move(decision.verdict);
  if (auto wrong = wrong_execution(*command, report)) return std::move(*wrong);
  command->status = decision.ended->status;
  record(report, decision);
  if (decision.ended) ended_.push_back(std::move(*decision.ended));
  if (decision.dead_letter) letters_.push_back(std::move(*decision.dead_letter));
  return std::move(decision.verdict);
}

void AttemptEnds::record(const wire::AttemptReport& report, AttemptDecision& decision) {
  const auto& command = *this->command(report.lease.queue_id);
  writes_.effects.work.attempts.push_back({command.pool, command.tool_kind, outcome_of(report), report.duration});
  if (decision.ended->status == domain::CommandStatus::queued && is_paused(command.execution_id)) {
    decision.ended->delay += store::pause_shift;
  }
  // Each retry of a step is a command of its own, and its frame counts them.
  const int attempt = std::max(command.attempts, engine::attempt_of_frame(command.frame));
  json::ObjectWriter meta;
  meta.integer("attempt", attempt).integer("duration_us", report.duration.count());
  if (!report.output.empty()) meta.text("output", report.output);
  if (!report.trace_id.empty()) meta.text("trace_id", report.trace_id);
  // A failure's error is in its row as well; of a cancelled one only the log tells what it said.
  std::string error = decision.ended->error;
  if (error.empty() && report.error) error = error_json(*report.error, command);
  store::NewEventRow event{.event_id = {},
                           .execution_id = command.execution_id,
                           .queue_id = command.lease.queue_id,
                           .event_type = std::string(domain::event_name(report.outcome)),
                           .step = command.step,
                           .node_id = command.node_id,
                           .epoch = command.lease.epoch,
                           .status = std::string(domain::to_string(decision.ended->status)),
                           .payload = error.empty() ? std::string{} : "{\"error\":" + error + "}",
                           .meta = meta.finish(),
                           .worker_id = command.worker_id,
                           .claimed_at = command.claimed_at};
  if (decision.concerns_engine) {
    react(report, decision, command, std::move(event));
  } else {
    event.event_id = {context_.ids.next_block(decisions::events_shown_of(0))};
    writes_.events.push_back(std::move(event));
  }
  if (decision.ended->status == domain::CommandStatus::queued) {
    writes_.effects.notifications.push_back({.queue_id = command.lease.queue_id,
                                             .execution_id = command.execution_id,
                                             .step = command.step,
                                             .pool = command.pool,
                                             .priority = command.priority,
                                             .epoch = command.lease.epoch,
                                             .redelivery = 0,
                                             .delay = decision.ended->delay});
  }
}

void AttemptEnds::react(const wire::AttemptReport& report, AttemptDecision& decision,
                        const store::LockedCommand& command, store::NewEventRow event) {
  const auto found = executions_.find(command.execution_id);
  NOETL_INVARIANT(found != executions_.end(), "what is decided about an attempt is of an execution that is locked");
  auto& open = found->second;
  NOETL_INVARIANT(open.status == domain::ExecutionStatus::running, "and that runs");
  const engine::NodeResult node_result{.node_id = command.node_id,
                                       .outcome = report.outcome,
                                       .result = json::LazyJson::of_text(report.result),
                                       .error = report.error,
                                       .frame = command.frame};
  const Json place = run_.react(open, node_result, std::move(event));
  if (place.is_null()) return;
  decisions::add_place(decision.ended->error, place);
  if (decision.dead_letter) decision.dead_letter->error = decision.ended->error;
}

dispatch::Effects AttemptEnds::write() {
  for (auto& [id, open] : executions_) run_.add_update(open);
  commands_generated_ = static_cast<int>(writes_.commands.size());
  write_ended();
  writes_.write(session_);
  writes_.dispatch(context_, session_);
  return std::move(writes_.effects);
}

void AttemptEnds::write_ended() {
  // Of what is written with its row, the row has the end.
  std::vector<store::EndedAttempt> ended;
  for (auto& one : ended_) {
    auto* issued = has_issued_ends_ ? writes_.find_command(one.lease.queue_id) : nullptr;
    if (issued == nullptr)
      ended.push_back(std::move(one));
    else
      issued->at_worker->end = std::move(one);
  }
  if (!ended.empty()) store::QueueTable(session_).end_attempts(ended);
  if (!letters_.empty()) store::QueueTable(session_).insert_dead_letters(letters_);
  for (auto& letter : letters_) {
    writes_.effects.work.dead.push_back({letter.pool, std::move(letter.tool_kind)});
    writes_.effects.dead_letters.push_back({.queue_id = letter.queue_id,
                                            .execution_id = letter.execution_id,
                                            .step = std::move(letter.step),
                                            .pool = std::move(letter.pool),
                                            .epoch = letter.epoch,
                                            .attempts = letter.attempts,
                                            .error = std::move(letter.error)});
  }
}

}  // namespace noetl::attempts
