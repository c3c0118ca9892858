"""How long a small execution takes while a flood waits in the same pool: `python3 bench/sweeps/fairness.py --bin build/release/bin`.
A three-step playbook is run alone, then behind plain commands that were enqueued before it, then behind executions
of another playbook that were started before it, then behind executions of its own, in a group of its own and without
one. Shown is from the POST to its end, in milliseconds; nothing is judged."""

import argparse
import json
import os
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "run"))

import figures  # noqa: E402
from stack import Stack, wait_until  # noqa: E402


SMALL = figures.THREE_STEPS.replace("three_steps", "small")


def run_one(stack, request=None, patience=300.0):
    start = time.monotonic()
    status, answer = stack.call("POST", "/api/v2/execute", request or {"path": "bench/small"})
    if status // 100 != 2:
        raise RuntimeError("execute: " + answer)
    execution = json.loads(answer)["execution_id"]
    ended = f"select count(*) from noetl.execution where execution_id = {execution} and status = 'completed'"
    wait_until("the small execution", lambda: stack.sql.number(ended) == 1, patience, 0.005)
    return (time.monotonic() - start) * 1000


def flood_of_commands(stack, count):
    batch = {"commands": [{"tool": {"kind": "noop"}}] * 10_000}
    for _ in range(count // 10_000):
        status, answer = stack.call("POST", "/api/v2/commands", batch)
        if status // 100 != 2:
            raise RuntimeError("enqueue: " + answer)


def flood_of_executions(stack, count):
    batch = {"executions": [{"path": "bench/three_steps"}] * 1000}
    for _ in range(count // 1000):
        status, answer = stack.call("POST", "/api/v2/execute/batch", batch)
        if status // 100 != 2:
            raise RuntimeError("execute: " + answer)


def behind(stack, flood, count, unfinished, request=None):
    """The flood is there before the first worker; the small execution comes a second after the workers."""
    flood(stack, count)
    start = time.monotonic()
    stack.start_workers(2)
    time.sleep(1)
    took = run_one(stack, request)
    wait_until("the end of the flood", lambda: stack.sql.number(unfinished) == 0, 600, 0.1)
    whole = time.monotonic() - start
    stack.stop_workers()
    return took, whole


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--bin", default="build/release/bin")
    arguments.add_argument("--slots", type=int, default=512)
    arguments.add_argument("--commands", type=int, default=200_000)
    arguments.add_argument("--executions", type=int, default=20_000)
    options = arguments.parse_args()
    with Stack(options.bin, options.slots) as stack:
        for playbook in (figures.THREE_STEPS, SMALL):
            status, answer = stack.call("POST", "/api/catalog/register", {"content": playbook})
            if status // 100 != 2:
                raise RuntimeError("register: " + answer)
        stack.start_workers(2)
        run_one(stack)
        alone = [run_one(stack) for _ in range(20)]
        stack.stop_workers()
        print(f"alone: {statistics.median(alone):.0f} ms", flush=True)
        commands, executions = ("select count(*) from noetl.queue where status in ('queued', 'running')",
                                "select count(*) from noetl.execution where status = 'running'")
        for what, flood, count, unfinished, request in (
                ("plain commands", flood_of_commands, options.commands, commands, None),
                ("executions of another playbook", flood_of_executions, options.executions, executions, None),
                ("executions of its own playbook, another group", flood_of_executions, options.executions, executions,
                 {"path": "bench/three_steps", "group": "small"}),
                ("executions of its own playbook", flood_of_executions, options.executions, executions,
                 {"path": "bench/three_steps"})):
            took, whole = behind(stack, flood, count, unfinished, request)
            print(f"behind {count} {what}: {took:.0f} ms (all done after {whole:.1f} s)", flush=True)


if __name__ == "__main__":
    main()
