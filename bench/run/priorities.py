"""What a priority costs: drains of commands of priority 0 and, in turn with them, of others that have one. In the last kind a tenth has a
priority, enqueued behind the others."""

import statistics

import figures

KINDS = (("priority 0", lambda nth: 0), ("priority 5", lambda nth: 5), ("priority -5", lambda nth: -5),
         ("ten priorities above 0", lambda nth: 1 + nth % 10), ("0, and a tenth of it 5", lambda nth: 5 if nth % 10 == 9 else 0))
BATCH = 1000


def drain(stack, count, priority_of):
    stack.stop_workers()
    after = figures.last_id(stack)
    wal = [figures.wal_position(stack)]
    for nth in range(count // BATCH):
        commands = [{"tool": {"kind": "noop"}, "priority": priority_of(nth)}] * BATCH
        status, answer = stack.call("POST", "/api/v2/commands", {"commands": commands})
        if status // 100 != 2:
            raise RuntimeError("enqueue: " + answer)
    wal.append(figures.wal_position(stack))
    stack.start_workers(2)
    figures.wait_for_drain(stack, after)
    wal.append(figures.wal_position(stack))
    figures.check_once_each(stack, after, count)
    return figures.rate(stack, after), (wal[1] - wal[0]) / count, (wal[2] - wal[1]) / count


def run(stack, count, runs, log):
    count = count // BATCH * BATCH
    values = {name: [] for name, _ in KINDS}
    drain(stack, count // 2 // BATCH * BATCH or BATCH, lambda nth: 0)
    for nth in range(runs):
        for name, priority_of in KINDS:
            values[name].append(drain(stack, count, priority_of))
            log(f"{nth + 1}: {name}: {values[name][-1][0]:,.0f}/s")
    return [{"name": name, "rate": [value[0] for value in all_of], "wal": [statistics.median(value[i] for value in all_of) for i in (1, 2)]}
            for name, all_of in values.items()]


def show(rows):
    print("| drain of | commands/s | spread | WAL, enqueue + claim to done, bytes |\n| --- | --- | --- | --- |")
    for row in rows:
        print(f"| {row['name']} | {statistics.median(row['rate']):,.0f} | {min(row['rate']):,.0f} to {max(row['rate']):,.0f}"
              f" | {row['wal'][0]:.0f} + {row['wal'][1]:.0f} |")
