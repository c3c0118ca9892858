"""One installation under test: Postgres, nats-server (or a cluster of three), servers, workers, and a second Postgres for the
ledger, which no fault touches. Programs of ours come from a folder of binaries. Used as a context, by one thread;
`sql` and `call` by any."""
import dataclasses
import http.client
import json
import os
import pathlib
import shutil
import sys
import tempfile
import threading

import psycopg2
import psycopg2.errors

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "security"))

import nats_client  # noqa: E402
from gate import Gates  # noqa: E402
from processes import NatsServer, Postgres, Process, find_program, free_port, wait_until  # noqa: E402

LINKS = ("worker-server", "server-postgres", "server-nats", "worker-nats")
SERVER_ROLE = "noetl_server"


@dataclasses.dataclass(frozen=True)
class StackSettings:
    servers: int = 2
    workers: int = 3
    slots: int = 8
    nats: int = 1
    gates: frozenset = frozenset()  # of LINKS: which go through a gate
    lease_seconds: float = 5.0
    env: tuple = ()  # more settings of our programs: (name, value)
    nats_limits: str = ""
    has_roles: bool = False  # NATS as deploy/nats has it: TLS, and a user for each role; half of the workers reach the server over NATS


class Server(Process):
    def __init__(self, stack, index):
        super().__init__(f"server-{index}", stack.folder)
        self.stack, self.port = stack, free_port()

    def start(self, env=None, is_awaited=True):
        self.spawn([(self.programs or self.stack.programs) / "noetl-server"],
                   {**self.stack.server_env(), "NOETL_PORT": str(self.port),
                    "SERVER_API_URL": f"http://127.0.0.1:{self.port}", **(env or {})})
        if is_awaited:
            self.await_ready()

    def await_ready(self, patience=30):
        wait_until(f"{self.name} to be ready",
                   lambda: not self.is_running() or self.stack.call("GET", "/readyz", port=self.port)[0] == 200, patience)
        if not self.is_running():
            raise RuntimeError(f"{self.name} ended with {self.process.returncode}:\n{self.log()[-3000:]}")

    def metric(self, name, labels=""):
        """None when it does not answer."""
        status, text = self.stack.call("GET", "/metrics", port=self.port)
        if status != 200:
            return None
        values = [float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
                  if line.startswith(name) and line[len(name):len(name) + 1] in (" ", "{") and labels in line]
        return sum(values) if values else None


class Worker(Process):
    def __init__(self, stack, index):
        super().__init__(f"worker-{index}", stack.folder)
        self.stack, self.index, self.generation = stack, index, 0
        self.worker_id = None

    def start(self, preload=None, env=None):
        """Each start is another worker to the server, as in production."""
        self.generation += 1
        self.worker_id = f"{self.name}.{self.generation}"
        self.spawn([(self.programs or self.stack.programs) / "noetl-worker"],
                   {**self.stack.worker_env(self.index), "NOETL_WORKER_ID": self.worker_id, **(env or {})}, preload=preload)

    def await_ready(self, patience=30):
        wait_until(f"{self.worker_id} to be registered", lambda: self.stack.sql(
            "select 1 from noetl.worker where worker_id = %s and status = 'ready'", self.worker_id), patience)


class Stack:
    """`template`: a cluster to copy (Postgres.make_template), for who starts several stacks."""

    def __init__(self, programs, settings, seed, template=None):
        self.programs, self.settings, self.seed, self.template = pathlib.Path(programs), settings, seed, template
        self.local = threading.local()
        self.started = []
        self.gates = None

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="noetl-chaos-"))
        self.folder.chmod(0o755)
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error):
        for process in reversed(self.started):
            process.end()
        if self.gates:
            self.gates.__exit__()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        settings = self.settings
        template = self.template or Postgres.make_template(self.folder)
        self.postgres = self.add(Postgres("postgres", self.folder, template))
        self.ledger = self.add(Postgres("ledger", self.folder, template))
        self.nats = [self.add(NatsServer(f"nats-{i}", self.folder)) for i in range(settings.nats)]
        for one in self.nats:
            one.peers = [peer for peer in self.nats if peer is not one]
            one.limits = settings.nats_limits
        self.roles = self.give_roles() if settings.has_roles else None
        self.postgres.start()
        self.ledger.start()
        for one in self.nats:
            one.start()
        # Servers refuse to be superusers.
        with_admin(self.postgres.url("postgres"), f"create role {SERVER_ROLE} login")
        with_admin(self.postgres.url("postgres"), f"create database noetl owner {SERVER_ROLE}")
        with_admin(self.ledger.url("postgres"), "create database ledger")
        self.gates = Gates(self.seed).__enter__()
        self.links = {}
        if "server-postgres" in settings.gates:
            self.links["server-postgres"] = self.gates.open(self.postgres.port)
        for link in ("server-nats", "worker-nats"):
            if link in settings.gates:
                self.links[link] = self.gates.open(self.nats[0].port)
        self.servers = [self.add(Server(self, i)) for i in range(settings.servers)]
        if "worker-server" in settings.gates:
            self.links["worker-server"] = [self.gates.open(server.port) for server in self.servers]
        # One after another: the first one migrates.
        for server in self.servers:
            server.start()
        self.workers = [self.add(Worker(self, i)) for i in range(settings.workers)]
        self.workers_made = settings.workers
        for worker in self.workers:
            worker.start()
        for worker in self.workers:
            worker.await_ready()

    def give_roles(self):
        folder = self.folder / "roles"
        folder.mkdir()
        text = (nats_client.ROOT / "deploy/nats/nats-server.conf").read_text(encoding="utf-8")
        roles = nats_client.Servers(folder, text, len(self.nats), find_program("nats-server"), is_started=False)
        for number, one in enumerate(self.nats):
            one.port, one.configuration = roles.ports[number], roles.configurations[number]
        return roles

    def add(self, process):
        self.started.append(process)
        return process

    def add_worker(self):
        worker = self.add(Worker(self, self.workers_made))
        self.workers_made += 1
        self.workers.append(worker)
        return worker

    def nats_env(self, ports, user):
        if self.roles is None:
            return {"NATS_URL": ",".join(f"nats://127.0.0.1:{port}" for port in ports)}
        return {"NATS_URL": ",".join(f"tls://127.0.0.1:{port}" for port in ports), "NOETL_NATS_CA": self.roles.authority,
                "NOETL_NATS_USER": user, "NOETL_NATS_PASSWORD": f"{user}-secret"}

    def our_env(self, nats_link):
        lease = self.settings.lease_seconds
        ports = [self.links[nats_link].port] if nats_link in self.links else [one.port for one in self.nats]
        return {**self.nats_env(ports, nats_link.partition("-")[0]),
                "NOETL_LEASE": f"{int(lease * 1000)}ms", "NOETL_HEARTBEAT_INTERVAL": f"{int(lease * 200)}ms",
                "NOETL_EGRESS_ALLOW": "loopback,own",
                **dict(self.settings.env)}

    def server_env(self):
        port = self.links["server-postgres"].port if "server-postgres" in self.links else self.postgres.port
        return {**self.our_env("server-nats"), "NOETL_DATABASE_URL": self.postgres.url("noetl", port, SERVER_ROLE), "NOETL_HOST": "127.0.0.1",
                "NOETL_NODE": "-1"}

    def worker_env(self, index):
        which = index % len(self.servers)
        port = self.links["worker-server"][which].port if "worker-server" in self.links else self.servers[which].port
        transport = "nats" if self.roles is not None and index % 2 == 1 else "http"
        return {**self.our_env("worker-nats"), "SERVER_API_URL": f"http://127.0.0.1:{port}", "NOETL_WORKER_TRANSPORT": transport,
                "NOETL_TOOLS": "all", "NOETL_WORKER_SLOTS": str(self.settings.slots), "NOETL_TOOL_POSTGRES_URL": self.ledger.url("ledger"),
                "NOETL_PYTHON": "/usr/bin/python3" if os.access("/usr/bin/python3", os.X_OK) else "python3"}

    # Looking at the database: a connection for each thread, made again after a fault.

    def connection(self, where):
        name = where.name
        found = getattr(self.local, name, None)
        if found is None or found.closed:
            database = "ledger" if where is self.ledger else "noetl"
            found = psycopg2.connect(where.url(database), connect_timeout=5)
            found.autocommit = True
            setattr(self.local, name, found)
        return found

    def query(self, where, statement, parameters):
        for is_last in (False, True):
            try:
                with self.connection(where).cursor() as cursor:
                    cursor.execute(statement, parameters or None)
                    return cursor.fetchall() if cursor.description else []
            except (psycopg2.errors.LockNotAvailable, psycopg2.errors.DeadlockDetected):
                raise
            except (psycopg2.OperationalError, psycopg2.InterfaceError):
                stale = getattr(self.local, where.name, None)
                if stale is not None:
                    stale.close()
                if is_last:
                    raise
        return []

    def sql(self, statement, *parameters):
        """Rows of a statement on the installation's database."""
        return self.query(self.postgres, statement, parameters)

    def value(self, statement, *parameters):
        return self.sql(statement, *parameters)[0][0]

    def call(self, method, path, body=None, headers=None, port=None, patience=15):
        """Status and text; status 0 when nobody answered."""
        connection = http.client.HTTPConnection("127.0.0.1", port or self.servers[0].port, timeout=patience)
        try:
            data = None if body is None else json.dumps(body).encode()
            connection.request(method, path, data, {**({} if body is None else {"Content-Type": "application/json"}), **(headers or {})})
            answer = connection.getresponse()
            return answer.status, answer.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            connection.close()

    def leader(self):
        """The server that does the background duties, or None."""
        return next((server for server in self.servers if server.is_running() and server.metric("noetl_upkeep_leading") == 1), None)

    def is_degraded(self, server=None):
        status, text = self.call("GET", "/readyz", port=(server or self.servers[0]).port)
        return status == 200 and "degraded" in text

    def keep_logs(self, target):
        target = pathlib.Path(target)
        target.mkdir(parents=True, exist_ok=True)
        for log in self.folder.glob("*.log"):
            shutil.copy(log, target)


def with_admin(url, statement):
    connection = psycopg2.connect(url)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()
