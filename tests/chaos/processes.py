"""The programs that a chaos run starts: each in a process group of its own, on a port of its own, with its log in the
run's folder, and gone when the run is gone. One thread starts and stops; any may look."""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import nats_text  # noqa: E402
from machine import (die_with_parent, find_program, free_port, init_cluster, is_postgres_ready, ordinary_user,  # noqa: E402
                     postgres_command, process_status, wait_until)

STOP_PATIENCE_SECONDS = 60


class Process:
    """One program that may be started again and again under the same name; its log goes on."""

    def __init__(self, name, folder, death_signal=signal.SIGKILL):
        self.name, self.log_file, self.death_signal = name, pathlib.Path(folder) / f"{name}.log", death_signal
        self.process = None
        self.programs = None  # folder of its program, when it is not the one of its stack: another release

    def spawn(self, command, env=None, user=None, cwd=None, preload=None):
        environment = {**os.environ, "LC_ALL": "C.UTF-8", **(env or {})}
        if preload:
            environment["LD_PRELOAD"] = str(preload)
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [str(part) for part in command], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=cwd,
                start_new_session=True, preexec_fn=die_with_parent(self.death_signal), **(user or {}))

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
        return process_status(self.pid, field)


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
        target = pathlib.Path(folder) / "template"
        init_cluster(target, "--no-sync")
        return target

    def start(self):
        self.spawn(postgres_command(self.data, self.port, "fsync=off", "log_min_messages=error"), user=self.user, cwd=self.data)
        wait_until(f"{self.name} on port {self.port}", lambda: not self.is_running() or is_postgres_ready(self.port))
        if not self.is_running():
            raise RuntimeError(f"{self.name} did not start:\n{self.log()[-2000:]}")

    def url(self, database, port=None, role="postgres"):
        return f"postgresql://{role}@127.0.0.1:{port or self.port}/{database}"


class NatsServer(Process):
    """One nats-server, alone or one of a cluster."""

    def __init__(self, name, folder):
        super().__init__(name, folder)
        self.port, self.cluster_port, self.monitor_port = free_port(), free_port(), free_port()
        self.store = pathlib.Path(folder) / f"{name}-store"
        self.peers = []
        self.limits = ""
        self.configuration = None  # a file that is there; None: it writes its own

    def start(self):
        self.spawn([find_program("nats-server"), "-c", self.configuration or self.write()])
        wait_until(f"{self.name} on port {self.port}", lambda: not self.is_running() or self.is_answering())
        if not self.is_running():
            raise RuntimeError(f"{self.name} did not start:\n{self.log()[-2000:]}")

    def write(self):
        config = self.store.with_suffix(".conf")
        cluster = "" if not self.peers else (
            f"cluster {{ name: chaos, listen: 127.0.0.1:{self.cluster_port}, routes: ["
            + ", ".join(f"nats-route://127.0.0.1:{peer.cluster_port}" for peer in self.peers) + "] }\n")
        config.write_text(f"server_name: {self.name}\nlisten: 127.0.0.1:{self.port}\nhttp: 127.0.0.1:{self.monitor_port}\n"
                          f"jetstream {{ store_dir: \"{self.store}\" {self.limits} }}\n{cluster}")
        return config

    def is_answering(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
                return connection.recv(64).startswith(b"INFO")
        except OSError:
            return False

    def exchange(self, lines, wants_answer, patience=10):
        return nats_text.exchange(self.port, lines, wants_answer, patience)

    def request(self, subject, body=None, patience=10):
        return nats_text.request(self.port, subject, body, patience)

    def publish(self, subject, payload):
        nats_text.publish(self.port, subject, payload)
