"""What a flood of new work does to what workers report: `python3 bench/sweeps/backpressure.py --bin build/release/bin`.
One client claims and reports commands one by one, first alone, then while others enqueue batches as fast as they are
let in. Shown are the times of its reports in milliseconds, and how many enqueues were told to come again."""

import argparse
import http.client
import json
import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "run"))

from stack import Stack  # noqa: E402


class Caller:
    """One kept connection."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def post(self, path, body):
        self.connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())


class Worker:
    def __init__(self, port):
        self.caller = Caller(port)
        self.caller.post("/api/v2/workers", {"worker_id": "bench", "pool": "default", "hostname": "bench", "pid": 1, "slots": 1,
                                             "version": "0", "tools": ["noop"], "labels": {}})
        self.beaten_at = time.monotonic()

    def report_for(self, seconds):
        """Times of the reports, and how many were refused."""
        times, refused = [], 0
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if time.monotonic() - self.beaten_at > 1:
                self.caller.post("/api/v2/workers/bench/heartbeat", {"held": [], "has_claim_in_flight": True, "running": 0, "status": "ready"})
                self.beaten_at = time.monotonic()
            status, answer = self.caller.post("/api/v2/commands/claim", {"worker_id": "bench", "pool": "default", "slots": 1})
            for command in answer.get("commands", []):
                event = {"worker_id": "bench", "queue_id": command["queue_id"], "epoch": command["epoch"],
                         "name": "command.completed", "payload": {"result": 1}}
                start = time.monotonic()
                status, _ = self.caller.post("/api/v2/events", event)
                times.append((time.monotonic() - start) * 1000)
                refused += status == 503
        return sorted(times), refused


def flood(port, is_over, counts):
    caller = Caller(port)
    batch = {"commands": [{"tool": {"kind": "noop"}}] * 1000}
    while not is_over.is_set():
        status, _ = caller.post("/api/v2/commands", batch)
        counts[status] = counts.get(status, 0) + 1


def show(name, measured):
    times, refused = measured
    at = lambda share: times[min(len(times) - 1, int(len(times) * share))]
    print(f"{name}: {len(times)} reports, p50 {at(0.5):.1f} ms, p99 {at(0.99):.1f} ms, max {times[-1]:.1f} ms, {refused} refused", flush=True)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--bin", default="build/release/bin")
    arguments.add_argument("--clients", type=int, default=64)
    arguments.add_argument("--seconds", type=float, default=10)
    options = arguments.parse_args()
    with Stack(options.bin, 1) as stack:
        stack.call("POST", "/api/v2/commands", {"commands": [{"tool": {"kind": "noop"}}] * 10_000})
        worker = Worker(stack.port)
        show("alone", worker.report_for(options.seconds))
        is_over, counts = threading.Event(), {}
        clients = [threading.Thread(target=flood, args=(stack.port, is_over, counts), daemon=True) for _ in range(options.clients)]
        for client in clients:
            client.start()
        show(f"beside {options.clients} clients that enqueue", worker.report_for(options.seconds))
        is_over.set()
        for client in clients:
            client.join()
        print("enqueues by status: " + ", ".join(f"{status}: {count}" for status, count in sorted(counts.items())))


if __name__ == "__main__":
    main()
