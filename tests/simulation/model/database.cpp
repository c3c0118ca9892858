#include "tests/simulation/model/database.hpp"

namespace noetl::simulation {

using domain::CommandStatus;
using domain::ExecutionStatus;

Installation& installation() {
  static Installation the_one;
  return the_one;
}

QueueRow* Database::find(base::CommandId id) {
  const auto found = queue.find(id);
  return found == queue.end() ? nullptr : &found->second;
}

void Database::count(const std::string& pool, CommandStatus status, std::int64_t change) {
  changes.emplace_back(DepthKey{pool, status}, change);
}

void Database::update(QueueRow& row, const char* statement, const std::function<void(QueueRow&)>& change) {
  const auto status = row.status;
  const int epoch = row.epoch;
  change(row);
  if (status != row.status) {
    count(row.pool, status, -1);
    count(row.pool, row.status, 1);
  }
  const auto where = std::string(statement) + " made of command " + row.queue_id.str() + " ";
  if (domain::is_terminal(status)) report_(where + "something else, although it was " + std::string(to_string(status)));
  const bool is_ended_by_a_worker = domain::is_terminal(row.status) && row.status != CommandStatus::cancelled;
  if (status == CommandStatus::queued && is_ended_by_a_worker)
    report_(where + "an ended one, although nobody ran it (R2)");
  if (row.epoch < epoch) report_(where + "an older epoch (R2)");
  if (status == CommandStatus::running && row.status == CommandStatus::running) report_(where + "a second lease (R2)");
  check(row, statement);
}

void Database::insert(QueueRow row) {
  const auto id = row.queue_id;
  if (row.execution_id.is_set()) {
    if (!nodes_.emplace(row.execution_id, row.node_id).second) {
      report_("node " + row.node_id + " of execution " + row.execution_id.str() + " is queued twice (R7)");
    }
    commands_of[row.execution_id].push_back(id);
    const auto execution = executions.find(row.execution_id);
    if (execution == executions.end() || execution->second.row.status != ExecutionStatus::running) {
      report_("command " + id.str() + " is queued for execution " + row.execution_id.str() +
              ", which does not run (R4)");
    }
  }
  if (!row.idempotency_key.empty()) queue_keys[row.idempotency_key] = id;
  count(row.pool, row.status, 1);
  check(row, "insert");
  if (!queue.emplace(id, std::move(row)).second) report_("queue_id " + id.str() + " was made twice");
}

// The CHECK constraints of noetl.queue.
void Database::check(const QueueRow& row, const char* statement) {
  const auto broken = [&](const char* what) {
    report_(std::string(statement) + " breaks a constraint of noetl.queue at command " + row.queue_id.str() + ": " +
            what);
  };
  if (row.attempts < 0 || row.attempts > row.max_attempts) broken("attempts between 0 and max_attempts (R8)");
  if (row.epoch < row.attempts) broken("epoch >= attempts");
  if (row.status == CommandStatus::queued && row.attempts >= row.max_attempts)
    broken("a queued command has an attempt left");
  if (row.status == CommandStatus::running && (row.worker_id.empty() || !row.claimed_at))
    broken("a running one has a worker");
  if (domain::is_terminal(row.status) != row.finished_at.has_value()) broken("exactly the final ones have finished_at");
  if (row.execution_id.is_set() == row.node_id.empty()) broken("exactly those of executions have a node");
}

void Database::check(const ExecutionRow& row, const char* statement) {
  const bool is_running = row.row.status == ExecutionStatus::running;
  if (is_running == (row.row.outstanding > 0)) return;
  report_(std::string(statement) + " leaves execution " + row.row.execution_id.str() + " " +
          std::string(to_string(row.row.status)) + " with " + std::to_string(row.row.outstanding) +
          " outstanding (R4)");
}

void Database::insert(ExecutionRow row) {
  check(row, "insert_executions");
  if (!row.row.idempotency_key.empty()) execution_keys[row.row.idempotency_key] = row.row.execution_id;
  executions.emplace(row.row.execution_id, std::move(row));
}

void Database::update(const store::ExecutionUpdate& update) {
  const auto found = executions.find(update.execution_id);
  if (found == executions.end() || found->second.row.status != ExecutionStatus::running) return;
  auto& row = found->second.row;
  row.status = update.status;
  row.outstanding = update.outstanding;
  row.current_step = update.current_step;
  row.state = update.state;
  row.result = update.result;
  row.error = update.error;
  if (row.status != ExecutionStatus::running) found->second.deadline_at.reset();
  check(found->second, "update_executions");
}

void Database::add_event(const store::NewEventRow& event) {
  if (!event.event_id.is_set() || event_ids.insert(event.event_id).second) events.push_back(event);
}

}  // namespace noetl::simulation
