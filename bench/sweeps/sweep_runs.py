"""One run of each thing that a sweep repeats: it returns figures by name, or raises when the answer is wrong."""

import json
import signal

import cost
import figures
from stack import wait_until

FAN_OUT = """apiVersion: noetl.io/v2
kind: Playbook
metadata: {name: fan_out, path: bench/fan_out}
workload: {count: 0}
workflow:
  - step: start
    loop: {in: "{{ range(workload.count) }}", iterator: item, spec: {mode: parallel}}
    tool: {kind: noop}
"""


def drain(stack, count, batch=1000):
    """Workers that are there already are held still while the queue fills, and let go together: no start of a process
    is in a figure. `batch` commands are enqueued in a request."""
    count = max(1, count // batch) * batch
    stack.signal_workers(signal.SIGSTOP)
    try:
        # Their long polls outlive the signal by a second: commands dispatched to them would wait to be reclaimed.
        wait_until("the end of the polls of workers that are held", lambda: not is_anyone_waiting(stack), 30)
        after, enqueued = figures.fill(stack, count, batch)
        idle, before = cost.server_now(stack), cost.cpu_seconds(stack)
    finally:
        stack.signal_workers(signal.SIGCONT)
    seen = []
    figures.wait_for_drain(stack, after, at_each_look=lambda: seen.append(cost.server_now(stack)))
    spent = cost.cpu_per_command(before, cost.cpu_seconds(stack), count)
    check_held(stack, after)
    figures.check_once_each(stack, after, count)
    return {"drain": figures.rate(stack, after), "enqueue": enqueued, **spent, "threads_idle": idle["threads"],
            "threads_busy": max(one["threads"] for one in seen), "server_mib": max(one["mib"] for one in seen),
            "worker_mib": cost.worker_mib(stack)}


def is_anyone_waiting(stack):
    return "\nnoetl_workers_waiting 0\n" not in stack.call("GET", "/metrics")[1]


def check_held(stack, after):
    early = stack.sql.value(f"select min(claimed_at) < max(created_at) from noetl.queue where queue_id > {after}")
    if early != "f":
        raise RuntimeError("a worker claimed before the queue was full")


def latency(stack, count):
    after = figures.last_id(stack)
    measured = figures.latency(stack, count)
    figures.wait_for_drain(stack, after)
    figures.check_once_each(stack, after, measured["enqueued"])
    return {"latency_p50": measured["accepted_p50_ms"], "latency_p99": measured["accepted_p99_ms"]}


def register_fan_out(stack):
    status, answer = stack.call("POST", "/api/catalog/register", {"content": FAN_OUT})
    if status // 100 != 2:
        raise RuntimeError("register: " + answer)


def fan_out(stack, items):
    """One execution with a parallel loop: from its creation to its end, by Postgres's clock."""
    after = figures.last_id(stack)
    status, answer = stack.call("POST", "/api/v2/execute", {"path": "bench/fan_out", "payload": {"count": items}})
    if status // 100 != 2:
        raise RuntimeError(f"execute: HTTP {status} {answer[:200]}")
    execution = json.loads(answer)["execution_id"]
    where = f"from noetl.execution where execution_id = {execution}"
    wait_until(f"a fan-out of {items}", lambda: stack.is_alive() and stack.sql.value(f"select status {where}") != "running", 600, 0.05)
    status, seconds = stack.sql.rows(f"select status, extract(epoch from finished_at - started_at) {where}")[0]
    done = stack.sql.rows("select payload->'stats'->>'total', payload->'stats'->>'success' from noetl.event"
                          f" where execution_id = {execution} and event_type = 'loop.done'")
    if status != "completed" or done != [[str(items)] * 2]:
        raise RuntimeError(f"a fan-out of {items} is {status}, its loop.done says {done}")
    figures.check_once_each(stack, after, items)
    return {"seconds": float(seconds), "ms_per_item": float(seconds) / items * 1000}
