"""The programs that a chaos run starts: each in a process group of its own, on a port of its own, with its log in the
run's folder, and gone when the run is gone. One thread starts and stops; any may look."""
import ctypes
import glob
import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import time

PRCTL = ctypes.CDLL(None).prctl
PR_SET_PDEATHSIG = 1
STOP_PATIENCE_SECONDS = 60


def find_program(name):
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    for folder in sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True):
        candidate = os.path.join(folder, name)
        if os.access(candidate, os.X_OK):
            return candidate
    if not found:
        raise SystemExit(f"'{name}' is not installed: run ./dev setup")
    return found


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(what, condition, patience=30.0, interval=0.02):
    """What the condition gives, once it holds. Waiting for other processes' states, there is nothing to be woken by."""
    deadline = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {patience:g} s for {what}")
        time.sleep(interval)


class Process:
    """One program that may be started again and again under the same name; its log goes on."""

    def __init__(self, name, folder, death_signal=signal.SIGKILL):
        self.name, self.log_file, self.death_signal = name, pathlib.Path(folder) / f"{name}.log", death_signal
        self.process = None

    def spawn(self, command, env=None, user=None, cwd=None, preload=None):
        environment = {**os.environ, "LC_ALL": "C.UTF-8", **(env or {})}
        if preload:
            environment["LD_PRELOAD"] = str(preload)
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [str(part) for part in command], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=cwd,
                start_new_session=True, preexec_fn=lambda: PRCTL(PR_SET_PDEATHSIG, self.death_signal), **(user or {}))

    @property
    def pid(self):
        return self.process.pid

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def send(self, number):
        self.process.send_signal(number)

    def kill(self):
        """Kills it as a crash would; what it started is left to itself, as after a crash."""
        self.process.kill()
        self.process.wait()

    def wait(self, patience=STOP_PATIENCE_SECONDS):
        return self.process.wait(patience)

    def stop(self, number=signal.SIGTERM, patience=STOP_PATIENCE_SECONDS):
        """Asks it to end; its exit code."""
        if self.is_running():
            self.process.send_signal(number)
        try:
            return self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.end()
            raise TimeoutError(f"{self.name} did not end {patience} s after signal {number}") from None

    def end(self):
        """Whatever it does: it and its group are gone afterwards."""
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()

    def log(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def status(self, field):
        """A line of /proc/<pid>/status: VmRSS in KiB, Threads, …"""
        with open(f"/proc/{self.pid}/status") as lines:
            return next(int(line.split()[1]) for line in lines if line.startswith(field + ":"))


def ordinary_user():
    """initdb and postgres refuse root."""
    if os.geteuid() != 0:
        return {}, None
    entry = next(pwd.getpwnam(name) for name in ("postgres", "nobody") if name in {one.pw_name for one in pwd.getpwall()})
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}, entry


class Postgres(Process):
    """A cluster with default settings but fsync, since only processes die here, never the machine."""

    def __init__(self, name, folder, template):
        super().__init__(name, folder, signal.SIGQUIT)
        self.data, self.port = pathlib.Path(folder) / name, free_port()
        self.user, entry = ordinary_user()
        shutil.copytree(template, self.data)
        if entry:
            for path in [self.data, *self.data.rglob("*")]:
                os.chown(path, entry.pw_uid, entry.pw_gid)
        self.data.chmod(0o700)

    @staticmethod
    def make_template(folder):
        """What initdb takes a second for, once a run."""
        user, entry = ordinary_user()
        target = pathlib.Path(folder) / "template"
        target.mkdir()
        if entry:
            os.chown(target, entry.pw_uid, entry.pw_gid)
        subprocess.run([find_program("initdb"), "-D", target, "-U", "postgres", "-A", "trust", "-E", "UTF8",
                        "--locale=C.UTF-8", "--no-sync"], check=True, stdout=subprocess.DEVNULL, cwd=target, **user)
        return target

    def start(self):
        self.spawn([find_program("postgres"), "-D", self.data, "-p", self.port, "-h", "127.0.0.1", "-k", self.data,
                    "-c", "max_connections=300", "-c", "fsync=off", "-c", "log_min_messages=error"],
                   user=self.user, cwd=self.data)
        ready = [find_program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        wait_until(f"{self.name} on port {self.port}",
                   lambda: not self.is_running() or subprocess.run(ready).returncode == 0)
        if not self.is_running():
            raise RuntimeError(f"{self.name} did not start:\n{self.log()[-2000:]}")

    def url(self, database, port=None):
        return f"postgresql://postgres@127.0.0.1:{port or self.port}/{database}"


class NatsServer(Process):
    """One nats-server, alone or one of a cluster."""

    def __init__(self, name, folder):
        super().__init__(name, folder)
        self.port, self.cluster_port, self.monitor_port = free_port(), free_port(), free_port()
        self.store = pathlib.Path(folder) / f"{name}-store"
        self.peers = []
        self.limits = ""

    def start(self):
        config = self.store.with_suffix(".conf")
        cluster = "" if not self.peers else (
            f"cluster {{ name: chaos, listen: 127.0.0.1:{self.cluster_port}, routes: ["
            + ", ".join(f"nats-route://127.0.0.1:{peer.cluster_port}" for peer in self.peers) + "] }\n")
        config.write_text(f"server_name: {self.name}\nlisten: 127.0.0.1:{self.port}\nhttp: 127.0.0.1:{self.monitor_port}\n"
                          f"jetstream {{ store_dir: \"{self.store}\" {self.limits} }}\n{cluster}")
        self.spawn([find_program("nats-server"), "-c", config])
        wait_until(f"{self.name} on port {self.port}", lambda: not self.is_running() or self.is_answering())
        if not self.is_running():
            raise RuntimeError(f"{self.name} did not start:\n{self.log()[-2000:]}")

    def is_answering(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
                return connection.recv(64).startswith(b"INFO")
        except OSError:
            return False

    def exchange(self, lines, wants_answer, patience=10):
        """Over NATS' text protocol. With an answer: what comes to the subject `answer`."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=patience) as connection, connection.makefile("rb") as reader:
            connection.sendall(b'CONNECT {"verbose":false,"pedantic":false}\r\n' + lines + b"PING\r\n")
            for line in reader:
                if line.startswith(b"MSG"):
                    return reader.read(int(line.split()[-1]))
                if line.startswith(b"PONG") and not wants_answer:
                    return b""
                if line.startswith(b"PING"):
                    connection.sendall(b"PONG\r\n")
                if line.startswith(b"-ERR"):
                    raise RuntimeError(f"{self.name}: {line.decode().strip()}")
        raise RuntimeError(f"{self.name} closed the connection")

    def request(self, subject, body=None, patience=10):
        data = b"" if body is None else json.dumps(body).encode()
        return json.loads(self.exchange(b"SUB answer 1\r\nPUB " + subject.encode() + b" answer " + str(len(data)).encode()
                                        + b"\r\n" + data + b"\r\n", True, patience))

    def publish(self, subject, payload):
        self.exchange(b"PUB " + subject.encode() + b" " + str(len(payload)).encode() + b"\r\n" + payload + b"\r\n", False)
