"""What must hold when everything has come to rest: R1 to R8 of docs/concepts/guarantees.md as SQL, over the whole database, and what the
load remembers against what is stored and what the ledger counted."""
import collections
import json
import os
import subprocess

import ledger
from playbooks import LOOP_ITEMS
from processes import wait_until

IDS_SHOWN = 5

# Each gives the ids that break the rule; none when it holds.
STATEMENTS = {
    "R2 an attempt was ended twice":
        "select queue_id from noetl.event_history where queue_id is not null and epoch is not null and event_type in"
        " ('command.completed', 'command.failed', 'command.cancelled', 'command.released') group by queue_id, epoch having count(*) > 1",
    "R2 an event has an epoch that its command never reached":
        "select e.queue_id from noetl.event e join noetl.queue q using (queue_id) where e.epoch > q.epoch",
    "R2 an attempt began before the one before it had ended":
        "select queue_id from (select queue_id, claimed_at, lag(created_at) over (partition by queue_id order by epoch) as before"
        " from noetl.event_history where claimed_at is not null and event_type in ('command.completed', 'command.failed')) as attempts"
        " where claimed_at < before",
    "R2 a command runs at a worker that is gone":
        "select q.queue_id from noetl.queue q left join noetl.worker w using (worker_id)"
        " where q.status = 'running' and coalesce(w.status, 'lost') in ('lost', 'stopped')",
    "R3 a command was completed twice":
        "select queue_id from noetl.event_history where event_type = 'command.completed' and queue_id is not null and epoch is not null"
        " group by queue_id having count(*) > 1",
    "R3 a done command has no completion in the log":
        "select q.queue_id from noetl.queue q where q.status = 'done' and not exists"
        " (select from noetl.event_history e where e.queue_id = q.queue_id and e.event_type = 'command.completed')",
    "R3 an execution ended twice":
        "select execution_id from noetl.event where event_type in ('playbook.completed', 'playbook.failed', 'playbook.cancelled')"
        " group by execution_id having count(*) > 1",
    "R4 an execution has ended with work outstanding":
        "select e.execution_id from noetl.execution e join noetl.queue q using (execution_id)"
        " where e.status <> 'running' and q.status in ('queued', 'running')",
    "R4 the log ends an execution otherwise than its row":
        "select e.execution_id from noetl.execution e join noetl.event v using (execution_id)"
        " where v.event_type in ('playbook.completed', 'playbook.failed', 'playbook.cancelled') and v.event_type <> 'playbook.' || e.status",
    "R5 an execution has an end without an event, or an event without an end":
        "select e.execution_id from noetl.execution e where (e.status <> 'running') <> exists (select from noetl.event v"
        " where v.execution_id = e.execution_id and v.event_type in ('playbook.completed', 'playbook.failed', 'playbook.cancelled'))",
    "R5 a running execution counts other work than it has":
        "select e.execution_id from noetl.execution e where e.status = 'running' and e.outstanding <>"
        " (select count(*) from noetl.queue q where q.execution_id = e.execution_id and q.status in ('queued', 'running'))"
        " + (select count(*) from noetl.execution c where c.parent_execution_id = e.execution_id and not c.is_parent_told)",
    "R5 a caller was not told of an end":
        "select execution_id from noetl.execution where not is_parent_told and status <> 'running'",
    "R5 the counters of the queue differ from the queue":
        "select coalesce(t.n, 0) - coalesce(c.n, 0) from (select pool, status, count(*) as n from noetl.queue group by 1, 2) as t"
        " full join (select pool, status, sum(n) as n from (select pool, status, count as n from noetl.queue_depth union all"
        " select pool, status, change from noetl.queue_change) as parts group by 1, 2) as c using (pool, status)"
        " where coalesce(t.n, 0) <> coalesce(c.n, 0)",
    "R7 a finished execution has loop items without an outcome":
        "select execution_id from noetl.loop_item join noetl.execution using (execution_id)"
        " where noetl.loop_item.status = 'pending' and noetl.execution.status = 'completed'",
    "R8 more attempts than allowed":
        "select queue_id from noetl.queue where attempts > max_attempts",
    "R8 a dead command has no dead letter, or a letter no dead command":
        "select coalesce(q.queue_id, d.queue_id) from (select queue_id from noetl.queue where status = 'dead') as q"
        " full join noetl.dead_letter d using (queue_id) where q.queue_id is null or d.queue_id is null",
}


def check_statements(stack):
    problems = []
    for rule, statement in STATEMENTS.items():
        found = [row[0] for row in stack.sql(statement)]
        if found:
            problems.append(f"{rule}: {len(found)}, such as {found[:IDS_SHOWN]}")
    return problems


def check_doctor(stack):
    """noetlctl's own look at the same rules, with the replay of R5, where it has one."""
    program = stack.programs / "noetlctl"
    listed = subprocess.run([program, "--help"], capture_output=True, text=True, timeout=30)
    if "doctor" not in listed.stdout:
        return []
    seen = subprocess.run([program, "doctor", "--deep", "-o", "json"], capture_output=True, text=True, timeout=300, cwd=stack.folder,
                          env={**os.environ, **stack.server_env(), "NOETL_DATABASE_URL": stack.postgres.url("noetl")})
    try:
        checks = json.loads(seen.stdout)["checks"]
    except (ValueError, KeyError):
        return [f"noetlctl doctor --deep: exit code {seen.returncode}: {(seen.stdout + seen.stderr)[-300:]}"]
    # Its checks of the installation itself (durability, disk, clocks) are not what is tested here.
    return [f"doctor: {one['rule']} {one['check']}: {one['summary']} {json.dumps(one['findings'][:IDS_SHOWN])[:600]}"
            for one in checks if one.get("rule") and one["status"] == "broken"]


def check_load(stack, load):
    """Lost, repeated, ended otherwise than it should: (figures, problems)."""
    problems = list(load.problems)
    ends = dict(stack.sql("select queue_id, status from noetl.queue where queue_id = any(%s)", load.ids(False)))
    ends |= dict(stack.sql("select execution_id, status from noetl.execution where execution_id = any(%s)", load.ids(True)))
    lost, other = [], collections.Counter()
    for accepted in load.accepted:
        for one in accepted.ids:
            if one not in ends:
                lost.append(one)
            elif ends[one] != accepted.submission.ends:
                other[f"{accepted.submission.kind} {ends[one]} instead of {accepted.submission.ends}"] += 1
    if lost:
        problems.append(f"R1 lost: {len(lost)} ids that were answered with 2xx are not there, such as {lost[:IDS_SHOWN]}")
    problems += [f"{count} × {what}" for what, count in other.items()]

    found = ledger.counts(stack, load.prefix + "-")
    wanted = {token for accepted in load.accepted for token in accepted.submission.tokens}
    missing, stray = wanted - set(found), set(found) - wanted
    if missing:
        problems.append(f"R1 {len(missing)} effects never happened, such as {sorted(missing)[:IDS_SHOWN]}")
    if stray:
        problems.append(f"{len(stray)} effects of what was never accepted, such as {sorted(stray)[:IDS_SHOWN]}")
    loops = [one for accepted in load.accepted if accepted.submission.kind == "loop" for one in accepted.ids]
    wrong = stack.sql("select execution_id from noetl.execution where execution_id = any(%s) and status = 'completed'"
                      " and (result->>'total' is distinct from %s or (select count(*) from noetl.loop_item i"
                      " where i.execution_id = noetl.execution.execution_id and i.status = 'completed') <> %s)",
                      loops, str(LOOP_ITEMS), LOOP_ITEMS)
    if wrong:
        problems.append(f"R7 {len(wrong)} loops did not count {LOOP_ITEMS} items, such as {[row[0] for row in wrong[:IDS_SHOWN]]}")
    return {"submitted": len(load.accepted), "commands": sum(len(one.ids) for one in load.accepted), "lost": len(lost) + len(missing),
            "effects": sum(found.values()), "repeated": sum(found.values()) - len(found), "client_retries": sum(load.refused.values()),
            "asked_again": load.repeats}, problems


def tell_of_repeated(stack, load):
    """The history of some commands whose effects happened more than once, for whoever looks for the reason."""
    told = []
    for token in [token for token, count in ledger.counts(stack, load.prefix + "-").items() if count > 1][:IDS_SHOWN]:
        times = [str(row[0]) for row in stack.query(stack.ledger, "select at from effect where token = %s order by at", (token,))]
        rows = stack.sql("select queue_id, epoch, attempts, worker_id, created_at::text, claimed_at::text, finished_at::text from noetl.queue"
                         " where context::text like %s", f"%{token}'%")
        events = stack.sql("select e.epoch, e.event_type, e.status, e.worker_id, e.claimed_at::text, e.created_at::text from noetl.event_history e"
                           " where e.queue_id = any(%s) order by e.event_id", [row[0] for row in rows])
        told.append(f"effect {token} at {times}: command {rows}, events {events}")
    return told


def come_to_rest(stack, load, patience):
    """Waits until everything accepted has ended, and what it started; a problem when it does not."""
    def is_at_rest():
        return load.unfinished() == 0 and stack.value("select count(*) from noetl.execution where status = 'running' or not is_parent_told") == 0
    try:
        wait_until("everything accepted to end", is_at_rest, patience, 0.05)
        return []
    except TimeoutError:
        stuck = stack.sql("select queue_id, tool_kind, status, worker_id, attempts, epoch, available_at::text, claimed_at::text from noetl.queue"
                          " where status in ('queued', 'running') order by 1 limit 5")
        return [f"R6 {load.unfinished()} of what was accepted did not end within {patience} s of recovery, such as {stuck}"]
