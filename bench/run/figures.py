"""What is measured of noetl. Every function returns the value of one run, or raises when the answer would
be wrong (lost, twice, refused): a fast wrong run is no figure. Times are Postgres's own (finished_at,
claimed_at), so that polling rarely costs no precision."""

import json
import os
import time

from stack import memory_kib, stripped_bytes, wait_until

THREE_STEPS = """apiVersion: noetl.io/v2
kind: Playbook
metadata: {name: three_steps, path: bench/three_steps}
workflow:
  - step: start
    tool: {kind: noop}
    next: [{step: middle}]
  - step: middle
    tool: {kind: noop}
    next: [{step: last}]
  - step: last
    tool: {kind: noop}
"""
PYTHON = json.dumps({"kind": "python", "code": "def main():\n    return {}\n"})


def last_id(stack):
    return stack.sql.value("select coalesce(max(queue_id), 0) from noetl.queue")


def wait_for_drain(stack, after, patience=300.0, at_each_look=lambda: None):
    """Looks four times a second for the first command that is not finished, from the one that it found before: to look costs
    next to nothing of what is measured."""
    first = int(after) + 1

    def is_done():
        nonlocal first
        at_each_look()
        if not stack.is_alive():
            return False
        found = stack.sql.rows(f"select queue_id from noetl.queue where queue_id >= {first} and finished_at is null order by queue_id limit 1")
        first = int(found[0][0]) if found else first
        return not found

    wait_until("the drain", is_done, patience, interval=0.25)


def check_once_each(stack, after, count):
    done, once, events, commands = (int(n) for n in stack.sql.rows(
        f"select count(*) filter (where status = 'done'), count(*) filter (where attempts = 1),"
        f" (select count(*) from noetl.event_history where queue_id > {after} and event_type = 'command.completed'),"
        f" (select count(distinct queue_id) from noetl.event_history where queue_id > {after} and event_type = 'command.completed')"
        f" from noetl.queue where queue_id > {after}")[0])
    if (done, once, events, commands) != (count,) * 4:
        raise RuntimeError(f"of {count} commands {done} are done, {once} at the first attempt, with {events} events of {commands} commands")


def rate(stack, after, start="min(claimed_at)", factor=1):
    return factor * stack.sql.number(
        f"select count(*) / extract(epoch from max(finished_at) - {start}) from noetl.queue where queue_id > {after}")


def wal_position(stack):
    return int(stack.sql.value("select pg_current_wal_insert_lsn() - '0/0'::pg_lsn"))


def fill(stack, count, batch=1000):
    """The id after which they come, and how many a second were taken."""
    after = last_id(stack)
    return after, stack.load("enqueue", "--batch", batch, "--connections", 4, "--count", count)["per_second"]


def drain(stack, count, workers):
    """Commands that wait already, from the first claim to the last one done; workers start on the full queue."""
    stack.stop_workers()
    wal = [wal_position(stack)]
    after, enqueued = fill(stack, count)
    wal.append(wal_position(stack))
    stack.start_workers(workers)
    wait_for_drain(stack, after)
    wal.append(wal_position(stack))
    check_once_each(stack, after, count)
    return {"drain": rate(stack, after), "enqueue_batch": enqueued,
            "wal_enqueue": (wal[1] - wal[0]) / count, "wal_drain": (wal[2] - wal[1]) / count}


def enqueue_single(stack, count):
    """One command a request on 16 connections, with no worker running."""
    after = last_id(stack)
    value = stack.load("enqueue", "--connections", 16, "--count", count)["per_second"]
    stored = int(stack.sql.value(f"select count(*) from noetl.queue where queue_id > {after}"))
    if stored != count:
        raise RuntimeError(f"{stored} of {count} commands stored")
    return value


def execute_single(stack, count):
    return stack.load("execute", "--connections", 16, "--count", count, "--path", "bench/three_steps")["per_second"]


def latency(stack, count):
    return stack.load("latency", "--count", count, "--per-second", 20)


def latency_beside(stack, count, per_second):
    """The same for commands that stand in line with others of the same pool, of which so many come each second, 100 at a time."""
    batch, seconds = 100, (count + 40) / 20
    after = last_id(stack)
    flood = stack.begin_load("enqueue", "--connections", 2, "--batch", batch, "--requests-per-second", per_second / batch,
                             "--count", int(per_second * seconds))
    measured = latency(stack, count)
    sent = stack.end_load(flood)
    wait_for_drain(stack, after)
    return {**measured, "beside": sent["per_second"]}


def steps(stack, executions):
    """Three-step playbooks, started 500 in a request: from the first start to the last step's end."""
    after = last_id(stack)
    stack.load("execute", "--connections", 2, "--batch", 500, "--count", executions, "--path", "bench/three_steps")
    running = "select exists (select from noetl.execution where status = 'running')"
    wait_until("the executions", lambda: stack.is_alive() and stack.sql.value(running) == "f", 300, interval=0.25)
    check_once_each(stack, after, 3 * executions)
    return rate(stack, after, start="min(created_at)")


def python_calls(stack, count, slots, processes):
    """More slots than interpreters: what waits for one is claimed already, so that claims and reports are of many."""
    stack.stop_workers()
    stack.env["NOETL_PYTHON_PROCESSES_MAX"] = str(processes)
    stack.start_workers(2, slots)
    stack.load("enqueue", "--batch", 4 * slots, "--connections", 1, "--count", 4 * slots, "--tool", PYTHON)
    wait_for_drain(stack, 0)  # the interpreters are warm now
    after = last_id(stack)
    stack.load("enqueue", "--batch", 1000, "--connections", 1, "--count", count, "--tool", PYTHON)
    wait_for_drain(stack, after)
    check_once_each(stack, after, count)
    return rate(stack, after)


def idle_statements(stack, seconds):
    """Transactions per second of server and workers that have nothing to do, our own looks taken off."""
    look = "select xact_commit + xact_rollback from pg_stat_database where datname = current_database()"
    time.sleep(3)  # statistics arrive late
    before, start = int(stack.sql.value(look)), time.monotonic()
    time.sleep(seconds)
    after, elapsed = int(stack.sql.value(look)), time.monotonic() - start
    return max(0, after - before - 1) / elapsed


def memory(stack):
    server, _ = memory_kib(stack.server.pid)
    worker, interpreters = memory_kib(stack.workers[0].pid)
    return {"server_mib": server / 1024, "worker_mib": worker / 1024, "interpreters_mib": interpreters / 1024}


def sizes(stack):
    return {name: stripped_bytes(os.path.join(stack.bin, name)) / 2**20 for name in ("noetl-server", "noetl-worker", "noetlctl")
            if os.path.exists(os.path.join(stack.bin, name))}
