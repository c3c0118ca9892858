"""Throughput and start latency against the number of workers, the size of batches, what lies in the tables beside, and the items of a
fan-out: tables to read, JSON to keep, plots to look at. Run as ./dev bench --sweep [--only NAME] [--quick] [--plots DIR]."""

import argparse
import json
import os
import statistics
import sys

import plot
from stack import commit, machine_line
from sweeps import SWEEPS

FULL = {"runs": 3, "commands": 100_000, "latencies": 200, "workers": [1, 2, 4, 8, 16, 64], "batches": [1, 8, 64, 512],
        "waiting": [10_000, 100_000, 1_000_000], "finished": [1_000_000], "beside": 1_000_000,
        "items": [100, 1_000, 10_000, 100_000], "open_seconds": 600}
QUICK = {"runs": 2, "commands": 2_000, "latencies": 20, "workers": [1, 2, 4], "batches": [1, 8, 64],
         "waiting": [1_000, 10_000], "finished": [10_000], "beside": 10_000, "items": [10, 100, 1_000], "open_seconds": 5}

# Figure → what a reader sees: its name, unit and digits.
FIGURES = {
    "drain": ("drain", "commands/s", 0),
    "enqueue": ("enqueue, 4 connections", "commands/s", 0),
    "latency_p50": ("start latency p50, from the answer", "ms", 2),
    "latency_p99": ("start latency p99, from the answer", "ms", 2),
    "threads_idle": ("server's threads before", "", 0),
    "threads_busy": ("server's threads, most", "", 0),
    "server_mib": ("server's memory, most", "MiB", 0),
    "worker_mib": ("a worker's memory", "MiB", 1),
    "cpu_postgres": ("CPU of Postgres", "µs/command", 1),
    "cpu_server": ("CPU of the server", "µs/command", 1),
    "cpu_workers": ("CPU of the workers", "µs/command", 1),
    "cpu_nats": ("CPU of nats-server", "µs/command", 1),
    "seconds": ("from start to end", "s", 2),
    "ms_per_item": ("time for one item", "ms", 3),
    "table_mib": ("queue and events at the end", "MiB", 0),
}
X_LABELS = {"workers": "worker processes", "batch": "batch size, slots", "backlog": "rows beside", "fan_out": "items",
            "big": "rows that wait, and as many finished", "big_over_time": "seconds"}
LINEAR_X = {"big_over_time"}
# File → title, what is swept, unit of y, whether y is logarithmic, figures with what their line is called.
DRAIN = {"drain": "drain"}
LATENCY = {"latency_p50": "p50", "latency_p99": "p99"}
CPU = {"cpu_postgres": "Postgres", "cpu_server": "server", "cpu_workers": "workers", "cpu_nats": "nats-server"}
PLOTS = {
    "workers_throughput": ("Drain against workers", "workers", "commands/s", False, DRAIN),
    "workers_latency": ("Start latency against workers", "workers", "ms", True, LATENCY),
    "workers_cpu": ("CPU of a drained command against workers", "workers", "µs/command", False, CPU),
    "workers_threads": ("Threads of the server against workers", "workers", "threads", False, {"threads_busy": "server"}),
    "workers_memory": ("Resident memory against workers", "workers", "MiB", False, {"server_mib": "server", "worker_mib": "one worker"}),
    "batch_throughput": ("Throughput against batch size", "batch", "commands/s", True, {**DRAIN, "enqueue": "enqueue"}),
    "batch_latency": ("Start latency against batch size", "batch", "ms", True, LATENCY),
    "backlog_throughput": ("Drain against rows beside", "backlog", "commands/s", False, DRAIN),
    "backlog_latency": ("Start latency against rows beside", "backlog", "ms", True, LATENCY),
    "fan_out_seconds": ("A fan-out from start to end", "fan_out", "s", True, {"seconds": "seconds"}),
    "fan_out_per_item": ("Time for one item of a fan-out", "fan_out", "ms", False, {"ms_per_item": "one item"}),
    "big_over_time": ("Drain beside a big queue, over time", "big_over_time", "commands/s", False, DRAIN),
}


def lines_of(points, names):
    """[(label, [(x, median, lowest, highest)])]: one for each figure on each line of the sweep that has it."""
    found = {}
    for point in points:
        for name in filter(point["figures"].get, names):
            values = point["figures"][name]
            label = ", ".join(part for part in (point["line"], names[name] if len(names) > 1 or not point["line"] else "") if part)
            found.setdefault(label, []).append((point["x"], statistics.median(values), min(values), max(values)))
    return list(found.items())


def write_plots(folder, results):
    os.makedirs(folder, exist_ok=True)
    for file, (title, sweep, unit, is_log, names) in PLOTS.items():
        if sweep in results:
            drawn = plot.svg(title, X_LABELS[sweep], unit, lines_of(results[sweep], names), sweep not in LINEAR_X, is_log)
            with open(os.path.join(folder, file + ".svg"), "w", encoding="utf-8") as out:
                out.write(drawn)


def shown(name, values):
    digits = FIGURES[name][2]
    spread = f" ({min(values):,.{digits}f} to {max(values):,.{digits}f})" if len(values) > 1 else ""
    return f"{statistics.median(values):,.{digits}f}{spread}"


def print_table(sweep, points):
    """A column for each point."""
    heads = [", ".join(part for part in (point["line"], f"{point['x']:,}") if part) for point in points]
    print(f"\n| {X_LABELS[sweep]} | {' | '.join(heads)} |\n|{' --- |' * (len(points) + 1)}")
    for name, (label, unit, _) in FIGURES.items():
        if any(name in point["figures"] for point in points):
            cells = [shown(name, point["figures"][name]) if name in point["figures"] else "" for point in points]
            print(f"| {', '.join(part for part in (label, unit) if part)} | {' | '.join(cells)} |")


def chosen(arguments):
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(prog="./dev bench --sweep", description=__doc__)
    numbers = lambda words: [int(word) for word in words.split(",")]
    parser.add_argument("--bin", type=os.path.abspath, default=os.path.join(here, "..", "..", "build", "release", "bin"), help="folder of the programs")
    parser.add_argument("--only", action="append", choices=list(SWEEPS), help="this sweep alone (may be repeated)")
    parser.add_argument("--quick", action="store_true", help="small sizes: shows that it works, not how fast")
    parser.add_argument("--json", metavar="FILE", help="write every value of every run")
    parser.add_argument("--plots", metavar="DIR", help="write the plots as SVG files")
    parser.add_argument("--slots", type=int, default=512, help="of each of the two workers of backlog, fanout and big")
    parser.add_argument("--worker-slots", type=int, default=64, help="of each worker in the sweep of workers")
    for name, what in (("runs", "of each point"), ("commands", "of one drain, at most"), ("latencies", "commands of one latency run, 20 a second"),
                       ("beside", "rows that wait, and as many finished, in the sweep big"), ("open-seconds", "that the transaction is open there")):
        parser.add_argument("--" + name, type=int, help=f"{what} ({FULL[name.replace('-', '_')]:,})")
    for name, what in (("workers", "processes"), ("batches", "sizes"), ("waiting", "rows"), ("finished", "rows"), ("items", "of a fan-out")):
        parser.add_argument("--" + name, type=numbers, metavar="N,N,…", help=f"{what} ({','.join(map(str, FULL[name]))})")
    choice = parser.parse_args(arguments)
    for name, value in (QUICK if choice.quick else FULL).items():
        if getattr(choice, name) is None:
            setattr(choice, name, value)
    choice.log = lambda text: print(text, file=sys.stderr, flush=True)
    return choice


def main(arguments):
    choice = chosen(arguments)
    machine, results = machine_line(), {}
    for name in choice.only or SWEEPS:
        choice.log(name)
        results.update(SWEEPS[name](choice))
    print(f"{machine}; medians of {choice.runs} runs (lowest to highest)")
    for sweep, points in results.items():
        if sweep not in LINEAR_X:
            print_table(sweep, points)
    if choice.json:
        with open(choice.json, "w", encoding="utf-8") as out:
            json.dump({"machine": machine, "commit": commit(), "points": results}, out, indent=1)
    if choice.plots:
        write_plots(choice.plots, results)
