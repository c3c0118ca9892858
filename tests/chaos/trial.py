"""What a row of the matrix works with: the stack, the load, a seeded random, and the helpers that measure."""
import http.client
import json
import math
import pathlib
import socket
import time

from processes import wait_until


class Trial:
    """One run of one row. `is_short` is the form for CI. Problems are texts; none means that the mark was held."""

    def __init__(self, stack, load, random, is_short):
        self.stack, self.load, self.random, self.is_short = stack, load, random, is_short
        self.problems, self.figures = [], {}
        self.repeated_max = 0  # effects that may happen again because of this fault
        self.rest_patience = 60

    def scaled(self, short, long):
        return short if self.is_short else long

    def expect(self, holds, problem):
        if not holds:
            self.problems.append(problem)

    def pause(self, seconds):
        """How long a fault or the load lasts: the one thing here that is a time and not a condition."""
        time.sleep(seconds)

    def now(self):
        """By the clock of Postgres (R9)."""
        return self.stack.value("select clock_timestamp()")

    def spread(self, name, seconds):
        """p50, p99 and max of some times, in ms."""
        if not seconds:
            self.figures[name] = "none"
            return 0.0
        ordered = sorted(seconds)
        at = [ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)] * 1000 for share in (0.5, 0.99)]
        self.figures[name] = f"p50 {at[0]:.0f}, p99 {at[1]:.0f}, max {ordered[-1] * 1000:.0f} ms (n={len(ordered)})"
        return ordered[-1]

    # Commands of a row's own, besides the load.

    def enqueue(self, tool, port=None, patience=30, **more):
        """The id, repeating under one key until a server takes it."""
        key = f"{self.load.prefix}-own-{self.random.getrandbits(48):x}"
        deadline = time.monotonic() + patience
        while True:
            status, text = self.stack.call("POST", "/api/v2/commands", {"tool": tool, **more}, {"Idempotency-Key": key}, port)
            if status // 100 == 2:
                return int(json.loads(text)["queue_id"])
            if status not in (0, 503) or time.monotonic() > deadline:
                raise RuntimeError(f"enqueueing {tool}: {status} {text[:300]}")
            time.sleep(0.05)

    def is_done(self, ids, statuses=("done",)):
        return self.stack.value("select count(*) from noetl.queue where queue_id = any(%s) and status = any(%s)",
                                list(ids), list(statuses)) == len(ids)

    def probe(self, patience=30, port=None):
        """Seconds from the first try of an enqueue to its command's end."""
        start = time.monotonic()
        one = self.enqueue({"kind": "noop"}, port, patience)
        wait_until("a probe to be done", lambda: self.is_done([one]), patience, 0.005)
        return time.monotonic() - start

    def drained_per_second(self, count):
        """How fast that many waiting no-ops are carried out."""
        start = time.monotonic()
        keys = []
        for first in range(0, count, 2000):
            status, text = self.stack.call("POST", "/api/v2/commands", {"commands": [{"tool": {"kind": "noop"}}] * min(2000, count - first)})
            if status // 100 != 2:
                raise RuntimeError(f"enqueueing no-ops: {status} {text[:300]}")
            keys += [int(one) for one in json.loads(text)["queue_ids"]]
        # The newest few first: looking at all of them all the time would cost more than carrying them out.
        wait_until(f"{count} no-ops", lambda: self.is_done(keys[-10:]) and self.is_done(keys), 120, 0.03)
        return count / (time.monotonic() - start)

    # What happened to commands.

    def running_at(self, worker_id):
        return [row[0] for row in self.stack.sql("select queue_id from noetl.queue where worker_id = %s and status = 'running'", worker_id)]

    def resumed_after(self, ids, worker_id, moment):
        """For commands that a worker lost: seconds from the moment until another one had them."""
        rows = self.stack.sql(
            "select min(extract(epoch from claimed_at - %s)) from noetl.event where queue_id = any(%s) and claimed_at > %s"
            " and worker_id <> %s group by queue_id", moment, list(ids), moment, worker_id)
        return [float(row[0]) for row in rows]

    def lost_attempts(self, since):
        return self.stack.value("select count(*) from noetl.event where event_type = 'command.failed' and created_at >= %s"
                                " and payload->'error'->>'kind' = 'worker_lost'", since)

    def rerun_since(self, since):
        """Attempts beyond the first that began since, other than those a tool's own failure asked for."""
        return self.stack.value(
            "select coalesce(sum(q.epoch - 1), 0) from noetl.queue q where q.created_at >= %s and q.epoch > 1"
            " and q.tool_kind <> 'shell'", since)


def answer_of(port, method, path, body=None, patience=15):
    """(status, headers, seconds, how): how is 'answered', 'refused' (nobody listens) or 'broken' (sent, never answered)."""
    start = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=patience)
    try:
        connection.connect()
    except OSError:
        return 0, {}, time.monotonic() - start, "refused"
    try:
        data = None if body is None else json.dumps(body).encode()
        connection.request(method, path, data, {"Content-Type": "application/json"} if data else {})
        answer = connection.getresponse()
        answer.read()
        return answer.status, dict(answer.getheaders()), time.monotonic() - start, "answered"
    except (OSError, http.client.HTTPException, socket.timeout):
        return 0, {}, time.monotonic() - start, "broken"
    finally:
        connection.close()


def processes_with(text):
    """Ids of processes whose command line has the text as a word."""
    found = []
    for folder in pathlib.Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue  # ended meanwhile
            if text.encode() in words:
                found.append(int(folder.name))
    return found
