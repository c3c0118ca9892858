"""The stack that is measured: a private Postgres with default durability, nats-server, noetl-server and
noetl-workers on free ports of 127.0.0.1, in a temporary folder. Everything ends with the `with` block."""

import datetime
import glob
import http.client
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tests", "support"))

from machine import (die_with_parent, find_program, free_port, init_cluster, is_postgres_ready,  # noqa: E402
                     ordinary_user, postgres_command, process_status, wait_until)


class Session:
    """One psql that stays open, so that a look at the database costs no new process."""

    def __init__(self, url):
        self.psql = subprocess.Popen([find_program("psql"), "-XqAt", "-F", "\t", url], text=True, bufsize=1,
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def rows(self, statement):
        self.psql.stdin.write(statement.rstrip(";") + ";\n\\echo __end__\n")
        self.psql.stdin.flush()
        rows = []
        for line in self.psql.stdout:
            line = line.rstrip("\n")
            if line == "__end__":
                return rows
            if line.startswith("ERROR:") or line.startswith("FATAL:"):
                raise RuntimeError(f"{line} in: {statement}")
            rows.append(line.split("\t"))
        raise RuntimeError("psql ended")

    def value(self, statement):
        return self.rows(statement)[0][0]

    def number(self, statement):
        return float(self.value(statement))

    def close(self):
        self.psql.stdin.close()
        self.psql.wait(timeout=10)


class Postgres:
    """Default settings, fsync and synchronous commit on; only the number of connections is raised."""

    def __init__(self, folder):
        data, self.port, self.has_role = os.path.join(folder, "postgres"), free_port(), False
        init_cluster(data)
        with open(os.path.join(folder, "postgres.log"), "w") as log:
            self.process = subprocess.Popen(postgres_command(data, self.port), stdout=log, stderr=log, cwd=data,
                                            preexec_fn=die_with_parent(signal.SIGQUIT), **ordinary_user()[0])
        wait_until("Postgres", lambda: is_postgres_ready(self.port))

    def url(self, database="postgres", role="postgres"):
        return f"postgresql://{role}@127.0.0.1:{self.port}/{database}"

    def create_database(self, name):
        # Its owner is what servers log in as, who refuse to be superusers.
        at = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres"]
        if not self.has_role:
            subprocess.run([find_program("createuser"), *at, "noetl_server"], check=True)
            self.has_role = True
        subprocess.run([find_program("createdb"), *at, "-O", "noetl_server", name], check=True)
        return self.url(name, "noetl_server")

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=60)


class Stack:
    """`settings` are more variables of the server's environment."""

    def __init__(self, bin_folder, slots, **settings):
        self.bin = bin_folder
        self.slots = slots
        self.settings = settings
        self.processes = []
        self.workers = []

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="noetl-bench-")
        os.chmod(self.folder, 0o755)
        try:
            self.postgres = Postgres(self.folder)
            self.start_ours()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.kill()
            process.wait()
        if hasattr(self, "postgres"):
            self.postgres.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def spawn(self, command, name, env=None):
        log = open(os.path.join(self.folder, name + ".log"), "a")
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env={**os.environ, **(env or {})},
                                   preexec_fn=die_with_parent(signal.SIGKILL))
        self.processes.append(process)
        return process

    def start_ours(self):
        self.database_url = self.postgres.create_database("noetl")
        self.nats_port = free_port()
        self.start_nats()
        port_file = os.path.join(self.folder, "port")
        self.env = {"NOETL_DATABASE_URL": self.database_url, "NATS_URL": f"nats://127.0.0.1:{self.nats_port}",
                    "NOETL_HOST": "127.0.0.1", "NOETL_LOG_LEVEL": "warn", "NOETL_EGRESS_ALLOW": "loopback,own", **self.settings}
        self.server = self.spawn([os.path.join(self.bin, "noetl-server")], "server",
                                 {**self.env, "NOETL_PORT": "0", "NOETL_PORT_FILE": port_file})
        wait_until("the server's port", lambda: self.server.poll() is not None or (os.path.exists(port_file) and open(port_file).read()))
        if self.server.poll() is not None:
            raise RuntimeError("noetl-server ended: " + open(os.path.join(self.folder, "server.log")).read())
        self.port = int(open(port_file).read())
        wait_until("/readyz", lambda: self.call("GET", "/readyz")[0] == 200)
        self.sql = Session(self.postgres.url("noetl"))

    def start_nats(self):
        self.nats = self.spawn([find_program("nats-server"), "-a", "127.0.0.1", "-p", str(self.nats_port), "-js", "-sd",
                                os.path.join(self.folder, "jetstream")], "nats")

    def start_workers(self, count, slots=None):
        env = {**self.env, "SERVER_API_URL": f"http://127.0.0.1:{self.port}", "NOETL_TOOLS": "all", "NOETL_WORKER_SLOTS": str(slots or self.slots)}
        for _ in range(count):
            self.workers.append(self.spawn([os.path.join(self.bin, "noetl-worker")], "worker", env))

    def await_workers(self):
        ready = "select count(*) from noetl.worker where status = 'ready' and lease_until > now()"
        wait_until("the workers", lambda: self.is_alive() and self.sql.number(ready) == len(self.workers), 120)

    def signal_workers(self, number):
        for worker in self.workers:
            worker.send_signal(number)

    def is_alive(self):
        """True, or the end of the run: a figure of a stack with a dead part is none."""
        for process in self.processes:
            if process.poll() is not None:
                raise RuntimeError(f"{process.args[0]} ended with {process.returncode} while it was measured")
        return True

    def stop_workers(self):
        for worker in self.workers:
            worker.terminate()
        for worker in self.workers:
            worker.wait(timeout=60)
            self.processes.remove(worker)
        self.workers = []

    def stop_ours(self):
        """Leaves Postgres alone, for the peers."""
        self.stop_workers()
        self.sql.close()
        for process in (self.server, self.nats):
            process.terminate()
            process.wait(timeout=60)
            self.processes.remove(process)

    def call(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except OSError:
            return 0, ""
        finally:
            connection.close()

    def begin_load(self, *arguments):
        return subprocess.Popen([os.path.join(self.bin, "noetl-bench"), "--port", str(self.port), *map(str, arguments)],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=die_with_parent(signal.SIGKILL))

    def end_load(self, run):
        out, complaint = run.communicate(timeout=600)
        if run.returncode != 0:
            raise RuntimeError(f"noetl-bench {run.args[3:]}: {complaint.strip()}")
        measured = json.loads(out)
        if measured["refusals"]:
            print(f"  {measured['refusals']} requests refused with 503 and repeated, which is in the times", file=sys.stderr, flush=True)
        return measured

    def load(self, *arguments):
        """One measurement of noetl-bench."""
        return self.end_load(self.begin_load(*arguments))


def machine_line():
    """What a figure is worth nothing without."""
    versions = [subprocess.run([find_program(name), "--version"], capture_output=True, text=True).stdout.strip().replace(" (PostgreSQL)", "")
                for name in ("postgres", "nats-server")]
    return (f"{datetime.date.today()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, "
            + ", ".join(version.split(" (")[0].replace(": v", " ") for version in versions))


def commit():
    run = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, cwd=os.path.dirname(os.path.abspath(__file__)))
    return run.stdout.strip()


def sync_ms(folder):
    """Median of what making 8 KiB durable costs here: no commit can be faster, for us or the peers."""
    times = []
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        for _ in range(100):
            file.seek(0)
            file.write(os.urandom(8192))
            file.flush()
            start = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - start) * 1000)
    return sorted(times)[50]


def memory_kib(pid):
    """Resident memory of one process, and of all that it started together. Forks share pages: each counts its part of them."""
    parents, names = {}, {}
    for status in glob.glob("/proc/[0-9]*/stat"):
        try:
            head, _, rest = open(status).read().rpartition(")")
        except OSError:
            continue  # ended meanwhile
        child = int(head.split(" ", 1)[0])
        names[child], parents[child] = head.split("(", 1)[1], int(rest.split()[1])

    def below(one):
        # A worker's noetl-step has the worker's own pages.
        own = 0 if one == pid or names[one] == "noetl-step" else share_of_memory(one)
        return own + sum(below(child) for child, parent in parents.items() if parent == one)

    return process_status(pid, "VmRSS"), below(pid)


def share_of_memory(pid):
    try:
        with open(f"/proc/{pid}/smaps_rollup") as lines:
            return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    except (OSError, StopIteration):
        return 0  # ended meanwhile, or of another user


def stripped_bytes(program):
    with tempfile.NamedTemporaryFile() as copy:
        subprocess.run(["strip", "-o", copy.name, program], check=True)
        return os.path.getsize(copy.name)
