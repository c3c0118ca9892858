#!/usr/bin/python3
"""Brings the compose stack up from nothing, uses it as its users do, breaks each part, and says what it saw.

    tests/deploy/live/try.py [--build | --bin build/release/bin] [--work .noetl/try] [--keep]

As root on a Debian machine. No image registry is needed: base images are made by debootstrap, those of Postgres, NATS and
Prometheus from Debian's packages (tests/deploy/live/images), and the product's image from source with all stages of deploy/Dockerfile (--build),
or from programs that are built already, which is quicker. Grafana is in no Debian package: of it, only the expressions of the dashboard
are tried, on Prometheus. --keep leaves the stack up."""
import argparse
import datetime
import json
import os
import pathlib
import re
import signal
import sys
import time
import urllib.parse

import yaml

from api import Load, wait_for
from engine import BASES, PREBUILT_BASE, ROOT, STANDINS, Engine, image_of
from production_nats import ProductionNats
from report import Report
from stack import Stack

V1_PLAYBOOK = ROOT / "tests/fixtures/playbooks/seed/hello_world_2025.yaml"
V1_BODY = {"path": "tests/fixtures/playbooks/hello_world", "payload": {"message": "NATS Test"}}
# Writes a file, reads it, and counts: all that a read-only root folder leaves room for.
DUCKDB_PLAYBOOK = b"""
apiVersion: noetl.io/v2
kind: Playbook
metadata: {name: try_duckdb, path: try/duckdb}
workflow:
  - step: start
    tool:
      kind: duckdb
      returns: rows
      query: |
        copy (select range as n, 'row ' || range as name from range(1000)) to '/tmp/try.parquet';
        select count(*) as number, sum(n)::bigint as total, version() as version from '/tmp/try.parquet';
    next: [{step: end}]
  - step: end
"""


class Trial:
    def __init__(self, engine, stack, report):
        self.engine, self.stack, self.report = engine, stack, report

    def images(self):
        ours = [one for one in ("local/noetl:latest", "local/noetl:without-duckdb", *BASES) if self.engine.has(one)]
        for name in (*ours, *(image_of(service) for service in STANDINS)):
            size = int(self.engine("image", "inspect", "-f", "{{.Size}}", name).stdout)
            self.report.saw(f"size of {name}", f"{size / 1e6:.0f} MB")

    def up(self):
        began = time.monotonic()
        self.stack.compose("up", "-d")
        _ready, _took = wait_for("the server to be ready", self.stack.is_ready)
        wait_for("two workers", lambda: len(self.stack.workers()) == 2)
        self.report.saw("docker compose up, from nothing to two ready workers", f"{time.monotonic() - began:.1f} s")
        for service in ("postgres", "nats", "server"):
            self.report.saw(f"health of {service}", wait_for(f"{service} to be healthy", lambda s=service: self.health(s) == "healthy")[0] and "healthy")

    def health(self, service):
        return self.engine("inspect", "-f", "{{.State.Health.Status}}", self.stack.containers(service)[0]).stdout.strip()

    def noetl_v1(self):
        status, answer = self.stack.registered(V1_PLAYBOOK)
        self.report.saw("registering NoETL v1's playbook", answer["message"], status == 200)
        status, answer = self.stack.call("POST", "/api/v2/execute", V1_BODY)
        self.report.saw("NoETL v1's curl, POST /api/v2/execute", json.dumps(answer), status == 200)
        path = f"/api/v2/executions/{answer['execution_id']}"
        row, took = wait_for("its end", lambda: (lambda one: one if one.get("status") != "RUNNING" else None)(self.stack.get(path)))
        self.report.saw("its end", f"{row['status']} after {row['duration']:.3f} s, seen after {took:.2f} s", row["status"] == "COMPLETED")

    def duckdb(self):
        """A step of the duckdb tool in the confined container: the library loads there, and finds room for its files."""
        self.stack.call("POST", "/api/catalog/register", DUCKDB_PLAYBOOK, content_type="application/yaml")
        _status, answer = self.stack.call("POST", "/api/v2/execute", {"path": "try/duckdb"})
        path = f"/api/v2/executions/{answer['execution_id']}"
        row, _took = wait_for("its end", lambda: (lambda one: one if one.get("status") != "RUNNING" else None)(self.stack.get(path)))
        events = json.dumps(self.stack.get(path + "/events"))
        rows = re.search(r'\{[^{}]*"total": 499500[^{}]*\}', events)
        self.report.saw("a playbook's step with DuckDB, Parquet in /tmp", f"{row['status']}, {rows.group(0) if rows else events[-300:]}",
                        row["status"] == "COMPLETED" and rows is not None)

    def confinement(self):
        inside = "id -u; touch /x 2>&1; touch /tmp/x && echo tmp; grep -E 'CapEff|NoNewPrivs|Seccomp:' /proc/1/status"
        for service in ("server", "worker"):
            seen = " ".join(self.engine("exec", self.stack.containers(service)[0], "sh", "-c", inside, check=False).stdout.split())
            is_confined = all(part in seen for part in ("10001", "Read-only", "tmp", "CapEff: 0000000000000000", "NoNewPrivs: 1", "Seccomp: 2"))
            self.report.saw(f"{service}: user, root folder, capabilities", seen, is_confined)

    def worker_killed(self):
        """As the kernel kills for want of memory: SIGKILL from outside, so that Docker's restart policy holds."""
        queue_id = self.stack.enqueue("sleep 2; hostname", max_attempts=3)
        row, _took = wait_for("a worker to run it", lambda: (lambda one: one if one["status"] == "running" else None)(self.stack.command(queue_id)))
        container = row["worker_id"].split("-")[0]
        pid = int(self.engine("inspect", "-f", "{{.State.Pid}}", container).stdout)
        killed = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        elsewhere, again = wait_for("another worker to run it", lambda: (lambda one: one if one["worker_id"] != row["worker_id"] and one["worker_id"] else None)(
            self.stack.command(queue_id)))
        rows, _took = self.stack.wait_done([queue_id])
        self.report.saw("a worker killed while it ran a command", f"ran on {elsewhere['worker_id']} {again:.1f} s later, {rows[0]['status']} in attempt "
                        f"{rows[0]['attempts']}", rows[0]["status"] == "done" and again < 8)
        wait_for("Docker to start it again", lambda: len(self.stack.containers("worker")) == 2)
        wait_for("two ready workers", lambda: len(self.stack.workers()) >= 2)
        self.report.saw("the killed container", f"up again {time.monotonic() - killed:.1f} s after")

    def scaled(self):
        began = time.monotonic()
        self.stack.compose("up", "-d", "--no-recreate", "--scale", "worker=4")
        wait_for("four workers", lambda: len(self.stack.workers()) >= 4)
        took = time.monotonic() - began
        ids = [self.stack.enqueue("sleep 1; hostname") for _number in range(96)]
        wait_for("work on all", lambda: len({one["worker_id"] for one in self.stack.workers() if one["running"]}) >= 3)
        self.stack.compose("up", "-d", "--no-recreate", "--scale", "worker=1")
        rows, _took = self.stack.wait_done(ids)
        hosts = {row["worker_id"].split("-")[0] for row in rows}
        again = sum(row["attempts"] > 1 for row in rows)
        self.report.saw("scaled to 4, then to 1 under load", f"4 ready after {took:.1f} s; {len(rows)} commands done on {len(hosts)} workers, {again} ran twice",
                        all(row["status"] == "done" for row in rows) and again == 0 and len(hosts) >= 3)
        self.stack.compose("up", "-d", "--no-recreate", "--scale", "worker=0")
        wait_for("no worker", lambda: not self.stack.containers("worker"))
        ids = [self.stack.enqueue("hostname") for _number in range(50)] + [self.stack.enqueue("hostname", delay=2)]
        time.sleep(3)  # the delayed one comes due with nobody there
        self.stack.compose("up", "-d", "--no-recreate", "--scale", "worker=2")
        rows, took = self.stack.wait_done(ids)
        self.report.saw("enqueued while scaled to zero", f"{sum(row['status'] == 'done' for row in rows)} of {len(ids)} done {took:.1f} s after scaling back",
                        all(row["status"] == "done" for row in rows))
        wait_for("two workers", lambda: len(self.stack.workers()) >= 2)

    def restarted(self, service):
        """One part restarts while commands are enqueued ten times a second: whatever was accepted is done in the end."""
        with Load(self.stack) as load:
            time.sleep(0.5)
            began = time.monotonic()
            self.stack.compose("restart", service)
            restarted = time.monotonic() - began
            _ready, after = wait_for("readiness", self.stack.is_ready)
            wait_for("two workers", lambda: len(self.stack.workers()) >= 2)
            time.sleep(0.5)
        outcome, is_whole = load.outcome()
        self.report.saw(f"{service} restarted under load", f"restart took {restarted:.1f} s, ready {after:.1f} s later; {outcome}", is_whole)

    def start_up(self):
        """Time from the start of a container's first process to its first useful moment, by its own log."""
        for service, sign in (("server", "listening"), ("worker", "Subscribed to")):
            container = self.stack.containers(service)[0]
            before = f"{time.time():.3f}"
            self.engine("restart", container)
            wait_for(sign, lambda c=container, s=sign, b=before: s in self.engine("logs", "--since", b, c).stderr)
            log = self.engine("logs", "--timestamps", "--since", before, container).stderr
            moment = next(line.split()[0] for line in log.splitlines() if sign in line)
            took = datetime.datetime.fromisoformat(moment[:26] + "+00:00").timestamp() - self.began(container)
            self.report.saw(f"{service}: from start of the container to '{sign}'", f"{took:.2f} s")
        wait_for("readiness", self.stack.is_ready)
        wait_for("two workers", lambda: len(self.stack.workers()) >= 2)

    def began(self, container):
        """By the kernel: the engine notes the moment after the process has run for a while."""
        pid = self.engine("inspect", "-f", "{{.State.Pid}}", container).stdout.strip()
        ticks = int(pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19])
        return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + ticks / os.sysconf("SC_CLK_TCK")

    def idle_memory(self):
        time.sleep(5)
        for line in self.engine("stats", "--no-stream", "--format", "{{.Name}}|{{.MemUsage}}|{{.CPUPerc}}").stdout.splitlines():
            name, memory, processor = line.split("|")
            if name.startswith(self.stack.project):
                self.report.saw(f"idle: {name.removeprefix(self.stack.project)[1:]}", f"{memory.split(' /')[0]}, {processor} of a core")

    def pod_commands(self):
        """The worker's container of the overlay for kind, as a container of Docker with the pod's confinement: its probe and its
        preStop, by their own command lines."""
        rendered = [one for one in yaml.safe_load_all((ROOT / "tests/deploy/rendered/kind.yaml").read_text(encoding="utf-8")) if one]
        deployment = next(one for one in rendered if one["kind"] == "Deployment" and one["metadata"]["name"] == "noetl-worker")
        container = deployment["spec"]["template"]["spec"]["containers"][0]
        config = next(one for one in rendered if one["kind"] == "ConfigMap" and one["metadata"]["name"] == container["envFrom"][0]["configMapRef"]["name"])
        variables = {**config["data"], "SERVER_API_URL": "http://server:8082", "NATS_URL": "none", "NOETL_WORKER_ID": "noetl-worker-try",
                     "NOETL_WORKER_POOL_NAME": "try", "NOETL_WORKER_TOKEN": self.stack.secret("worker", "worker-token")}
        name = f"{self.stack.project}-pod"
        try:
            self.pod_of(name, container, variables)
        finally:
            self.engine("rm", "-f", name, check=False)
        job = next(one for one in rendered if one["kind"] == "Job")["spec"]["template"]["spec"]["containers"][0]
        migrated = self.engine("run", "--rm", "--network", self.stack.network(), "--read-only", "--cap-drop", "ALL", "-e",
                               f"NOETL_DATABASE_URL=postgresql://noetl_server:{self.stack.secret('server', 'postgres-password')}@postgres/noetl",
                               "local/noetl:latest", *job["args"])
        self.report.saw("pod: the migration's job, on a database that is current", (migrated.stdout + migrated.stderr).strip()[:120])

    def pod_of(self, name, container, variables):
        """The container: it gets ready, is told to drain, and ends when its command has."""
        self.engine("run", "-d", "--name", name, "--network", self.stack.network(), "--user", "10001:10001", "--read-only", "--cap-drop", "ALL",
                    "--security-opt", "no-new-privileges", "--tmpfs", "/tmp", *[part for key, value in variables.items() for part in ("-e", f"{key}={value}")],
                    "local/noetl:latest")
        asked = container["startupProbe"]["httpGet"]
        port = next(one["containerPort"] for one in container["ports"] if one["name"] == asked["port"])
        probe = ("python3", "-c", f"import urllib.request as r; r.urlopen('http://127.0.0.1:{port}{asked['path']}', timeout=3)")
        _ok, took = wait_for("the startup probe", lambda: self.engine("exec", name, *probe, check=False).returncode == 0)
        self.report.saw("pod: startup probe", f"true after {took:.1f} s")
        queue_id = self.stack.enqueue("sleep 3; hostname", pool="try", max_attempts=1)
        wait_for("the command to run", lambda: self.stack.command(queue_id)["status"] == "running")
        self.engine("exec", name, *container["lifecycle"]["preStop"]["exec"]["command"])
        wait_for("draining", lambda: any(one["worker_id"] == "noetl-worker-try" for one in self.stack.workers("draining")), 10)
        self.engine("kill", "--signal", "TERM", name, check=False)
        code = self.engine("wait", name).stdout.strip()
        rows, _took = self.stack.wait_done([queue_id])
        self.report.saw("pod: preStop and SIGTERM while a command runs", f"draining, command {rows[0]['status']} in attempt {rows[0]['attempts']}, exit code {code}",
                        rows[0]["status"] == "done" and code == "0")

    def backup(self):
        """docs/operations/upgrade.md: a dump while everything runs, restored beside it; servers and workers on the copy, without NATS."""
        execution = self.stack.get("/api/v2/executions?limit=1")["executions"][0]["execution_id"]
        queue_id = self.stack.enqueue("hostname", delay=15)
        postgres = self.stack.containers("postgres")[0]
        self.engine("exec", postgres, "pg_dump", "-U", "noetl_server", "--format=custom", "--file=/tmp/noetl.dump", "noetl")
        self.engine("exec", postgres, "createdb", "-U", "postgres", "-O", "noetl_server", "restored")
        self.engine("exec", postgres, "pg_restore", "-U", "noetl_server", "--dbname=restored", "--no-owner", "/tmp/noetl.dump")
        url = f"postgresql://noetl_server:{self.stack.secret('server', 'postgres-password')}@postgres/restored"
        names = {mode: f"{self.stack.project}-restored-{mode}" for mode in ("server", "worker")}
        try:
            for mode, name in names.items():
                self.engine("rm", "-f", name, check=False)
                self.engine("run", "-d", "--name", name, "--network", self.stack.network(), "--read-only", "--tmpfs", "/tmp", "-e", f"NOETL_RUN_MODE={mode}",
                            "-e", "NATS_URL=none", "-e", f"SERVER_API_URL=http://{names['server']}:8082", "-e", f"NOETL_DATABASE_URL={url}", "local/noetl:latest")
            ask = ("exec", names["server"], "noetlctl", "-o", "json")
            kept = wait_for("the execution on the copy", lambda: self.engine(*ask, "execution", "get", execution, check=False).stdout)[0]
            wait_for("the delayed command on the copy", lambda: '"status": "done"' in self.engine(*ask, "command", "get", queue_id, check=False).stdout)
            doctor = self.engine("exec", "-e", "NATS_URL=none", names["server"], "noetlctl", "doctor", "--deep", check=False)
            verdict = (doctor.stdout + doctor.stderr).strip().splitlines()
            self.report.saw("a dump restored beside the running stack", f"its execution is {json.loads(kept)['status']}, a delayed command was done there; "
                            f"doctor --deep: exit code {doctor.returncode}, {verdict[-1] if verdict else ''}", doctor.returncode == 0)
        finally:
            for name in names.values():
                self.engine("rm", "-f", name, check=False)

    def production_nats(self):
        nats = ProductionNats(self.engine, self.stack, self.report.folder.resolve() / "nats")
        try:
            nats.try_all(self.report)
        finally:
            nats.stop()

    def situation(self):
        """Something of every kind that the dashboard shows: dead, waiting, running."""
        dead = self.stack.enqueue("exit 3", max_attempts=1)
        self.stack.enqueue("true", pool="nobody")
        self.stack.enqueue("sleep 90", max_attempts=1)
        rows, _took = self.stack.wait_done([dead])
        if rows[0]["status"] != "dead":
            raise RuntimeError(f"a command that fails in its only attempt is {rows[0]['status']}, not dead")

    @staticmethod
    def states(rules):
        return {rule["name"]: rule["state"] for rule in rules}

    def monitoring(self):
        self.situation()
        self.stack.compose("--profile", "monitoring", "up", "-d", "--no-recreate", "prometheus")
        api = f"http://127.0.0.1:{self.stack.ports['PROMETHEUS_PORT']}/api/v1"
        ask = Stack.call

        def query(expression):
            status, answer = ask(self.stack, "GET", "/query?query=" + urllib.parse.quote(expression))
            return answer["data"]["result"] if status == 200 else None

        url, self.stack.url = self.stack.url, api
        try:
            wait_for("Prometheus to have asked the server", lambda: query('up{job="noetl-server"} == 1'))
            dashboard = json.loads((ROOT / "deploy/grafana/dashboards/noetl.json").read_text(encoding="utf-8"))
            expressions = [(panel["title"], target["expr"].replace("$pool", ".*").replace("$__rate_interval", "1m"))
                           for panel in dashboard["panels"] for target in panel["targets"]]
            time.sleep(25)  # a rate needs two scrapes, ten seconds apart
            failed = [title for title, expression in expressions if query(expression) is None]
            empty = sorted({title for title, expression in expressions if query(expression) == []})
            self.report.saw("expressions of the dashboard on Prometheus", f"{len(expressions)} asked, {len(failed)} refused, without a value now: "
                            f"{', '.join(empty) or 'none'}", not failed and not empty)
            # A command has died just now: its rule must not be quiet.
            rules = wait_for("the alert of dead commands", lambda: (lambda found: found if self.states(found)["NoetlCommandsDie"] == "firing" else None)(
                [rule for group in ask(self.stack, "GET", "/rules")[1]["data"]["groups"] for rule in group["rules"]]))[0]
            errors = [rule["name"] for rule in rules if rule["health"] == "err"]
            loud = [f"{name} ({state})" for name, state in self.states(rules).items() if state != "inactive"]
            self.report.saw("alert rules", f"{len(rules)} loaded, {len(errors)} in error, not quiet: {', '.join(loud)}", not errors)
        finally:
            self.stack.url = url


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--build", action="store_true", help="build the image from source, instead of around built programs")
    options.add_argument("--bin", default=ROOT / "build/release/bin", help="folder of the built programs")
    options.add_argument("--work", default=ROOT / ".noetl/try", help="folder for everything that is made")
    options.add_argument("--keep", action="store_true", help="leave stack and engine up")
    options.add_argument("--project", default="noetltry", help="name of the compose project")
    given = options.parse_args()
    if os.geteuid() != 0:
        sys.exit("try.py: dockerd and debootstrap need root")
    pathlib.Path(given.work).mkdir(parents=True, exist_ok=True)
    report, engine = Report(pathlib.Path(given.work)), Engine(given.work)
    missing = engine.install()
    report.saw("packages", f"installed {' '.join(missing)}" if missing else "were there")
    report.saw("engine", engine.start())
    stack = Stack(engine, given.project)
    try:
        for base in [base for base in BASES if not (given.build and base == PREBUILT_BASE)]:
            report.saw(f"base image {base}", "made by debootstrap" if engine.make_base(base) else "was there")
        for service in STANDINS:
            engine.make_standin(service)
        if given.build:
            began = time.monotonic()
            sent, kilobytes = engine.build_product()
            report.saw("docker build -f deploy/Dockerfile, all stages", f"{time.monotonic() - began:.0f} s, or what was not kept from the time before; "
                       f"sent to it: {kilobytes / 1000:.1f} MB, {' '.join(sent)}", kilobytes < 20_000 and "build" not in sent and ".noetl" not in sent)
        else:
            engine.make_product(given.bin)
        trial = Trial(engine, stack, report)
        trial.images()
        trial.up()
        for step in (trial.noetl_v1, *[trial.duckdb] * given.build, trial.confinement, trial.start_up, trial.idle_memory, trial.worker_killed, trial.scaled,
                     *[lambda s=service: trial.restarted(s) for service in ("nats", "worker", "server", "postgres")],
                     trial.pod_commands, trial.backup, trial.production_nats, trial.monitoring):
            try:
                step()
            except Exception as error:  # noqa: BLE001, what went wrong in one step is a line of the table
                report.saw(getattr(step, "__name__", "restart"), f"{type(error).__name__}: {error}", False)
    finally:
        if given.keep:
            print(f"left up: {stack.url}, DOCKER_HOST={engine.environment.get('DOCKER_HOST', '')}")
        else:
            stack.compose("--profile", "monitoring", "down", "--volumes", check=False)
            engine.stop()
    sys.exit(0 if report.write() else 1)


if __name__ == "__main__":
    main()
