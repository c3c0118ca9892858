"""Whoever drains every worker of `noetlctl dev` ends neither the stack nor the work: another worker takes the place of each."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

BIN = pathlib.Path(os.environ.get("NOETL_BIN_DIR") or sys.exit("set NOETL_BIN_DIR to the folder of the programs"))
PATIENCE = 90


def call(base, method, path, body=None):
    request = urllib.request.Request(base + path, None if body is None else json.dumps(body).encode(),
                                     {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def wait_until(what, found):
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if (value := found()):
            return value
        time.sleep(0.1)
    raise AssertionError(f"waited {PATIENCE} s for {what}")


class Drain(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="noetl-drain-")
        self.addCleanup(self.folder.cleanup)
        self.log = open(pathlib.Path(self.folder.name) / "stack.log", "wb")
        self.addCleanup(self.log.close)
        self.stack = subprocess.Popen([BIN / "noetlctl", "dev", "--data", f"{self.folder.name}/data", "--workers", "2"],
                                      stdout=self.log, stderr=self.log)
        self.addCleanup(self.stop)

    def stop(self):
        self.stack.send_signal(signal.SIGTERM)
        self.stack.wait(60)

    def state(self):
        self.assertIsNone(self.stack.poll(), "the stack has ended: " + pathlib.Path(self.log.name).read_text())
        file = pathlib.Path(self.folder.name) / "data" / "dev.json"
        state = json.loads(file.read_text()) if file.exists() else {}
        return state if state.get("is_ready") else None

    def ready(self, base):
        self.state()
        return {row["worker_id"] for row in call(base, "GET", "/api/v2/workers?status=ready")["workers"]}

    def test_another_worker_takes_the_place_of_each(self):
        base = f"http://127.0.0.1:{wait_until('the stack', self.state)['server_port']}"
        before = self.ready(base)
        self.assertEqual(len(before), 2)

        for worker in before:
            call(base, "POST", f"/api/v2/workers/{worker}/drain", {})
        after = wait_until("two other workers", lambda: len(self.ready(base) - before) == 2 and self.ready(base) - before)

        self.assertTrue(after)
        queue_id = call(base, "POST", "/api/v2/commands", {"tool": {"kind": "noop"}})["queue_id"]
        wait_until("the work to go on", lambda: call(base, "GET", f"/api/v2/commands/{queue_id}")["status"] == "done")


if __name__ == "__main__":
    unittest.main()
