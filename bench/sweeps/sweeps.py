"""The sweeps: what is varied, and what is measured at each point. Each point has a stack of its own, so that no point is
measured on what another left behind. A point is {"line", "x", "figures": {name: [value of each run]}}."""

import contextlib
import statistics
import time

import backlog
import sweep_runs
from stack import Stack

# A lease so long that workers may be held still while a queue of any size fills.
LEASE = {"NOETL_LEASE": "10m"}
OVER_TIME = 20  # drains while a transaction is open


@contextlib.contextmanager
def stack_of(choice, workers, slots):
    """With workers that have worked; its `commands` are what a run of three seconds brings, within bounds."""
    with Stack(choice.bin, slots, **LEASE) as stack:
        sweep_runs.register_fan_out(stack)
        stack.start_workers(workers)
        stack.await_workers()
        warm = max(500, choice.commands // 20)
        rate = [sweep_runs.drain(stack, warm)["drain"] for _ in range(2)][-1]  # the second one is warm
        stack.commands = int(min(choice.commands, max(warm, 3 * rate)))
        yield stack


def repeated(choice, line, x, *measures):
    """A point of several runs, each of them one of every measure in turn."""
    runs = [{name: value for measure in measures for name, value in measure().items()} for _ in range(choice.runs)]
    point = {"line": line, "x": x, "figures": {name: [run[name] for run in runs] for name in runs[0]}}
    choice.log("  " + ", ".join([f"{line} {x}".strip(), *(f"{name} {statistics.median(values):.4g}" for name, values in point["figures"].items())]))
    return point


def workers(choice):
    def measure(count):
        with stack_of(choice, count, choice.worker_slots) as stack:
            return repeated(choice, "", count, lambda: sweep_runs.drain(stack, stack.commands),
                            lambda: sweep_runs.latency(stack, choice.latencies))
    return {"workers": [measure(count) for count in choice.workers]}


def batch(choice):
    """So many commands in a request, and so many slots in each worker, hence in a claim and a report."""
    def measure(size):
        with stack_of(choice, 2, size) as stack:
            return repeated(choice, "", size, lambda: sweep_runs.drain(stack, stack.commands, size),
                            lambda: sweep_runs.latency(stack, choice.latencies))
    return {"batch": [measure(size) for size in choice.batches]}


def backlogs(choice):
    """Beside rows that wait in another pool, beside finished rows, and a queue of that length itself."""
    def beside(line, x, waiting, finished):
        with stack_of(choice, 2, choice.slots) as stack:
            backlog.add(stack, waiting, finished)
            return repeated(choice, line, x, lambda: sweep_runs.drain(stack, stack.commands),
                            lambda: sweep_runs.latency(stack, choice.latencies))

    def itself(length):
        with stack_of(choice, 2, choice.slots) as stack:
            return repeated(choice, "the queue itself", length, lambda: {"drain": sweep_runs.drain(stack, length)["drain"]})

    nothing = beside("waiting elsewhere", 0, 0, 0)
    return {"backlog": [nothing] + [beside("waiting elsewhere", count, count, 0) for count in choice.waiting]
            + [{**nothing, "line": "finished"}] + [beside("finished", count, 0, count) for count in choice.finished]
            + [itself(length) for length in choice.waiting]}


def fan_out(choice):
    def measure(items):
        with stack_of(choice, 2, choice.slots) as stack:
            sweep_runs.fan_out(stack, max(10, items // 10))
            return repeated(choice, "", items, lambda: sweep_runs.fan_out(stack, items))
    return {"fan_out": [measure(items) for items in choice.items]}


def over_time(choice, line, stack, seconds):
    """Drains spread evenly over the seconds; without seconds as many as there are runs."""
    begin, points = time.monotonic(), []
    count = OVER_TIME if seconds else choice.runs
    for i in range(count):
        time.sleep(max(0, begin + seconds * i / count - time.monotonic()))
        points.append({"line": line, "x": round(time.monotonic() - begin, 1), "figures": {"drain": [sweep_runs.drain(stack, stack.commands)["drain"]]}})
    time.sleep(max(0, begin + seconds - time.monotonic()))
    return points


def big(choice):
    """Empty tables, a million rows waiting and a million finished (for a fifth of the time each), and the same while a transaction is left open.
    The first has as many drains as the second: autovacuum comes to both."""
    def measure(line, rows, seconds, is_open):
        with stack_of(choice, 2, choice.slots) as stack:
            backlog.add(stack, rows, rows)
            with backlog.open_transaction(stack) if is_open else contextlib.nullcontext():
                return finish(line, stack, rows, seconds)

    def finish(line, stack, rows, seconds):
        points = over_time(choice, line, stack, seconds)
        summary = repeated(choice, line, rows, lambda: {"drain": sweep_runs.drain(stack, stack.commands)["drain"]},
                           lambda: sweep_runs.latency(stack, choice.latencies))
        summary["figures"]["table_mib"] = [table_mib(stack)]
        return summary, points

    rows, seconds = choice.beside, choice.open_seconds
    results = [measure("nothing beside", 0, seconds / 5, False), measure("both beside", rows, seconds / 5, False),
               measure("both, open transaction", rows, seconds, True)]
    return {"big": [summary for summary, _ in results], "big_over_time": [point for _, points in results for point in points]}


def table_mib(stack):
    return stack.sql.number("select (pg_total_relation_size('noetl.queue') + pg_total_relation_size('noetl.event')) / 1048576.0")


SWEEPS = {"workers": workers, "batch": batch, "backlog": backlogs, "fanout": fan_out, "big": big}
