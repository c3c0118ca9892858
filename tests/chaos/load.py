"""The mixed load: plain commands and playbooks that go in at a steady rate through the HTTP API of any server, each under an
idempotency key, repeated under the same key until it is accepted. Everything accepted is remembered with what must
become of it, so that nothing can be lost unnoticed."""
import collections
import json
import queue
import random
import threading
import time

import ledger
from playbooks import PLAYBOOKS, LOOP_ITEMS

ATTEMPTS = 10  # of a plain command: so many workers may die under it
RETRY_SECONDS_MAX = 0.5
ACCEPT_PATIENCE_SECONDS = 120
SUBMITTERS = 6


# One thing to submit. `tokens`: token → how often its effect belongs to it. `ends`: the status that it must come to.
Submission = collections.namedtuple("Submission", "key kind route body tokens ends")
Accepted = collections.namedtuple("Accepted", "submission ids tries seconds at")


class Load:
    """Used as a context. start/stop by the main thread; six threads of its own submit."""

    def __init__(self, stack, prefix, seed, per_second=80, slow_seconds=0.5, kinds=None):
        self.stack, self.prefix, self.per_second, self.slow_seconds = stack, prefix, per_second, slow_seconds
        self.random = random.Random(f"{seed}/{prefix}")
        self.kinds = kinds or list(MAKERS)
        self.lock = threading.Lock()
        self.waiting = queue.Queue()
        self.is_over = threading.Event()
        self.accepted, self.problems, self.refused = [], [], collections.Counter()
        self.first_answers = {}  # key → ids
        self.ports = None  # of the servers that clients turn to; None: all
        self.number = 0
        self.threads = []
        self.repeats = 0

    def __enter__(self):
        self.threads = [threading.Thread(target=self.feed)]
        self.threads += [threading.Thread(target=self.submit_all, args=(i,)) for i in range(SUBMITTERS)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_error):
        self.stop()

    def stop(self):
        """No more goes in; what has gone in is accepted, or a problem."""
        self.is_over.set()
        for thread in self.threads:
            thread.join()
        self.threads = []

    def feed(self):
        while not self.is_over.wait(0.1):
            made = 0
            while made < self.per_second / 10:
                submission, size = MAKERS[self.random.choice(self.kinds)](self)
                self.waiting.put(submission)
                made += size
        for _ in range(SUBMITTERS):
            self.waiting.put(None)

    def submit_all(self, index):
        chooser = random.Random(f"{self.prefix}/{index}")
        while (submission := self.waiting.get()) is not None:
            if self.submit(submission, chooser) and chooser.random() < 0.05:
                self.submit(submission, chooser)  # R3: whoever repeats gets the first answer

    def submit(self, submission, chooser):
        """True when it was accepted, by whatever server answers."""
        start, tries = time.monotonic(), 0
        while time.monotonic() - start < ACCEPT_PATIENCE_SECONDS:
            tries += 1
            port = chooser.choice(self.ports or [server.port for server in self.stack.servers])
            headers = {} if "commands" in submission.body else {"Idempotency-Key": submission.key}
            status, text = self.stack.call("POST", submission.route, submission.body, headers, port)
            if status // 100 == 2:
                self.note(submission, json.loads(text), tries, time.monotonic() - start)
                return True
            with self.lock:
                self.refused[status] += 1
            if status not in (0, 503):
                break
            time.sleep(chooser.uniform(0.05, RETRY_SECONDS_MAX))  # the backoff of a client
        with self.lock:
            self.problems.append(f"{submission.key} ({submission.kind}) was not accepted after {tries} tries: {status} {text[:200]}")
        return False

    def note(self, submission, answer, tries, seconds):
        ids = answer.get("queue_ids") or [answer.get("queue_id") or answer.get("execution_id")]
        with self.lock:
            first = self.first_answers.setdefault(submission.key, ids)
            if first is ids:
                self.accepted.append(Accepted(submission, [int(one) for one in ids], tries, seconds, time.time()))
                return
            self.repeats += 1
            if first != ids:
                self.problems.append(f"{submission.key} was answered with {first[:3]} and, repeated, with {ids[:3]}")

    # What goes in. Each gives the submission and how many commands it is worth.

    def next_key(self):
        self.number += 1
        return f"{self.prefix}-{self.number:05d}"

    def plain(self, kind, tool, tokens=None, ends="done", **more):
        key = self.next_key()
        body = {"tool": tool(key), "max_attempts": ATTEMPTS, "timeout": 30, **more}
        return Submission(key, kind, "/api/v2/commands", body, {key + "-e": 1} if tokens else {}, ends), 1

    def noops(self):
        key = self.next_key()
        commands = [{"tool": {"kind": "noop"}, "max_attempts": ATTEMPTS, "idempotency_key": f"{key}-{i}"} for i in range(8)]
        return Submission(key, "noops", "/api/v2/commands", {"commands": commands}, {}, "done"), 8

    def effects(self):
        key = self.next_key()
        commands = [{"tool": {"kind": "postgres", "command": ledger.effect(f"{key}-e{i}")}, "max_attempts": ATTEMPTS,
                     "idempotency_key": f"{key}-{i}"} for i in range(5)]
        return Submission(key, "effects", "/api/v2/commands", {"commands": commands}, {f"{key}-e{i}": 1 for i in range(5)}, "done"), 5

    def slow(self):
        return self.plain("slow", lambda key: {"kind": "postgres", "command": ledger.slow_effect(key + "-e", self.slow_seconds)}, True)

    def delayed(self):
        return self.plain("delayed", lambda key: {"kind": "postgres", "command": ledger.effect(key + "-e")}, True, delay_ms=300)

    def failing(self):
        return self.plain("failing", lambda key: {"kind": "shell", "command": "exit 3"}, ends="dead", max_attempts=2)

    def playbook(self, name):
        key = self.next_key()
        playbook = PLAYBOOKS[name]
        tokens = {key + suffix: 1 for suffix in playbook.effects}
        payload = {"token": key, "items": list(range(LOOP_ITEMS)), "seconds": self.slow_seconds}
        return Submission(key, name, "/api/v2/execute", {"path": "chaos/" + name, "payload": payload}, tokens, playbook.ends), playbook.commands

    # What becomes of it.

    def ids(self, of_executions):
        return [one for accepted in self.accepted if (accepted.submission.route == "/api/v2/execute") == of_executions
                for one in accepted.ids]

    def unfinished(self):
        """How many of the accepted still have to end; what is not there at all is lost, not unfinished."""
        commands = self.stack.value("select count(*) from noetl.queue where queue_id = any(%s) and status in ('queued', 'running')",
                                    self.ids(False))
        return commands + self.stack.value(
            "select count(*) from noetl.execution where execution_id = any(%s) and status = 'running'", self.ids(True))


MAKERS = {"noops": Load.noops, "effects": Load.effects, "slow": Load.slow, "delayed": Load.delayed, "failing": Load.failing,
          **{name: (lambda load, name=name: load.playbook(name)) for name in PLAYBOOKS}}


def register_playbooks(stack):
    for playbook in PLAYBOOKS.values():
        status, text = stack.call("POST", "/api/catalog/register", {"content": playbook.text, "resource_type": "Playbook"})
        if status // 100 != 2:
            raise RuntimeError(f"registering a playbook of the load: {status} {text}")
