"""Faults of Postgres, the one part that nothing goes on without."""
import concurrent.futures
import threading
import time

import psycopg2
import psycopg2.errors

from processes import wait_until
from rows.row import Row
from rows.servers import hold_queue
from stack import StackSettings
from trial import answer_of

RECOVERY_SECONDS = 10


class Watch:
    """Asks a server, over and over, what clients and probes ask. Used as a context."""

    def __init__(self, port):
        self.port, self.live, self.ready, self.posts = port, [], [], []
        self.is_over = threading.Event()

    def __enter__(self):
        self.threads = [threading.Thread(target=self.look, args=one) for one in (
            ("GET", "/livez", None, self.live), ("GET", "/readyz", None, self.ready),
            ("POST", "/api/v2/commands", {"tool": {"kind": "noop"}}, self.posts))]
        for thread in self.threads:
            thread.start()
        return self

    def look(self, method, path, body, seen):
        while not self.is_over.wait(0.05):
            seen.append(answer_of(self.port, method, path, body, 40))

    def __exit__(self, *_error):
        self.is_over.set()
        for thread in self.threads:
            thread.join()

    def judge(self, trial, wait_max):
        statuses = {status for status, *_ in self.posts}
        refused = [headers for status, headers, *_ in self.posts if status == 503]
        trial.figures |= {"posts refused with 503": f"{len(refused)} of {len(self.posts)}", "readiness failed": sum(one[0] == 503 for one in self.ready)}
        trial.expect(statuses <= {200, 201, 503}, f"enqueueing was answered with {statuses}, more than 2xx and 503")
        trial.expect(all("Retry-After" in headers for headers in refused), "a 503 came without Retry-After")
        trial.expect(all(status == 200 for status, *_ in self.live), "liveness failed")
        trial.spread("liveness answered in", [one[2] for one in self.live])
        longest = trial.spread("an enqueue was answered in", [one[2] for one in self.posts])
        trial.expect(longest <= wait_max, f"an enqueue waited {longest:.1f} s for its answer, more than {wait_max:g} s")
        return refused


class PostgresRestarted(Row):
    name = "postgres_restart"
    fault = "restart Postgres"
    mark = "503 + Retry-After meanwhile, readiness fails, liveness holds, full recovery in 10 s, lost 0"

    def run(self, trial):
        stack, since, recovered = trial.stack, trial.now(), []
        with Watch(stack.servers[0].port) as watch:
            for _ in range(trial.scaled(1, 5)):
                trial.pause(1)
                stack.postgres.stop(2)  # SIGINT: fast shutdown
                trial.pause(trial.scaled(1, trial.random.uniform(1, 4)))
                stack.postgres.start()
                start = time.monotonic()
                for server in stack.servers:
                    server.await_ready(20)
                trial.probe()
                recovered.append(time.monotonic() - start)
        refused = watch.judge(trial, 10)
        longest = trial.spread("recovered after", recovered)
        lost = trial.lost_attempts(since)
        trial.figures["attempts ended as lost"] = lost
        trial.expect(refused, "no enqueue was refused: the row has shown nothing")
        trial.expect(any(status == 503 for status, *_ in watch.ready), "readiness never failed")
        trial.expect(longest <= RECOVERY_SECONDS, f"recovered after {longest:.1f} s")
        trial.repeated_max = lost


class BackendsTerminated(Row):
    name = "postgres_terminate"
    fault = "terminate Postgres' backends once a second"
    mark = "503 + Retry-After meanwhile, liveness holds, full recovery in 10 s, lost 0"

    def run(self, trial):
        stack, since = trial.stack, trial.now()
        cut = 0
        with Watch(stack.servers[0].port) as watch:
            for _ in range(trial.scaled(3, 20)):
                trial.pause(1)
                cut += stack.value("select count(pg_terminate_backend(pid)) from pg_stat_activity where pid <> pg_backend_pid()"
                                   " and backend_type = 'client backend' and datname = 'noetl' and application_name not like 'psycopg%%'")
            start = time.monotonic()
            wait_until("an enqueue", lambda: stack.call("POST", "/api/v2/commands", {"tool": {"kind": "noop"}})[0] // 100 == 2, 20)
            trial.probe()
            recovered = time.monotonic() - start
        watch.judge(trial, 10)
        lost = trial.lost_attempts(since)
        trial.figures |= {"connections cut": cut, "recovered after": f"{recovered:.2f} s", "attempts ended as lost": lost}
        trial.expect(cut > 0, "no connection was cut: the row has shown nothing")
        trial.expect(recovered <= RECOVERY_SECONDS, f"recovered after {recovered:.1f} s")
        trial.repeated_max = lost


class Blocked(Row):
    """Postgres is there, but does not come back from what it is asked."""
    clients = 60
    wait_max = 15.0  # how long a request may be held before it is answered

    def settings(self, is_short):
        return StackSettings(gates=frozenset({"worker-server", "server-postgres"}), env=(("NOETL_DB_POOL_SIZE", "8"),))

    def block(self, trial):
        raise NotImplementedError

    def run(self, trial):
        stack, server, since = trial.stack, trial.stack.servers[0], trial.now()
        threads = []
        with concurrent.futures.ThreadPoolExecutor(self.clients) as pool, Watch(server.port) as watch:
            with self.block(trial):
                posts = [pool.submit(answer_of, server.port, "POST", "/api/v2/commands", {"tool": {"kind": "noop"}}, 40) for _ in range(self.clients)]
                until = time.monotonic() + trial.scaled(2.8, 12)
                while time.monotonic() < until:
                    threads.append(server.status("Threads"))
                    trial.pause(0.1)
            start = time.monotonic()
            trial.probe()
            recovered = time.monotonic() - start
            answers = [one.result() for one in posts]
        watch.judge(trial, self.wait_max)
        lost = trial.lost_attempts(since)
        statuses = {status for status, *_ in answers}
        trial.expect(statuses <= {201, 503}, f"{self.clients} clients were answered with {statuses}, more than 201 and 503")
        longest = trial.spread("clients were answered in", [one[2] for one in answers])
        trial.figures |= {"threads of the server at most": max(threads), "recovered after": f"{recovered:.2f} s", "attempts ended as lost": lost}
        trial.expect(longest <= self.wait_max, f"a client waited {longest:.1f} s")
        trial.expect(503 in statuses or any(one[0] == 503 for one in watch.posts), "nobody was refused: the row has shown nothing")
        trial.expect(max(threads) <= 256 + 40, f"the server had {max(threads)} threads")
        trial.expect(recovered <= RECOVERY_SECONDS, f"recovered after {recovered:.1f} s")
        trial.repeated_max = trial.lost_attempts(since) + trial.rerun_since(since)


class PoolExhausted(Blocked):
    name = "pool"
    fault = "exhaust the connection pool"
    mark = "bounded waiting, 503, no thread pile-up"
    is_in_short = False  # slow_query fills the same pool
    wait_max = 40.0

    def block(self, trial):
        return Stalled(trial.stack.links["server-postgres"])


class Stalled:
    """Postgres' answers do not arrive: every connection of the pool is taken by somebody who waits."""

    def __init__(self, gate):
        self.gate = gate

    def __enter__(self):
        self.gate.is_stalled = True

    def __exit__(self, *_error):
        self.gate.is_stalled = False


class SlowQuery(Blocked):
    name = "slow_query"
    fault = "a query that blocks the queue"
    mark = "bounded waiting, 503, no thread pile-up"
    wait_max = 40.0

    def block(self, trial):
        return hold_queue(trial.stack)


class MigrationMeanwhile(Row):
    name = "migration"
    fault = "migration while the server of the version before runs"
    mark = "no failed enqueue"

    def run(self, trial):
        """What a newer program's migration does: one transaction, additive, with its row in noetl.schema_migration; a column for
        each of the tables that everything writes to, and a new table."""
        stack, longest, tries = trial.stack, 0.0, 0
        newest = stack.value("select max(version) from noetl.schema_migration")
        refused = dict(trial.load.refused)
        with Watch(stack.servers[0].port) as watch:
            rounds = trial.scaled(2, 10)
            for i in range(1, rounds + 1):
                trial.pause(trial.scaled(0.3, 2))
                start = time.monotonic()
                tries = max(tries, migrate(stack, f"""
                    alter table noetl.queue add column chaos_{i} integer;
                    alter table noetl.execution add column chaos_{i} text default '';
                    alter table noetl.event add column chaos_{i} json;
                    create table noetl.chaos_{i} (id bigint primary key);
                    insert into noetl.schema_migration (version, name, checksum, runs_with) values ({newest + i}, 'chaos_{i}', repeat('0', 64), {newest});"""))
                longest = max(longest, time.monotonic() - start)
                trial.probe()
            ready = {status for status, *_ in watch.ready[-3:]}
        for i in range(1, rounds + 1):
            migrate(stack, f"""alter table noetl.queue drop column chaos_{i}; alter table noetl.execution drop column chaos_{i};
                alter table noetl.event drop column chaos_{i}; drop table noetl.chaos_{i};
                delete from noetl.schema_migration where version = {newest + i};""")
        failed = {status: n - refused.get(status, 0) for status, n in trial.load.refused.items() if n > refused.get(status, 0)}
        posts = {status for status, *_ in watch.posts}
        trial.figures |= {"migrations": rounds, "the longest took": f"{longest * 1000:.0f} ms, {tries} tries", "enqueues refused": sum(failed.values())}
        trial.spread("an enqueue was answered in", [one[2] for one in watch.posts])
        trial.expect(not failed and posts <= {200, 201}, f"enqueueing failed: {failed} {posts}")
        trial.expect(ready == {200}, f"/readyz answers {ready} beside a newer schema: a balancer would send nothing to it")


def migrate(stack, statements):
    """As server/migrations/migrations.cpp does it: it steps back when it cannot have its locks soon. How many tries it took."""
    for tried in range(1, 101):
        try:
            stack.sql(f"begin; set local lock_timeout = '500ms'; {statements} commit")
            return tried
        except (psycopg2.errors.LockNotAvailable, psycopg2.errors.DeadlockDetected):
            stack.sql("rollback")
            time.sleep(0.2)
    raise RuntimeError("the migration did not get its locks")
