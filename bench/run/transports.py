"""The same figures with workers that reach the server over HTTP and over NATS, in turn on one stack."""

import statistics

import figures

TRANSPORTS = ("http", "nats")
# One slot and nothing prefetched: a claim and a report for each command, and no command is given to a waiting worker.
ONE_AT_A_TIME = {"NOETL_WORKER_PREFETCH": "0", "NOETL_DIRECT_DISPATCH": "off"}
FIGURES = (("drain, 2 workers", "drain", "commands/s", 0),
           ("claims and reports, one command each, 8 workers of one slot", "calls", "calls/s", 0),
           ("start latency p50, from before the POST", "p50_ms", "ms", 2), ("start latency p99, from before the POST", "p99_ms", "ms", 2),
           ("start latency p50, from its answer", "accepted_p50_ms", "ms", 2), ("start latency p99, from its answer", "accepted_p99_ms", "ms", 2))
WORKERS_OF_ONE_SLOT = 8


def calls(stack, count):
    """Claims and reports a second."""
    slots, stack.slots, stack.env = stack.slots, 1, {**stack.env, **ONE_AT_A_TIME}
    try:
        return 2 * figures.drain(stack, count, WORKERS_OF_ONE_SLOT)["drain"]
    finally:
        stack.slots, stack.env = slots, {name: value for name, value in stack.env.items() if name not in ONE_AT_A_TIME}


def measure(stack, transport, count):
    stack.env["NOETL_WORKER_TRANSPORT"] = transport
    one = {"drain": figures.drain(stack, count, 2)["drain"]}
    stack.await_workers()
    one |= figures.latency(stack, 200)
    one["calls"] = calls(stack, max(1000, count // 10))
    return one


def run(stack, count, runs, log):
    values = {transport: [] for transport in TRANSPORTS}
    figures.drain(stack, max(1000, count // 5), 2)
    for nth in range(runs):
        for transport in TRANSPORTS if nth % 2 == 0 else reversed(TRANSPORTS):
            values[transport].append(measure(stack, transport, count))
            log(f"{nth + 1}: {transport}: " + ", ".join(f"{key} {values[transport][-1][key]:,.2f}" for _name, key, _unit, _digits in FIGURES))
    return values


def show(values):
    print("| figure | HTTP | spread | NATS | spread | unit | NATS is better by |\n| --- | --- | --- | --- | --- | --- | --- |")
    for name, key, unit, digits in FIGURES:
        cells, medians = [], []
        for transport in TRANSPORTS:
            all_of = [one[key] for one in values[transport]]
            medians.append(statistics.median(all_of))
            cells += [f"{medians[-1]:,.{digits}f}", f"{min(all_of):,.{digits}f} to {max(all_of):,.{digits}f}"]
        ratio = medians[0] / medians[1] if unit == "ms" else medians[1] / medians[0]
        print(f"| {name} | {' | '.join(cells)} | {unit} | {ratio:.2f} |")
