"""Faults of servers."""
import concurrent.futures
import json
import signal
import threading
import time

from processes import wait_until
from rows.row import Row
from trial import answer_of

CRASH = {"NOETL_TEST_CRASH_AFTER_COMMIT": "1"}
SWEEP_SECONDS = 2.0


class KilledBeforePublish(Row):
    name = "commit_publish"
    fault = "SIGKILL the server between commit and publish"
    mark = "started by the sweep within 2 s"

    def run(self, trial):
        """The second server ends itself right after the commit of whatever is enqueued there; the first goes on."""
        stack, since = trial.stack, trial.now()
        armed, other = stack.servers[1], stack.servers[0]
        trial.load.ports = [other.port]
        waited, same = [], 0
        rounds = trial.scaled(2, 20)
        for i in range(rounds):
            armed.kill() if armed.is_running() else None
            armed.start(CRASH)
            wait_until("a server that does the duties", lambda: other.metric("noetl_upkeep_leading") == 1, 20)
            key = f"crash-{trial.load.prefix}-{i}"
            if i % 2:
                route, body, table = "/api/v2/execute", {"path": "chaos/steps", "payload": {"token": key}}, "execution"
            else:
                route, body, table = "/api/v2/commands", {"tool": {"kind": "noop"}}, "queue"
            status, _ = stack.call("POST", route, body, {"Idempotency-Key": key}, armed.port)
            trial.expect(status == 0 and armed.wait(10) == 70, f"the armed server answered {status}")
            stored = stack.sql(f"select {table}_id from noetl.{table} where idempotency_key = %s", key)
            trial.expect(len(stored) == 1, f"{key}: committed {len(stored)} times before the crash")
            status, text = stack.call("POST", route, body, {"Idempotency-Key": key}, other.port)
            answer = json.loads(text) if status // 100 == 2 else {}
            same += bool(stored) and str(stored[0][0]) in (answer.get("queue_id"), answer.get("execution_id"))
            start = wait_until("the command to be started by the sweep", lambda: stack.sql(
                f"select extract(epoch from claimed_at - created_at) from noetl.queue where {table}_id = %s and claimed_at is not null"
                " order by queue_id limit 1", stored[0][0]), 30)
            waited.append(float(start[0][0]))
        armed.start()
        trial.load.ports = None
        # The workers of the armed server have no other: their leases may run out while it is away.
        trial.repeated_max = trial.lost_attempts(since)
        longest = trial.spread("commit to start", waited)
        trial.figures |= {"crashes": rounds, "same answer to the repeated key": f"{same} of {rounds}"}
        trial.expect(longest <= SWEEP_SECONDS, f"started {longest:.2f} s after the commit, more than {SWEEP_SECONDS:g} s")
        trial.expect(same == rounds, f"{same} of {rounds} repeated keys gave what was committed")


class ServerKilled(Row):
    name = "server_kill"
    fault = "SIGKILL the server at random under load, restart"
    mark = "lost 0, duplicates 0, clients that retry with the same key get the same execution"

    def run(self, trial):
        stack, since = trial.stack, trial.now()
        kills, back = trial.scaled(3, 20), []
        for i in range(kills):
            trial.pause(trial.random.uniform(0.3, trial.scaled(0.8, 2.5)))
            # Every third time all of them: then nobody answers for a while.
            struck = stack.servers if i % 3 == 2 else [trial.random.choice(stack.servers)]
            for server in struck:
                server.kill()
            trial.pause(trial.random.uniform(0, 0.5))
            start = time.monotonic()
            for server in struck:
                server.start(is_awaited=False)
            for server in struck:
                server.await_ready()
            back.append(time.monotonic() - start)
        for server in stack.servers:
            trial.probe(port=server.port)
        trial.figures |= {"kills": kills, "re-run": trial.lost_attempts(since)}
        trial.spread("ready again", back)
        trial.spread("clients waited", [one.seconds for one in trial.load.accepted])
        trial.repeated_max = trial.lost_attempts(since)


class ServerTerminated(Row):
    name = "server_term"
    fault = "SIGTERM the server under load"
    mark = "in-flight requests answered, nothing lost"

    def run(self, trial):
        stack = trial.stack
        leaving, other = stack.servers[1], stack.servers[0]
        trial.load.ports = [other.port]
        since, rounds, answered, broken, polls, codes = trial.now(), trial.scaled(1, 5), 0, 0, [], []
        in_flight = 12
        for _ in range(rounds):
            # With connections for all of them: otherwise some are refused, which is another row.
            leaving.stop()
            leaving.start({"NOETL_DB_POOL_SIZE": "40"})
            worker_id = f"poller-{trial.random.getrandbits(32)}"
            stack.call("POST", "/api/v2/workers", {"worker_id": worker_id, "pool": "nobody", "hostname": "h", "pid": 1, "slots": 1,
                                                   "version": "1", "tools": ["noop"], "labels": {}}, port=leaving.port)
            with concurrent.futures.ThreadPoolExecutor(in_flight + 2) as pool, hold_queue(stack) as release:
                posts = [pool.submit(answer_of, leaving.port, "POST", "/api/v2/commands", {"tool": {"kind": "noop"}}) for _ in range(in_flight)]
                poll = pool.submit(answer_of, leaving.port, "POST", "/api/v2/commands/claim",
                                   {"worker_id": worker_id, "pool": "nobody", "slots": 1, "wait": 20}, 30)
                wait_until("requests that wait for the table", lambda: stack.value(
                    "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like '%%noetl.queue%%'") >= 4)
                wait_until("requests in flight", lambda: leaving.metric("noetl_http_in_flight") >= in_flight)
                asked = time.monotonic()
                leaving.send(signal.SIGTERM)
                trial.pause(0.3)
                release()
                results = [one.result() for one in posts]
                polls.append(poll.result()[2])
                answered += sum(status // 100 == 2 for status, *_ in results)
                broken += sum(how == "broken" for *_, how in results)
                codes.append(leaving.wait(30))
                seconds = time.monotonic() - asked
        leaving.start()
        trial.repeated_max = trial.lost_attempts(since)
        stack.sql("delete from noetl.worker where pool = 'nobody'")
        trial.load.ports = None
        trial.figures |= {"in flight": in_flight * rounds, "answered": answered, "broken": broken, "left after": f"{seconds:.1f} s",
                          "a long poll was answered after": f"{max(polls):.1f} s", "exit codes": sorted(set(codes))}
        trial.expect(answered == in_flight * rounds, f"{answered} of {in_flight * rounds} requests in flight were answered")
        trial.expect(set(codes) == {0}, f"the server ended with {codes}")
        trial.expect(max(polls) < 10, f"a long poll held the server up for {max(polls):.1f} s")


class UpkeepKilled(Row):
    name = "upkeep"
    fault = "two server replicas, kill the one that holds the upkeep lock"
    mark = "the other takes over within 5 s"

    def run(self, trial):
        stack, since, took, started = trial.stack, trial.now(), [], []
        for _ in range(trial.scaled(1, 10)):
            leader = wait_until("a server that does the duties", stack.leader, 20)
            other = next(server for server in stack.servers if server is not leader)
            due = trial.enqueue({"kind": "noop"}, port=other.port, delay_ms=300)
            leader.kill()
            start = time.monotonic()
            wait_until("the other to take over", lambda: other.metric("noetl_upkeep_leading") == 1, 20, 0.01)
            took.append(time.monotonic() - start)
            wait_until("a command that was due meanwhile", lambda: trial.is_done([due]), 20)
            started.append(float(stack.value("select extract(epoch from claimed_at - created_at) - 0.3 from noetl.queue where queue_id = %s", due)))
            leader.start()
        longest = trial.spread("took over", took)
        trial.spread("a command due meanwhile started late by", started)
        trial.expect(longest <= 5, f"it took {longest:.1f} s until the other took over")
        trial.repeated_max = trial.lost_attempts(since)


class hold_queue:
    """While it is entered, whoever writes to the queue waits; released once, early or at the end."""

    def __init__(self, stack):
        self.stack = stack

    def __enter__(self):
        self.entered, self.released = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self.hold)
        self.thread.start()
        self.entered.wait()
        return self.released.set

    def hold(self):
        connection = self.stack.connection(self.stack.postgres)
        connection.autocommit = False
        try:
            with connection.cursor() as cursor:
                cursor.execute("lock table noetl.queue in exclusive mode")
                self.entered.set()
                self.released.wait()
            connection.rollback()
        finally:
            self.entered.set()
            connection.close()

    def __exit__(self, *_error):
        self.released.set()
        self.thread.join()
