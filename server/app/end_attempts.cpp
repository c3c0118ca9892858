#include "server/app/end_attempts.hpp"

#include <random>
#include <set>

#include "server/app/attempt_policy.hpp"
#include "server/app/decision_writes.hpp"
#include "server/app/event_view.hpp"
#include "server/app/open_execution.hpp"
#include "server/app/tell_parents.hpp"
#include "server/store/connection_pool.hpp"
#include "server/store/pause_statements.hpp"
#include "shared/base/invariant.hpp"
#include "shared/domain/json_text.hpp"
#include "shared/wire/json_tree.hpp"
#include "shared/wire/object_writer.hpp"

namespace noetl::app {

namespace {
using domain::Json;

// Spreads retries; nothing durable depends on it.
double unit_random() {
  thread_local std::minstd_rand generator{std::random_device{}()};
  return std::uniform_real_distribution<double>{0.0, 1.0}(generator);
}

class Transaction {
 public:
  Transaction(Parts& parts, store::Session& session, const std::vector<wire::AttemptReport>& reports,
              const store::Caller* worker)
      : parts_(parts),
        session_(session),
        reports_(reports),
        worker_(worker),
        run_(parts, session, writes_) {}

  EndedAttempts run() {
    lock();
    decide();
    for (std::size_t i = 0; i < reports_.size(); ++i) record(i);
    for (auto& [id, open] : executions_) run_.add_update(open);
    write();
    handed_over_ = writes_.hand_over(parts_, session_);
    EndedAttempts answer;
    for (auto& decision : decisions_) answer.verdicts.push_back(std::move(decision.verdict));
    answer.commands_generated = static_cast<int>(writes_.commands.size());
    return answer;
  }
  [[nodiscard]] const std::vector<notify::Ring>& rings() const { return writes_.rings; }
  [[nodiscard]] std::optional<HandedOver> take_handed_over() { return std::move(handed_over_); }
  [[nodiscard]] const std::vector<notify::Death>& deaths() const { return deaths_; }
  [[nodiscard]] const std::vector<base::ExecutionId>& ended() const { return writes_.ended_children; }

 private:
  void lock();
  void decide();
  [[nodiscard]] std::optional<wire::ReportVerdict> wrong_execution(const store::LockedCommand& command,
                                                                   const wire::AttemptReport& report) const;
  void record(std::size_t index);
  void react(std::size_t index, const store::LockedCommand& command, store::NewEventRow event);
  void write();
  [[nodiscard]] std::vector<base::ExecutionId> execution_ids();
  [[nodiscard]] store::LockedCommand* command_of(const wire::AttemptReport& report);
  [[nodiscard]] bool is_paused(base::ExecutionId id) const {
    const auto found = executions_.find(id);
    return found != executions_.end() && found->second.is_paused;
  }

  Parts& parts_;
  store::Session& session_;
  const std::vector<wire::AttemptReport>& reports_;
  const store::Caller* const worker_;
  std::map<base::CommandId, store::LockedCommand> commands_;
  std::map<base::ExecutionId, OpenExecution> executions_;
  std::vector<AttemptDecision> decisions_;
  DecisionWrites writes_;
  DecisionRun run_;
  std::optional<HandedOver> handed_over_;
  std::vector<notify::Death> deaths_;
};

std::vector<base::ExecutionId> Transaction::execution_ids() {
  std::set<base::ExecutionId> ids;
  std::vector<base::CommandId> unknown;
  for (const auto& report : reports_) {
    if (report.execution_id.is_set())
      ids.insert(report.execution_id);
    else
      unknown.push_back(report.lease.queue_id);
  }
  if (!unknown.empty()) {
    for (const auto& [command, execution] : store::QueueTable(session_).executions_of(unknown))
      ids.insert(execution);
  }
  return {ids.begin(), ids.end()};
}

void Transaction::lock() {
  // Executions before commands, everywhere: two transactions cannot wait for each other.
  if (const auto ids = execution_ids(); !ids.empty()) {
    for (auto& row : store::ExecutionTable(session_).lock(ids)) {
      executions_.emplace(row.execution_id, open_execution(parts_, session_, row));
    }
  }
  std::vector<base::CommandId> ids;
  for (const auto& report : reports_) ids.push_back(report.lease.queue_id);
  for (auto& command : store::QueueTable(session_).lock(ids))
    commands_.emplace(command.lease.queue_id, std::move(command));
}

store::LockedCommand* Transaction::command_of(const wire::AttemptReport& report) {
  const auto found = commands_.find(report.lease.queue_id);
  return found == commands_.end() ? nullptr : &found->second;
}

// The executions that are locked are those that the reports name, and a report may name any: what it says is compared
// with the command before anything is decided about an execution that is not there.
std::optional<wire::ReportVerdict> Transaction::wrong_execution(const store::LockedCommand& command,
                                                                const wire::AttemptReport& report) const {
  const auto refuse = [&](base::ErrorCode code, const std::string& what) {
    wire::ReportVerdict verdict;
    verdict.queue_id = report.lease.queue_id;
    verdict.refused = code;
    verdict.message = "command " + report.lease.queue_id.str() + " is of " +
                      (command.execution_id.is_set() ? "execution " + command.execution_id.str()
                                                     : std::string("no execution")) +
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

void Transaction::decide() {
  for (const auto& report : reports_) {
    auto* command = command_of(report);
    decisions_.push_back(decide_attempt(command, report, worker_, unit_random()));
    if (decisions_.back().ended) {
      if (auto wrong = wrong_execution(*command, report)) {
        decisions_.back() = {};
        decisions_.back().verdict = std::move(*wrong);
      }
    }
    // The same command twice in one batch: the second finds what the first has made of it.
    if (decisions_.back().ended) command->status = decisions_.back().ended->status;
  }
}

void Transaction::record(std::size_t index) {
  const auto& report = reports_[index];
  auto& decision = decisions_[index];
  if (!decision.ended) return;
  const auto& command = *command_of(report);
  if (decision.ended->status == domain::CommandStatus::queued && is_paused(command.execution_id)) {
    decision.ended->delay += store::pause_shift;
  }
  wire::ObjectWriter meta;
  meta.integer("attempt", command.attempts).integer("duration_us", report.duration.count());
  if (!report.output.empty()) meta.text("output", report.output);
  if (!report.trace_id.empty()) meta.text("trace_id", report.trace_id);
  // A failure's error is in its row as well; of a cancelled one only the log tells what it said.
  std::string error = decision.ended->error;
  if (error.empty() && report.error) error = error_json(*report.error);
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
    react(index, command, std::move(event));
  } else {
    event.event_id = {parts_.ids.next_block(events_shown_of(0))};
    writes_.events.push_back(std::move(event));
  }
  if (decision.ended->status == domain::CommandStatus::queued) {
    writes_.rings.push_back({.queue_id = command.lease.queue_id,
                             .execution_id = command.execution_id,
                             .step = command.step,
                             .pool = command.pool,
                             .priority = command.priority,
                             .epoch = command.lease.epoch,
                             .round = 0,
                             .delay = decision.ended->delay});
  }
}

void Transaction::react(std::size_t index, const store::LockedCommand& command, store::NewEventRow event) {
  const auto found = executions_.find(command.execution_id);
  NOETL_INVARIANT(found != executions_.end(),
                  "what is decided about an attempt is of an execution that is locked");
  auto& open = found->second;
  NOETL_INVARIANT(open.status == domain::ExecutionStatus::running, "and that runs");
  const auto& report = reports_[index];

  const engine::Occurrence occurrence{
      .node_id = command.node_id,
      .outcome = report.outcome,
      .result = wire::LazyJson::of_text(report.result),
      .error = report.error,
      .frame = command.frame.empty() ? Json() : wire::parse_known(command.frame)};
  run_.react(open, occurrence, std::move(event));
}

void Transaction::write() {
  std::vector<store::EndedAttempt> ended;
  std::vector<store::DeadLetter> letters;
  for (auto& decision : decisions_) {
    if (decision.ended) ended.push_back(std::move(*decision.ended));
    if (decision.dead_letter) letters.push_back(std::move(*decision.dead_letter));
  }
  if (!ended.empty()) store::QueueTable(session_).end_attempts(ended);
  if (!letters.empty()) store::QueueTable(session_).insert_dead_letters(letters);
  for (auto& letter : letters) {
    deaths_.push_back({.queue_id = letter.queue_id,
                       .execution_id = letter.execution_id,
                       .step = std::move(letter.step),
                       .pool = std::move(letter.pool),
                       .epoch = letter.epoch,
                       .attempts = letter.attempts,
                       .error = std::move(letter.error)});
  }
  writes_.write(session_);
}
}  // namespace

EndedAttempts end_attempts(Parts& parts, const std::vector<wire::AttemptReport>& reports,
                           const store::Caller* worker) {
  EndedAttempts answer;
  std::vector<notify::Ring> rings;
  std::vector<notify::Death> deaths;
  std::vector<base::ExecutionId> ended;
  std::optional<HandedOver> handed_over;
  parts.connections.transact([&](store::Session& session) {
    handed_over.reset();  // of a transaction that is repeated
    Transaction transaction(parts, session, reports, worker);
    answer = transaction.run();
    rings = transaction.rings();
    deaths = transaction.deaths();
    ended = transaction.ended();
    if (auto handed = transaction.take_handed_over()) handed_over.emplace(std::move(*handed));
  });
  give(handed_over);
  ring(parts, rings);
  parts.notifier.tell_dead(deaths);
  tell_parents(parts, std::move(ended));
  return answer;
}

}  // namespace noetl::app
