"""Faults of a nats-server cluster as it runs in production: TLS, a user for each role, workers of both transports."""
import collections
import contextlib
import json
import threading
import time

from processes import wait_until
from rows.row import ReplicatedRow
from stack import StackSettings  # first: it says where tests/security is

import nats_accounts_test as accounts
import nats_client

STREAM = "NOETL_COMMANDS"
PATH = "chaos/submitted"
PLAYBOOK = f"""apiVersion: noetl.io/v2
kind: Playbook
metadata: {{name: submitted, path: {PATH}}}
workflow:
  - step: start
    tool: {{kind: noop}}
"""


class Producer:
    """The user `producer`, on a thread of its own: each request for an execution twice, under one message id, through any node."""

    def __init__(self, roles, random):
        self.roles, self.random = roles, random
        self.is_over, self.line = threading.Event(), None
        self.accepted = set()
        self.thread = threading.Thread(target=self.submit_all)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_error):
        self.is_over.set()
        self.thread.join()
        if self.line is not None:
            self.line.close()

    def submit_all(self):
        number = 0
        while not self.is_over.wait(0.05):
            number += 1
            message = {"message_id": f"m-{number}", "context": {"playbook": PATH}}
            for _time in range(2):
                self.submit(message)
            self.accepted.add(number)

    def submit(self, message):
        """Until the stream says that it has it; through another node after each failure."""
        while True:
            try:
                if self.line is None:
                    self.line = self.roles.line("producer", self.random.randrange(len(self.roles.ports)))
                answers = self.line.ask("noetl.workflow.submit.s", message, patience=1)
                if answers and "error" not in json.loads(answers[0][2]):
                    return
            except (OSError, nats_client.Refused, ValueError):
                pass
            if self.line is not None:
                self.line.close()
                self.line = None
            time.sleep(0.05)


class NodesKilled(ReplicatedRow):
    name = "nats_cluster_tls"
    fault = "three nats-servers with TLS and users by role, workers of both transports: kill each in turn, and the stream's leader"
    mark = "nothing recorded twice, forbidden calls refused at every node, no stall beyond election and lease"
    is_in_short = False  # three nats-servers need some 15 s to agree at start

    def settings(self, is_short):
        return StackSettings(workers=4, nats=3, has_roles=True, env=(("NOETL_NATS_REPLICAS", "3"),))

    def run(self, trial):
        stack = trial.stack
        status, text = self.register(stack)
        trial.expect(status // 100 == 2, f"the playbook was not registered: {status} {text[:200]}")
        wait_until("a stream with three replicas", lambda: len(self.replicas(stack)) == 2, 60)
        refused = self.count_refused(trial, range(3))
        calm = [trial.probe() for _ in range(20)]
        waits, elected = [], []
        order = [] if trial.is_short else trial.random.sample(stack.nats, 3)
        with Producer(stack.roles, trial.random) as producer:
            for victim in [*order, None]:
                if victim is None:
                    leader = wait_until("a leader", lambda: self.leader(stack), 30)
                    victim = next(one for one in stack.nats if one.name == leader)
                elected.append(self.kill(trial, victim, waits))
                refused += self.count_refused(trial, [number for number, one in enumerate(stack.nats) if one is not victim])
                victim.start()
                wait_until("three replicas again", lambda: len(self.replicas(stack)) == 2, 60)
        self.check_executions(trial, len(producer.accepted))
        self.check_transports(trial)
        trial.figures |= {"forbidden calls refused": refused}
        trial.spread("probes before", calm)
        election = trial.spread("elected after", elected)
        longest = trial.spread("probes during", waits)
        bound = election + stack.settings.lease_seconds
        trial.expect(longest <= bound, f"a command took {longest:.1f} s, longer than election and lease, {bound:.1f} s")

    @staticmethod
    def register(stack):
        return stack.call("POST", "/api/catalog/register", {"content": PLAYBOOK})

    def kill(self, trial, victim, waits):
        """Seconds until the stream has a leader that lives; probes go on for two more."""
        victim.kill()
        start, found = time.monotonic(), None
        while time.monotonic() - start < (found or 28) + 2:
            waits.append(trial.probe())
            if found is None and self.leader(trial.stack) not in (None, victim.name):
                found = time.monotonic() - start
        trial.expect(found is not None, f"no leader of the stream within 30 s after {victim.name} was killed")
        return found or 30.0

    @staticmethod
    def count_refused(trial, numbers):
        """Every call of the table of tests/security, at every one of these nodes."""
        count = 0
        for number in numbers:
            for verb, table in (("PUB {} 0\r\n", accounts.REFUSED_PUBLISH), ("SUB {} 9999", accounts.REFUSED_SUBSCRIBE)):
                for user, subjects in table.items():
                    with contextlib.closing(trial.stack.roles.line(user, number)) as line:
                        for subject in subjects:
                            is_refused = line.is_refused(verb.format(subject))
                            trial.expect(is_refused, f"{user} was not refused {verb.split()[0]} {subject} at node {number}")
                            count += is_refused
        return count

    @staticmethod
    def check_executions(trial, submitted):
        """One for each message id: the stream delivers what was accepted, however often it was sent."""
        count = "select count(*) from noetl.execution where path = %s"
        wait_until("the submitted executions", lambda: trial.stack.value(count, PATH) >= submitted, 60)
        started = trial.stack.value(count, PATH)
        trial.figures |= {"executions submitted": submitted}
        trial.expect(started == submitted, f"{submitted} message ids started {started} executions")
        trial.expect(submitted > 10, f"only {submitted} executions were submitted")

    @staticmethod
    def check_transports(trial):
        """Both kinds of workers have worked: the ones with odd numbers reach the server over NATS."""
        done = collections.Counter()
        for worker_id, count in trial.stack.sql("select worker_id, count(*) from noetl.event_history where event_type = 'command.completed'"
                                                " and worker_id is not null group by worker_id"):
            index = int(worker_id.split("-")[1].split(".")[0])
            done["nats" if index % 2 == 1 else "http"] += count
        trial.figures |= {f"completed over {transport}": done[transport] for transport in ("http", "nats")}
        trial.expect(done["http"] > 0 and done["nats"] > 0, f"commands completed by transport: {dict(done)}")

    def stream_at(self, stack, number):
        try:
            with contextlib.closing(stack.roles.line("operator", number)) as line:
                return line.api(f"STREAM.INFO.{STREAM}", patience=0.5)
        except nats_client.Refused as refused:
            raise RuntimeError(str(refused)) from refused
