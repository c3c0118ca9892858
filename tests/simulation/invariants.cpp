#include "tests/simulation/invariants.hpp"

#include "tests/simulation/refold.hpp"

namespace noetl::simulation {

namespace {
using domain::CommandStatus;
using domain::ExecutionStatus;

std::string shown(const QueueRow& row) {
  return "command " + row.queue_id.str() + " (" + std::string(to_string(row.status)) + ", epoch " +
         std::to_string(row.epoch) + ", attempts " + std::to_string(row.attempts) + ", worker '" + row.worker_id + "')";
}

// R1: what was answered is there.
void check_promises(World& world) {
  const auto& database = world.database;
  for (const auto& [key, id] : world.promises.commands) {
    const auto known = database.queue_keys.find(key);
    if (known == database.queue_keys.end())
      world.trace.broken("enqueued " + key + " was answered, but is nowhere (R1)");
    else if (known->second != id)
      world.trace.broken(key + " was answered as command " + id.str() + ", but is another (R3)");
  }
  for (const auto& [key, id] : world.promises.executions) {
    const auto known = database.execution_keys.find(key);
    if (known == database.execution_keys.end())
      world.trace.broken("execution " + key + " was answered, but is nowhere (R1)");
    else if (known->second != id)
      world.trace.broken(key + " was answered as execution " + id.str() + ", but is another (R3)");
  }
  std::set<domain::Lease> logged;
  for (const auto& event : database.events) {
    if (event.queue_id.is_set() && event.epoch > 0) logged.insert({event.queue_id, event.epoch});
  }
  for (const auto& lease : world.promises.attempts) {
    if (logged.contains(lease)) continue;
    world.trace.broken("the report of command " + lease.queue_id.str() + " at epoch " + std::to_string(lease.epoch) +
                       " was answered as recorded, but the log has nothing of it (R1, R2)");
  }
}

// R3, R8: an end is recorded once, and what is exhausted lies in the dead letters.
void check_commands(World& world) {
  const auto& database = world.database;
  std::map<base::CommandId, int> ends;
  for (const auto& event : database.events) {
    const auto status = domain::command_status_from(event.status);
    // An epoch stands for the end of its attempt.
    if (event.queue_id.is_set() && event.epoch > 0 && status && domain::is_terminal(*status)) ++ends[event.queue_id];
  }
  for (const auto& [id, row] : database.queue) {
    const bool was_cancelled_from_outside = row.is_cancel_requested;
    const int expected = was_cancelled_from_outside ? 0 : 1;
    if (ends[id] != expected) {
      world.trace.broken(shown(row) + " has " + std::to_string(ends[id]) + " ends in the log (R3)");
    }
    const bool is_dead = row.status == CommandStatus::dead;
    if (is_dead != database.dead_letters.contains(id)) {
      world.trace.broken(shown(row) +
                         (is_dead ? " is in no dead letter (R8)" : " has a dead letter although it is not dead (R8)"));
    }
  }
}

// R7: each item of a loop has exactly one end, unless the execution ended before.
void check_loops(World& world) {
  for (const auto& [key, item] : world.database.loop_items) {
    const auto& execution = world.database.executions.at(std::get<0>(key)).row;
    if (item.status != "pending" || execution.status != ExecutionStatus::completed) continue;
    world.trace.broken("item " + std::to_string(std::get<2>(key)) + " of loop " + std::get<1>(key) + " of execution " +
                       execution.execution_id.str() + " never ended (R7)");
  }
}
}  // namespace

void check_claim(World& world, const std::string& worker_id, const wire::ClaimAnswer& answer) {
  for (const auto& command : answer.commands) {
    const QueueRow* row = world.database.find(command.lease.queue_id);
    if (row != nullptr && row->epoch >= command.lease.epoch && command.lease.epoch > 0) continue;
    world.trace.broken("worker " + worker_id + " was given command " + command.lease.queue_id.str() + " at epoch " +
                       std::to_string(command.lease.epoch) + ", which is not written (R2)");
  }
}

void promise_reports(World& world, const wire::ReportRequest& request, const wire::ReportAnswer& answer) {
  for (std::size_t i = 0; i < request.attempts.size(); ++i) {
    const auto& verdict = answer.verdicts[i];
    // A duplicate of a cancelled command is answered so, and has no end of its own.
    if (!verdict.refused && !verdict.is_duplicate) world.promises.attempts.insert(request.attempts[i].lease);
  }
}

std::string unfinished(const Database& database) {
  std::string text;
  for (const auto& [id, row] : database.queue) {
    if (!domain::is_terminal(row.status)) text += "; " + shown(row);
  }
  for (const auto& [id, execution] : database.executions) {
    if (execution.row.status == ExecutionStatus::running) {
      text += "; execution " + id.str() + " (" + execution.row.path + ", " + std::to_string(execution.row.outstanding) +
              " outstanding)";
    } else if (!execution.is_parent_told) {
      text += "; execution " + id.str() + " (its caller was not told)";
    }
  }
  return text.empty() ? text : text.substr(2);
}

void check_end(World& world) {
  check_promises(world);
  check_commands(world);
  check_loops(world);
  for (const auto& [id, execution] : world.database.executions) {
    if (const auto difference = refold(world.database, execution); !difference.empty()) {
      world.trace.broken("execution " + id.str() + " is not what its log comes to (R5): " + difference);
    }
  }
}

}  // namespace noetl::simulation
