"""The server's HTTP API as a trial asks it."""
import json
import pathlib
import threading
import time
import urllib.error
import urllib.request

PATIENCE_SECONDS = 120


def wait_for(what, condition, seconds=PATIENCE_SECONDS):
    """The first true answer of the condition, and how long it took."""
    began = time.monotonic()
    while True:
        answer = condition()
        if answer:
            return answer, time.monotonic() - began
        if time.monotonic() - began > seconds:
            raise RuntimeError(f"waited {seconds} s in vain for {what}")
        time.sleep(0.05)


class Api:
    def __init__(self, url):
        self.url = url

    def call(self, method, path, body=None, timeout=10, content_type="application/json"):
        """Status and parsed answer; status 0 when nobody answers."""
        sent = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=sent, method=method, headers={"Content-Type": content_type})
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode(errors="replace")
        except (OSError, ValueError) as away:
            return 0, str(away)

    def get(self, path):
        return self.call("GET", path)[1]

    def is_ready(self):
        status, answer = self.call("GET", "/readyz", timeout=3)
        return status == 200 and answer["status"] == "ok"

    def enqueue(self, command, **more):
        status, answer = self.call("POST", "/api/v2/commands", {"tool": {"kind": "shell", "command": command}, **more})
        if status != 201:
            raise RuntimeError(f"enqueueing '{command}' was answered {status}: {answer}")
        return answer["queue_id"]

    def command(self, queue_id):
        return self.get(f"/api/v2/commands/{queue_id}")

    def wait_done(self, queue_ids, seconds=PATIENCE_SECONDS):
        """Rows of commands that have ended, all of them."""
        ended = {}

        def look():
            for queue_id in queue_ids:
                if queue_id in ended:
                    continue
                status, row = self.call("GET", f"/api/v2/commands/{queue_id}")
                if status == 200 and row["status"] in ("done", "failed", "dead", "cancelled"):
                    ended[queue_id] = row
            return len(ended) == len(set(queue_ids))

        _answer, took = wait_for(f"the end of {len(queue_ids)} commands", look, seconds)
        return [ended[queue_id] for queue_id in queue_ids], took

    def workers(self, status="ready"):
        answer = self.get("/api/v2/workers")
        return [one for one in answer["workers"] if one["status"] == status] if isinstance(answer, dict) else []

    def registered(self, playbook):
        return self.call("POST", "/api/catalog/register", pathlib.Path(playbook).read_bytes(), content_type="application/yaml")


class Load:
    """Enqueues ten commands a second while its block runs; what was accepted must be done in the end."""

    def __init__(self, api, command="true", **more):
        self.api, self.command, self.more = api, command, {"max_attempts": 5, **more}
        self.accepted, self.refused, self.over = [], [], threading.Event()
        self.feeder = threading.Thread(target=self.feed)

    def feed(self):
        while not self.over.wait(0.1):
            try:
                self.accepted.append(self.api.enqueue(self.command, **self.more))
            except RuntimeError as error:
                self.refused.append(str(error))

    def __enter__(self):
        self.feeder.start()
        return self

    def __exit__(self, *_failure):
        self.over.set()
        self.feeder.join()

    def outcome(self):
        """What became of it, in words, and whether nothing was lost."""
        rows, _took = self.api.wait_done(self.accepted)
        done, again = sum(row["status"] == "done" for row in rows), sum(row["attempts"] > 1 for row in rows)
        return f"{len(rows)} accepted, {done} done, {again} ran twice, {len(self.refused)} refused meanwhile", done == len(rows) > 0
