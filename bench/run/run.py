#!/usr/bin/env python3
"""Measures noetl on a stack of its own and prints a table; with --peers graphile-worker, pg-boss and BullMQ
beside it, in the same run and in turn, on the same machine with the same settings of Postgres, and the ratios first. Run as ./dev bench [--peers]."""

import argparse
import json
import os
import statistics
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "sweeps")]

import cursor
import figures
import outage
import priorities
import run_peers
import soak
import sweep
import transports
from stack import Stack, commit, machine_line, sync_ms


def log(text):
    print(text, file=sys.stderr, flush=True)


def repeat(name, runs, measure):
    values = []
    for _ in range(runs):
        values.append(measure())
        log(f"  {name}: {json.dumps(values[-1])}")
    return values


def figure(name, values, unit, digits=0):
    return {"name": name, "unit": unit, "digits": digits, "median": statistics.median(values), "runs": values}


def measure_ours(stack, choice):
    runs, n = choice.runs, choice.commands
    status, answer = stack.call("POST", "/api/catalog/register", {"content": figures.THREE_STEPS})
    if status // 100 != 2:
        raise RuntimeError("register: " + answer)
    log("idle")
    stack.start_workers(2)
    idle_memory = figures.memory(stack)
    idle = figures.idle_statements(stack, choice.idle_seconds)
    log("warm-up")
    figures.drain(stack, max(1000, n // 5), 2)

    drains = repeat("drain", runs, lambda: figures.drain(stack, n, 2))
    latencies = repeat("latency", runs, lambda: figures.latency(stack, 200))
    half = statistics.median(d["drain"] for d in drains) / 2
    beside = {rate: repeat(f"latency beside {rate:,.0f}/s", runs, lambda: figures.latency_beside(stack, 200, rate))
              for rate in (half / 4, half)}
    busy_memory = figures.memory(stack)
    steps = repeat("steps", runs, lambda: figures.steps(stack, max(500, n // 20)))
    calls = repeat("python", runs, lambda: figures.python_calls(stack, max(1000, n // 10), choice.python_slots, choice.python_processes))
    python_memory = figures.memory(stack)
    stack.stop_workers()
    singles = repeat("enqueue single", runs, lambda: figures.enqueue_single(stack, max(1000, n // 5)))
    executes = repeat("execute single", runs, lambda: figures.execute_single(stack, max(1000, n // 10)))
    stack.start_workers(2)  # what was enqueued is worked off, so that the run ends with nothing lost
    figures.wait_for_drain(stack, 0)

    rows = [
        figure("drain", [d["drain"] for d in drains], "commands/s"),
        figure("enqueue, batches of 1000", [d["enqueue_batch"] for d in drains], "commands/s"),
        figure("enqueue, single, 16 connections", singles, "commands/s"),
        figure("execute, single, 16 connections", executes, "executions/s"),
        figure("start latency p50, from before the POST", [v["p50_ms"] for v in latencies], "ms", 2),
        figure("start latency p99, from before the POST", [v["p99_ms"] for v in latencies], "ms", 2),
        figure("start latency p50, from its answer", [v["accepted_p50_ms"] for v in latencies], "ms", 2),
        figure("start latency p99, from its answer", [v["accepted_p99_ms"] for v in latencies], "ms", 2),
        *(figure(f"start latency {part}, from its answer, beside {per_second:,.0f} commands/s", [v[f"accepted_{part}_ms"] for v in values], "ms", 2)
          for per_second, values in beside.items() for part in ("p50", "p99")),
        figure("playbook steps, three-step playbooks", steps, "steps/s"),
        figure("python calls", calls, "calls/s"),
        figure("WAL, enqueue", [d["wal_enqueue"] for d in drains], "bytes/command"),
        figure("WAL, claim to done", [d["wal_drain"] for d in drains], "bytes/command"),
        figure("fdatasync of this disk, the floor of a commit", [sync_ms(stack.folder)], "ms", 2),
        figure("idle transactions, server and 2 workers", [idle], "/s", 1),
    ]
    for state, memory in (("idle", idle_memory), ("after load", busy_memory)):
        rows.append(figure(f"memory of the server, {state}", [memory["server_mib"]], "MiB", 1))
        rows.append(figure(f"memory of a worker, {state}", [memory["worker_mib"]], "MiB", 1))
    rows.append(figure("memory of a worker's interpreters", [python_memory["interpreters_mib"]], "MiB", 1))
    rows += [figure(f"size of {name}, stripped", [size], "MiB", 1) for name, size in figures.sizes(stack).items()]
    return rows


def measure_peers(stack, choice, ours):
    """Their figures. Drains of ours are measured in turn with them, each on a stack of its own, and are added to `ours`."""
    stack.stop_ours()
    drains = []

    def drain():
        with Stack(os.path.abspath(choice.bin), choice.slots) as own:
            figures.drain(own, max(1000, choice.commands // 5), 2)
            drains.extend(repeat("drain, in turn", 1, lambda: figures.drain(own, choice.commands, 2)))

    theirs = run_peers.measure(stack, choice, log, drain)
    for row in ours:
        if row["name"] in ("drain", "enqueue, batches of 1000"):
            row["runs"] += [one["drain" if row["name"] == "drain" else "enqueue_batch"] for one in drains]
            row["median"] = statistics.median(row["runs"])
    return theirs


def shown(row):
    def text(value):
        return f"{value:,.{row['digits']}f}"
    spread = "" if len(row["runs"]) == 1 else f"{text(min(row['runs']))} to {text(max(row['runs']))}"
    return f"| {row['name']} | {text(row['median'])} | {spread} | {row['unit']} |"


def print_ratios(ours, theirs):
    """Above 1: noetl is better, whichever way the figure runs."""
    mine = {row["name"]: row["median"] for row in ours}
    print("| figure | peer | noetl | peer's | ratio |\n| --- | --- | --- | --- | --- |")
    for row in theirs:
        name = row["name"]
        if name not in mine or not row["median"]:
            continue
        ratio = row["median"] / mine[name] if row["unit"] == "ms" else mine[name] / row["median"]
        digits = row["digits"]
        print(f"| {name} | {row['peer']} | {mine[name]:,.{digits}f} | {row['median']:,.{digits}f} {row['unit']} | {ratio:.2f} |")
    print()


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", default=os.path.join(here, "..", "..", "build", "release", "bin"), help="folder of the programs")
    parser.add_argument("--peers", action="store_true", help="measure graphile-worker, pg-boss and BullMQ too")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--commands", type=int, default=100_000, help="of one drain; the other counts follow it")
    parser.add_argument("--slots", type=int, default=512, help="of each worker")
    parser.add_argument("--python-slots", type=int, default=32, help="of each worker while Python is measured")
    parser.add_argument("--python-processes", type=int, default=2, help="interpreters of each worker then")
    parser.add_argument("--idle-seconds", type=float, default=10)
    parser.add_argument("--json", metavar="FILE", help="write everything measured to FILE")
    parser.add_argument("--outage", type=float, nargs="?", const=10, metavar="SECONDS",
                        help="instead: full load, and then a steady one, while nats-server is away for so long (10)")
    parser.add_argument("--priorities", action="store_true", help="instead: drains of commands with a priority beside those without")
    parser.add_argument("--transports", action="store_true", help="instead: workers over HTTP and over NATS, in turn on one stack")
    parser.add_argument("--soak", type=float, metavar="MINUTES", help="instead: steady load for so long, sizes of tables, memory")
    parser.add_argument("--soak-batch", type=int, default=100, help="commands ten times a second, beside one execution")
    parser.add_argument("--sweep", action="store_true", help="instead: figures against workers, batch, backlog, items; --sweep --help says more")
    parser.add_argument("--cursor", action="store_true", help="instead: a flow of cursor loops, a request and an upsert for each row")
    parser.add_argument("--patients", type=int, default=1000, help="of that flow, some nine rows for each")
    parser.add_argument("--frame-rows", type=int, default=50, help="that one claim of it takes")
    parser.add_argument("--cursor-workers", type=int, default=1, help="that work on it")
    if "--sweep" in sys.argv[1:]:
        return sweep.main([argument for argument in sys.argv[1:] if argument != "--sweep"])
    choice = parser.parse_args()
    if choice.outage:
        with Stack(os.path.abspath(choice.bin), choice.slots) as stack:
            full = outage.run_full(stack, choice.outage, log)
        with Stack(os.path.abspath(choice.bin), choice.slots) as stack:
            steady = outage.run(stack, choice.outage, log)
        print(machine_line())
        outage.show_full(full)
        return outage.show(steady)

    if choice.priorities:
        with Stack(os.path.abspath(choice.bin), choice.slots) as stack:
            rows = priorities.run(stack, choice.commands, choice.runs, log)
        print(machine_line())
        return priorities.show(rows)

    if choice.transports:
        with Stack(os.path.abspath(choice.bin), choice.slots) as stack:
            values = transports.run(stack, choice.commands, choice.runs, log)
        print(machine_line())
        return transports.show(values)

    if choice.cursor:
        with Stack(os.path.abspath(choice.bin), choice.slots) as stack:
            results = cursor.measure(stack, choice, log)
        if choice.json:
            with open(choice.json, "w") as out:
                json.dump({"machine": machine_line(), "cursor": results, "commit": commit()}, out, indent=1)
        return cursor.show(results, choice)

    if choice.soak:
        with Stack(os.path.abspath(choice.bin), choice.slots, **soak.settings(choice.soak)) as stack:
            result = soak.run(stack, choice.soak, choice.soak_batch, log)
            if choice.json:
                with open(choice.json, "w") as out:
                    json.dump({"machine": machine_line(), "soak": result, "commit": commit()}, out, indent=1)
            return soak.show(result)

    with Stack(os.path.abspath(choice.bin), choice.slots) as stack:
        ours = measure_ours(stack, choice)
        theirs = measure_peers(stack, choice, ours) if choice.peers else []

    machine = machine_line()
    print(f"\n{machine}; medians of {choice.runs} runs, drain of {choice.commands:,} commands by 2 workers of {choice.slots} slots\n")
    if theirs:
        print_ratios(ours, theirs)
    print("| figure | median | spread | unit |\n| --- | --- | --- | --- |")
    for row in ours:
        print(shown(row))
    if choice.json:
        with open(choice.json, "w") as out:
            json.dump({"machine": machine, "ours": ours, "peers": theirs, "commit": commit()}, out, indent=1)


if __name__ == "__main__":
    main()
