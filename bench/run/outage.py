"""nats-server away under load. Full load: more commands wait than the workers get done, and the rate of each phase is what they can do
with notifications and by polling. Steady load: commands and executions go in at a steady rate before, while and after it is gone, and each phase
shows what a user would feel: refused requests, how long a command waited for a worker, what was done each second. It fails when anything is
lost, done twice, or did not go on while NATS was away."""

import json
import threading
import time

import figures
from stack import wait_until


class Feed(threading.Thread):
    """Enqueues `batch` commands and starts one execution, ten times a second, until told to stop."""

    def __init__(self, stack, batch):
        super().__init__(daemon=True)
        self.stack, self.batch = stack, batch
        self.is_over = threading.Event()
        self.accepted = {"commands": 0, "executions": 0}
        self.refused = []

    def run(self):
        bodies = (("commands", "/api/v2/commands", {"commands": [{"tool": {"kind": "noop"}}] * self.batch}, self.batch),
                  ("executions", "/api/v2/execute", {"path": "bench/three_steps"}, 1))
        while not self.is_over.wait(0.1):
            for what, route, body, count in bodies:
                status, answer = self.stack.call("POST", route, body)
                if status // 100 == 2:
                    self.accepted[what] += count
                else:
                    self.refused.append((status, answer[:120]))


def run(stack, seconds_away, log, batch=200, seconds_around=10):
    status, answer = stack.call("POST", "/api/catalog/register", {"content": figures.THREE_STEPS})
    if status // 100 != 2:
        raise RuntimeError("register: " + answer)
    stack.start_workers(2)
    figures.drain(stack, 5000, 2)
    after = figures.last_id(stack)
    feed = Feed(stack, batch)
    feed.start()
    phases = []

    def phase(name, seconds):
        log(f"{name}: {seconds} s")
        start = stack.sql.value("select now()")
        time.sleep(seconds)
        phases.append((name, start, stack.sql.value("select now()")))

    phase("NATS there", seconds_around)
    stack.nats.kill()
    stack.nats.wait()
    stack.processes.remove(stack.nats)
    phase("NATS away", seconds_away)
    degraded = json.loads(stack.call("GET", "/readyz")[1]).get("status")
    stack.start_nats()
    healed = time.monotonic()
    wait_until("notifications", lambda: json.loads(stack.call("GET", "/readyz")[1]).get("status") != degraded)
    healed = time.monotonic() - healed
    phase("NATS there again", seconds_around)
    feed.is_over.set()
    feed.join()
    figures.wait_for_drain(stack, after, 60)

    rows = [of_phase(stack, after, *bounds) for bounds in phases]
    expected = feed.accepted["commands"] + 3 * feed.accepted["executions"]
    figures.check_once_each(stack, after, expected)  # lost or twice: raises
    open_executions = int(stack.sql.value("select count(*) from noetl.execution where status <> 'completed'"))
    if open_executions or feed.refused or degraded != "degraded":
        raise RuntimeError(f"{open_executions} executions not completed, refused: {feed.refused[:3]}, /readyz said {degraded}")
    if rows[1]["done_per_second"] < rows[0]["done_per_second"] / 2:
        raise RuntimeError(f"work did not go on while NATS was away: {rows}")
    return {"phases": rows, "accepted": feed.accepted, "refused": len(feed.refused), "notifications_back_seconds": round(healed, 2)}


# The moments in which it is noticed that NATS has gone, or has come back, are no part of a phase.
SETTLED_SECONDS = 2


def run_full(stack, seconds, log):
    """Everything waits when it begins. `seconds` of each phase; the rates of commands that ended in it."""
    stack.start_workers(2)
    per_second = figures.drain(stack, 50_000, 2)["drain"]
    stack.stop_workers()
    count = int(per_second * 1.3 * (3 * seconds + 4 * SETTLED_SECONDS)) // 1000 * 1000
    log(f"{count:,} commands are enqueued")
    after, _ = figures.fill(stack, count)
    phases = []

    def phase(name):
        time.sleep(SETTLED_SECONDS)
        log(f"{name}: {seconds} s")
        start = stack.sql.value("select now()")
        time.sleep(seconds)
        phases.append((name, start, stack.sql.value("select now()")))

    stack.start_workers(2)
    stack.await_workers()
    phase("NATS there")
    stack.nats.kill()
    stack.nats.wait()
    stack.processes.remove(stack.nats)
    phase("NATS away")
    stack.start_nats()
    wait_until("notifications", lambda: json.loads(stack.call("GET", "/readyz")[1]).get("status") == "ok")
    phase("NATS there again")
    left = int(stack.sql.value("select coalesce(sum(count), 0) from (select count from noetl.queue_depth where status = 'queued'"
                               " union all select change from noetl.queue_change where status = 'queued') as waiting"))
    figures.wait_for_drain(stack, after, 600)
    figures.check_once_each(stack, after, count)  # lost or twice: raises
    rows = [of_phase(stack, after, *bounds) for bounds in phases]
    return {"rows": rows, "count": count, "left_at_the_end": left,
            "ratio": round(rows[1]["done_per_second"] / max(1, rows[0]["done_per_second"]), 2)}


def show_full(result):
    print("| full load | s | done /s |\n| --- | --- | --- |")
    for row in result["rows"]:
        print(f"| {row['phase']} | {row['seconds']} | {row['done_per_second']:,} |")
    print(f"\n{result['count']:,} commands, all done once each; {result['left_at_the_end']:,} of them after the last phase;"
          f" by polling {result['ratio']} of the rate with notifications\n")


def of_phase(stack, after, name, start, end):
    """Of the commands enqueued in that time; done: finished in that time."""
    waited = "extract(epoch from claimed_at - created_at) * 1000"
    enqueued, p50, p99, longest = stack.sql.rows(
        f"select count(*), percentile_cont(0.5) within group (order by {waited}), percentile_cont(0.99) within group (order by {waited}),"
        f" max({waited}) from noetl.queue where queue_id > {after} and created_at >= '{start}' and created_at < '{end}'")[0]
    done, seconds = stack.sql.rows(
        f"select count(*), extract(epoch from timestamptz '{end}' - timestamptz '{start}') from noetl.queue"
        f" where queue_id > {after} and finished_at >= '{start}' and finished_at < '{end}'")[0]
    row = {"phase": name, "seconds": round(float(seconds), 1), "enqueued": int(enqueued), "done_per_second": round(int(done) / float(seconds))}
    if int(enqueued) == 0:
        return row
    return {**row, "waited_p50_ms": round(float(p50), 1), "waited_p99_ms": round(float(p99), 1), "waited_max_ms": round(float(longest), 1)}


def show(result):
    print("| phase | s | enqueued | done /s | waited p50 | p99 | max ms |\n| --- | --- | --- | --- | --- | --- | --- |")
    for row in result["phases"]:
        print(f"| {row['phase']} | {row['seconds']} | {row['enqueued']:,} | {row['done_per_second']:,} | {row['waited_p50_ms']}"
              f" | {row['waited_p99_ms']} | {row['waited_max_ms']} |")
    print(f"\naccepted: {result['accepted']}; refused: {result['refused']}; all done once each;"
          f" notifications back {result['notifications_back_seconds']} s after nats-server started")
