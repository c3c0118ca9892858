#pragma once
// AttemptEnds: attempts that end within one transaction, decided one after the other, and what is written of them. For reports, lost
// workers (end_attempts) and workers that run ahead (run_ahead). One thread, as long as the session.
#include <map>
#include <optional>
#include <vector>

#include "server/attempts/attempt_policy.hpp"
#include "server/decisions/loaded_execution.hpp"
#include "server/decisions/write_batch.hpp"
#include "shared/wire/messages/report.hpp"

namespace noetl::attempts {

class AttemptEnds {
 public:
  // `worker`: who reports; null: the server itself, for workers that are gone.
  AttemptEnds(dispatch::ServerContext& context, postgres::Session& session, const store::Caller* worker)
      : context_(context), session_(session), worker_(worker), run_(context, session, writes_) {}
  AttemptEnds(const AttemptEnds&) = delete;
  AttemptEnds& operator=(const AttemptEnds&) = delete;

  // Executions before commands, everywhere: two transactions cannot wait for each other.
  using Reports = std::vector<const wire::AttemptReport*>;
  void lock_executions(const Reports& reports);
  void lock_commands(const Reports& reports);
  void lock(const std::vector<wire::AttemptReport>& reports);
  // A command that a decision of this transaction has issued, as if it were locked: its end is written with its row.
  void add(store::LockedCommand command);
  wire::ReportVerdict end(const wire::AttemptReport& report);
  // Once, after the last end.
  [[nodiscard]] dispatch::Effects write();

  // Null: not there, or not locked.
  [[nodiscard]] decisions::LoadedExecution* execution(base::ExecutionId id);
  [[nodiscard]] store::LockedCommand* command(base::CommandId id);
  [[nodiscard]] decisions::WriteBatch& writes() { return writes_; }
  [[nodiscard]] decisions::DecisionApplier& decisions() { return run_; }
  [[nodiscard]] int commands_generated() const { return commands_generated_; }

 private:
  [[nodiscard]] std::vector<base::ExecutionId> execution_ids(const Reports& reports);
  [[nodiscard]] std::optional<wire::ReportVerdict> wrong_execution(const store::LockedCommand& command,
                                                                   const wire::AttemptReport& report) const;
  void record(const wire::AttemptReport& report, AttemptDecision& decision);
  void react(const wire::AttemptReport& report, AttemptDecision& decision, const store::LockedCommand& command,
             store::NewEventRow event);
  void write_ended();
  [[nodiscard]] bool is_paused(base::ExecutionId id) const {
    const auto found = executions_.find(id);
    return found != executions_.end() && found->second.is_paused;
  }

  dispatch::ServerContext& context_;
  postgres::Session& session_;
  const store::Caller* const worker_;
  std::map<base::CommandId, store::LockedCommand> commands_;
  std::map<base::ExecutionId, decisions::LoadedExecution> executions_;
  std::vector<store::EndedAttempt> ended_;
  std::vector<store::DeadLetter> letters_;
  decisions::WriteBatch writes_;
  decisions::DecisionApplier run_;
  int commands_generated_ = 0;
  bool has_issued_ends_ = false;
};

}  // namespace noetl::attempts
