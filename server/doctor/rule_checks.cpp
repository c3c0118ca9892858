#include "server/doctor/rule_checks.hpp"

#include <optional>

#include "server/postgres/connection_pool.hpp"
#include "server/postgres/errors.hpp"

namespace noetl::doctor {
namespace {

struct RuleCheck {
  const char* name;
  const char* rule;
  const char* statement;
  const char* subject;  // "12 commands" …
  Verdict verdict;  // when something is found
  bool is_deep;
  const char* cure;
  std::optional<std::int64_t> parameter = {};
};

constexpr const char* report_it =
    "The server and the constraints of the schema keep this from event: find out what else writes to "
    "these tables "
    "(a restore, a script, a dropped constraint: `noetlctl migrate status`), and report it with `-o json` if "
    "nothing does.";
constexpr const char* start_upkeep =
    "Upkeep mends this by itself within seconds: start a server with this database, and read its log for "
    "component=upkeep.";
constexpr const char* wait_for_worker =
    "Start a worker: `noetlctl worker start --pool POOL`. A pool's name may also be a slip in the playbook.";

const RuleCheck rule_checks[] = {
    {"fences", "R2", "doctor_fence", "commands", Verdict::broken, true, report_it},
    {"epochs of the log", "R2", "doctor_future_epoch", "commands", Verdict::broken, true, report_it},
    {"one end for each attempt", "R3", "doctor_recorded_twice", "attempts", Verdict::broken, true,
     "The log shows an effect twice. Remove the younger row of noetl.event once you know which one its "
     "execution has "
     "taken: `noetlctl execution events ID`."},
    {"idempotency keys", "R3", "doctor_keys_used_twice", "keys", Verdict::broken, true,
     "A unique index is missing: compare with sql/schema.sql, cancel the younger executions, create the "
     "index again."},
    {"ended executions are quiet", "R4", "doctor_finished_with_commands", "executions", Verdict::broken, true,
     "Nothing may run for an execution that has ended. Set their commands to cancelled: update noetl.queue "
     "set status = "
     "'cancelled', finished_at = now() where execution_id = ID and status in ('queued', 'running')."},
    {"one end for each execution", "R4", "doctor_ended_twice", "executions", Verdict::broken, true, report_it},
    {"status and times", "R4", "doctor_half_finished", "executions", Verdict::broken, true, report_it},
    {"running commands have a lease", "R6", "doctor_running_without_lease", "commands", Verdict::broken, true,
     start_upkeep},
    {"running commands have a claim", "R6", "doctor_running_without_claim", "commands", Verdict::broken, true,
     "Nobody would free them if their worker died. When their worker is gone: update noetl.queue set status "
     "= 'queued', "
     "worker_id = null, available_at = now() where queue_id = ID and status = 'running' (the epoch stays: it "
     "only grows)."},
    {"running executions go on", "R6", "doctor_stuck_executions", "executions", Verdict::broken, true,
     "Nothing will wake them: cancel them (`noetlctl execution cancel ID`) and run them again from the step "
     "they were at "
     "(`noetlctl execution rerun ID --from STEP`)."},
    {"callers are resumed", "R6", "doctor_unresumed_callers", "executions", Verdict::broken, false, start_upkeep},
    {"only paused ones are postponed", "R6", "doctor_postponed", "commands", Verdict::broken, true,
     "They wait for a resume that has been. Upkeep takes them back within minutes; at once: resume the "
     "execution "
     "again (`noetlctl execution resume ID`)."},
    {"time limits hold", "R6", "doctor_time_limits", "executions", Verdict::broken, false, start_upkeep},
    {"due commands are taken", "R6", "doctor_overdue", "commands", Verdict::warning, false,
     "Workers of the pool are there, but busy or not woken: `noetlctl worker list`, `noetlctl queue status`; "
     "more workers "
     "or slots (`--slots`), or see the stream and consumer below."},
    {"pools have workers", "R6", "doctor_pools_without_worker", "pools", Verdict::warning, false, wait_for_worker},
    {"pools are not paused", "R6", "doctor_paused_pools", "pools", Verdict::warning, false,
     "Nothing is claimed from a paused pool: `noetlctl pool resume POOL`."},
    {"somebody does upkeep", "R6", "doctor_no_upkeep", "databases", Verdict::warning, false,
     "Start a server with this database. Without one nobody notifies again and no lease ends."},
    {"nodes are issued once", "R7", "doctor_nodes_queued_twice", "nodes", Verdict::broken, true, report_it},
    {"loop items are whole", "R7", "doctor_loop_gaps", "loops", Verdict::broken, true, report_it},
    {"loop items have ended", "R7", "doctor_loop_items_left", "loops", Verdict::broken, true,
     "Items of a completed execution were never run: run it again from the looping step "
     "(`noetlctl execution rerun ID --from STEP`), and report it."},
    {"attempts are bounded", "R8", "doctor_attempts_exceeded", "commands", Verdict::broken, true, report_it},
    {"the dead have letters", "R8", "doctor_dead_without_letter", "commands", Verdict::broken, true,
     "They cannot be redriven from the list of the dead; enqueue them again by hand: `noetlctl command get "
     "ID`."},
    {"letters are of the dead", "R8", "doctor_letter_of_the_living", "commands", Verdict::broken, true, report_it},
    {"counters of the queue", "", "doctor_depth_drift", "counters", Verdict::warning, true,
     "`queue status` and the metric noetl_queue_commands are off; nothing else depends on them. Stop the "
     "servers, then: "
     "truncate noetl.queue_change, noetl.queue_depth; insert into noetl.queue_depth select pool, status, "
     "count(*) from "
     "noetl.queue group by 1, 2."},
    {"clocks of servers", "", "doctor_server_clocks", "servers", Verdict::warning, false,
     "Leases and times are Postgres's and not touched; ids and the order of lists are. Run a time service "
     "(chrony) on "
     "the server's machine.",
     5},
    {"long transactions", "", "doctor_old_transactions", "holders", Verdict::warning, false,
     "They keep dead rows from being vacuumed, and claims become slow. End the session (select "
     "pg_terminate_backend(PID)), "
     "roll back the prepared transaction, drop the slot (select pg_drop_replication_slot(NAME)).",
     300},
    {"vacuum", "", "doctor_vacuum", "tables", Verdict::warning, false,
     "vacuum (analyze, verbose) the table now; then see what holds it back under `long transactions`, and "
     "give autovacuum "
     "more (autovacuum_vacuum_cost_limit, autovacuum_max_workers)."},
};

Check run(postgres::ConnectionPool& connections, const RuleCheck& rule) {
  Check check{.name = rule.name,
              .rule = rule.rule,
              .verdict = Verdict::ok,
              .summary = "none found",
              .cure = rule.cure,
              .total = 0,
              .findings = {}};
  try {
    store::Findings found;
    connections.transact([&](postgres::Session& session) {
      found = store::DoctorStatements(session).find(rule.statement, rule.parameter);
    });
    check.total = found.total;
    check.findings = std::move(found.shown);
  } catch (const std::exception& error) {
    check.verdict = Verdict::unchecked;
    check.summary = "could not be asked: " + postgres::told_by(error);
    return check;
  }
  if (check.total == 0) return check;
  check.verdict = rule.verdict;
  check.summary = std::to_string(check.total) + " " + rule.subject + ", the first: " + check.findings.front().id + " " +
                  check.findings.front().what;
  return check;
}

}  // namespace

std::vector<Check> check_rules(postgres::ConnectionPool& connections, bool is_deep) {
  std::vector<Check> checks;
  for (const auto& rule : rule_checks) {
    if (is_deep || !rule.is_deep) checks.push_back(run(connections, rule));
  }
  return checks;
}

}  // namespace noetl::doctor
