#!/usr/bin/python3
"""The manifests of k8s/ on a real Kubernetes, on this machine: accepted by its API server, run by its kubelet, broken, and what was seen.

    tests/deploy/live/cluster.py [--work .noetl/try] [--keep]

As root on a Debian machine with Go and kubectl. Kubernetes is built from its Go modules (tests/deploy/live/programs.py), etcd and containerd are Debian's, and
images are those of tests/deploy/live/try.py --build, which is run first with the same folder. One node; its network plugin is a plain bridge, so that
network policies are accepted and not enforced. --keep leaves the cluster up."""
import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

import yaml

import programs
from admission import Admission
from api import Api, Load, wait_for
from engine import ROOT, STANDINS, Engine, image_of, run
from node import INSIDE, Node
from production_nats import make_secrets
from report import Report
from stack import free_port

HERE = pathlib.Path(__file__).resolve().parent
V1_PLAYBOOK = ROOT / "tests/fixtures/playbooks/seed/hello_world_2025.yaml"
PACKAGES = ["etcd-server", "containernetworking-plugins", "conntrack", "iptables", "iproute2"]
PRODUCTION_IMAGE = "registry.example.com/noetl:0.1.0"
NATS = "nats.nats.svc.cluster.local:4222"
BOX = "natsio/nats-box:0.14.5"
VOLUMES = 8
# The worker, not the process 1 above it, which a signal from inside does not reach.
KILL = 'for one in /proc/[0-9]*; do case $(readlink $one/exe) in */noetlctl) kill -9 ${one#/proc/};; esac; done'


def install():
    missing = [one for one in PACKAGES if run("dpkg-query", "-W", "-f=${db:Status-Status}", one, check=False).stdout != "installed"]
    if missing:
        run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing, env=dict(os.environ, DEBIAN_FRONTEND="noninteractive", RUNLEVEL="1"))


def make_images(engine, built):
    """The images of the cluster's own, beside those of the compose stack; the names of all."""
    for image, folder, program in ((BOX, "box", "nats"), ("local/dns:try", "dns", "coredns"), ("local/pause:try", "pause", "pause")):
        if not engine.has(image):
            context = engine.work / f"image-{folder}"
            context.mkdir(exist_ok=True)
            for source in (HERE / "images" / folder / "Dockerfile", built / program):
                run("cp", source, context)
            engine("build", "--quiet", "--tag", image, context)
    engine("tag", "local/noetl:latest", PRODUCTION_IMAGE)
    return ["local/noetl:latest", PRODUCTION_IMAGE, BOX, "local/dns:try", "local/pause:try", *(image_of(one) for one in STANDINS if one != "prometheus")]


class Forward:
    """A port of the laptop that leads into the node, by the program that kind's engine uses for it."""

    def __init__(self, wanted, inside):
        is_free = run("ss", "-ltnH", f"sport = :{wanted}").stdout == ""
        self.port = wanted if is_free else free_port()
        # It tells its parent on the third descriptor that it listens.
        self.process = subprocess.Popen(["sh", "-c", 'exec docker-proxy "$@" 3>/dev/null', "-", "-proto", "tcp", "-host-ip", "127.0.0.1", "-host-port",
                                         str(self.port), "-container-ip", INSIDE, "-container-port", str(inside)], start_new_session=True,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Trial(Api):
    def __init__(self, node, report, built):
        self.node, self.report, self.built = node, report, built
        ports = yaml.safe_load((ROOT / "k8s/kind.yaml").read_text(encoding="utf-8"))["nodes"][0]["extraPortMappings"]
        self.forwards = {one["containerPort"]: Forward(one["hostPort"], one["containerPort"]) for one in ports}
        super().__init__(f"http://localhost:{self.forwards[30082].port}")

    def steps(self):
        return (Admission(self.node, self.report).try_all, self.volumes, self.deployed, self.noetl_v1, self.nats_commands, self.worker_killed, self.drained, self.scaled,
                lambda: self.rolled("deployment/noetl-server", "noetl", False), lambda: self.rolled("deployment/noetl-worker", "noetl", False),
                lambda: self.rolled("statefulset/nats", "nats", False), lambda: self.rolled("statefulset/postgres", "postgres", True),
                self.budgets, self.image_set, self.production, self.chart)

    def kubectl(self, *arguments, **options):
        return self.node.kubectl(*arguments, **options)

    def objects(self, kind, namespace="noetl", labels=""):
        return json.loads(self.kubectl("get", kind, "-n", namespace, "-l", labels, "-o", "json").stdout)["items"]

    def rollout(self, what, namespace="noetl", seconds=240):
        self.kubectl("rollout", "status", what, "-n", namespace, f"--timeout={seconds}s")

    def ready_workers(self, number):
        wait_for(f"{number} ready workers", lambda: len([one for one in self.workers() if one["pool"] == "default"]) == number)

    # What stands before the product.

    def volumes(self):
        for number in range(VOLUMES):
            folder = self.node.work / f"state/volumes/{number}"
            folder.mkdir(parents=True)
            folder.chmod(0o777)
            volume = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": f"volume-{number}"},
                      "spec": {"capacity": {"storage": "10Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": str(folder)}}}
            self.kubectl("apply", "-f", "-", input=json.dumps(volume))
        self.kubectl("apply", "-f", HERE / "cluster/base.yaml")
        self.rollout("deployment/coredns", "kube-system")

    # The overlay for kind.

    def deployed(self):
        """As `task deploy` does it."""
        began = time.monotonic()
        run(ROOT / "deploy/make-secrets", "kind")
        applied = self.kubectl("apply", "-k", ROOT / "k8s/overlays/kind")
        self.kubectl("wait", "--for=condition=complete", "job/noetl-migrate", "-n", "noetl", "--timeout=300s")
        migrated = time.monotonic() - began
        for what in ("deployment/noetl-server", "deployment/noetl-worker", "deployment/noetl-worker-batch"):
            self.rollout(what)
        self.rollout("statefulset/nats", "nats")
        created = len(applied.stdout.splitlines())
        self.report.saw("kubectl apply -k k8s/overlays/kind", f"{created} objects, {applied.stderr.count('Warning')} warnings; migrated after {migrated:.0f} s, "
                        f"everything rolled out after {time.monotonic() - began:.0f} s", "Warning" not in applied.stderr)
        pods = [one for namespace in ("noetl", "nats", "postgres") for one in self.objects("pods", namespace)]
        again = {one["metadata"]["name"]: sum(status["restartCount"] for status in one["status"]["containerStatuses"]) for one in pods}
        self.report.saw("pods", f"{len(pods)}; started again meanwhile: {', '.join(f'{name} {count}' for name, count in again.items() if count) or 'none'}")

    def noetl_v1(self):
        self.registered(V1_PLAYBOOK)
        curl = ["curl", "-sS", "-X", "POST", f"{self.url}/api/v2/execute", "-H", "Content-Type: application/json",
                "-d", '{"path": "tests/fixtures/playbooks/hello_world", "payload": {"message": "NATS Test"}}']
        answer = json.loads(run(*curl).stdout)
        path = f"/api/v2/executions/{answer['execution_id']}"
        row, took = wait_for("its end", lambda: (lambda one: one if one.get("status") != "RUNNING" else None)(self.get(path)))
        self.report.saw(f"NoETL v1's curl, {self.url}", f"{answer['status']}, {row['status']} after {row['duration']:.3f} s, seen after {took:.2f} s",
                        row["status"] == "COMPLETED")

    def nats_commands(self):
        operator = json.loads((ROOT / "k8s/overlays/kind/nats/.secrets/noetl.json").read_text(encoding="utf-8"))
        login = ("--server", f"nats://localhost:{self.forwards[30422].port}", "--user", "operator", "--password", operator["password"],
                 "--js-api-prefix", operator["jetstream_api_prefix"])
        info = run(self.built / "nats", *login, "stream", "info", "NOETL_COMMANDS", "--json", check=False, env=dict(os.environ, HOME=str(self.node.work)))
        state = json.loads(info.stdout) if info.returncode == 0 else {}
        self.report.saw(f"nats stream info NOETL_COMMANDS at localhost:{self.forwards[30422].port}",
                        f"{state['config']['num_replicas']} replicas, {state['state']['messages']} messages" if state else info.stderr[-200:], bool(state))
        for command in ("stream info NOETL_COMMANDS", "stream report", "consumer info NOETL_COMMANDS noetl-worker-pool", "consumer report NOETL_COMMANDS",
                        "stream get NOETL_COMMANDS --last-for noetl.commands"):
            done = self.kubectl("exec", "-n", "nats", "nats-0", "--", "nats", *command.split(), check=False)
            lines = [line for line in done.stdout.splitlines() if line.strip()]
            self.report.saw(f"kubectl exec -n nats nats-0 -- nats {command}", f"{len(lines)} lines" if done.returncode == 0 else done.stderr[-200:],
                            done.returncode == 0 and len(lines) > 2)
        names = self.kubectl("exec", "-n", "nats", "nats-0", "--", "nats", "consumer", "ls", "NOETL_COMMANDS", "--names").stdout.split()
        lanes = [f"noetl-worker-pool-batch{lane}" for lane in ("", ":lane1", ":lane2")]
        self.report.saw("consumers of the pool batch before its first command", f"{sum(lane in names for lane in lanes)} of 3", set(lanes) <= set(names))
        log = self.kubectl("logs", "-n", "noetl", "-l", "app=noetl-worker", "--tail=50").stdout
        said = [line for line in log.splitlines() if "Subscribed to" in line]
        self.report.saw('kubectl logs -n noetl -l app=noetl-worker --tail=50 | grep "Subscribed to"', f"{len(said)} lines", len(said) >= 2)

    # Broken.

    def running(self, command, **more):
        """A command that runs: its id, and its row."""
        queue_id = self.enqueue(command, **more)
        row, _took = wait_for("a worker to run it", lambda: (lambda one: one if one["status"] == "running" else None)(self.command(queue_id)))
        return queue_id, row

    def worker_killed(self):
        queue_id, row = self.running("sleep 2; hostname", max_attempts=3)
        began = time.monotonic()
        self.kubectl("exec", "-n", "noetl", row["worker_id"], "--", "sh", "-c", KILL, check=False)
        rows, _took = self.wait_done([queue_id])
        where = "the same" if rows[0]["worker_id"] == row["worker_id"] else "another"
        self.report.saw("SIGKILL to a worker that runs a command for 2 s",
                        f"done in attempt {rows[0]['attempts']} on {where} pod, {time.monotonic() - began:.1f} s later",
                        rows[0]["status"] == "done" and rows[0]["attempts"] == 2)
        wait_for("the pod to be ready again", lambda: all(status["ready"] for one in self.objects("pods", labels="app=noetl-worker")
                                                          for status in one["status"].get("containerStatuses", [])))
        queue_id, row = self.running("sleep 6; hostname", max_attempts=3)
        began = time.monotonic()
        self.kubectl("delete", "pod", "-n", "noetl", row["worker_id"], "--force", "--grace-period=0")
        rows, _took = self.wait_done([queue_id])
        self.report.saw("a worker's pod deleted by force while it runs a command for 6 s",
                        f"done in attempt {rows[0]['attempts']} {time.monotonic() - began:.1f} s later", rows[0]["status"] == "done")
        self.rollout("deployment/noetl-worker")

    def drained(self):
        """A deleted pod: preStop drains it, its command ends in the first attempt, and nothing new comes to it."""
        queue_id, row = self.running("sleep 6; hostname", max_attempts=1)
        began = time.monotonic()
        self.kubectl("delete", "pod", "-n", "noetl", row["worker_id"], "--wait=false")
        _seen, told = wait_for("draining", lambda: any(one["worker_id"] == row["worker_id"] for one in self.workers("draining")), 10)
        wait_for("the pod's end", lambda: self.kubectl("get", "pod", "-n", "noetl", row["worker_id"], check=False).returncode != 0)
        gone = time.monotonic() - began
        rows, _took = self.wait_done([queue_id])
        self.report.saw("a worker's pod deleted while it runs a command", f"draining after {told:.1f} s, command {rows[0]['status']} in attempt "
                        f"{rows[0]['attempts']}, pod gone after {gone:.1f} s", rows[0]["status"] == "done" and rows[0]["attempts"] == 1)
        self.rollout("deployment/noetl-worker")

    def scaled(self):
        with Load(self, "sleep 0.2") as load:
            self.kubectl("scale", "deployment/noetl-worker", "-n", "noetl", "--replicas=4")
            self.rollout("deployment/noetl-worker")
            time.sleep(1)
            began = time.monotonic()
            self.kubectl("scale", "deployment/noetl-worker", "-n", "noetl", "--replicas=0")
            wait_for("no pod of a worker", lambda: not self.objects("pods", labels="app=noetl-worker,noetl.io/pool=default"))
            down = time.monotonic() - began
            time.sleep(2)
            began = time.monotonic()
            self.kubectl("scale", "deployment/noetl-worker", "-n", "noetl", "--replicas=2")
            self.rollout("deployment/noetl-worker")
            up = time.monotonic() - began
        outcome, is_whole = load.outcome()
        self.report.saw("workers scaled 2, 4, 0, 2 under load", f"no pod after {down:.1f} s, two ready again after {up:.1f} s; {outcome}",
                        is_whole and not load.refused)

    def rolled(self, what, namespace, bears_refusals):
        """A rollout under load: whoever comes is answered, and what was accepted is done."""
        with Load(self, "sleep 0.2") as load:
            time.sleep(1)
            began = time.monotonic()
            self.kubectl("rollout", "restart", what, "-n", namespace)
            self.rollout(what, namespace, 420)
            took = time.monotonic() - began
            time.sleep(2)
        outcome, is_whole = load.outcome()
        self.report.saw(f"kubectl rollout restart {what} -n {namespace}, under load", f"{took:.0f} s; {outcome}", is_whole and (bears_refusals or not load.refused))

    def budgets(self):
        """Evictions, as `kubectl drain` asks for them: the budget allows one at a time."""
        for app, namespace in (("noetl-server", "noetl"), ("noetl-worker", "noetl"), ("nats", "nats")):
            wait_for("the budget to know its pods", lambda a=app, n=namespace: any(
                one["metadata"]["name"] == a and one["status"].get("disruptionsAllowed") == 1 for one in self.objects("pdb", n)))
            pods = [one["metadata"]["name"] for one in self.objects("pods", namespace, f"app={app}") if not one["metadata"]["name"].startswith("noetl-worker-batch")]
            answers = []
            for pod in pods:
                body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": namespace}}
                done = self.kubectl("create", "--raw", f"/api/v1/namespaces/{namespace}/pods/{pod}/eviction", "-f", "-", input=json.dumps(body), check=False)
                answers.append(done.returncode == 0)
            self.report.saw(f"evictions of all pods of {app} at once", f"{answers.count(True)} of {len(answers)} allowed", answers.count(True) == 1)
            kind = "statefulset" if app == "nats" else "deployment"
            self.rollout(f"{kind}/{app}", namespace)

    def image_set(self):
        """NoETL v1's lines to bring a new image."""
        self.node.ctr("images", "tag", "docker.io/local/noetl:latest", "docker.io/local/noetl:20261122")
        self.kubectl("set", "image", "deployment/noetl-server", "noetl-server=local/noetl:20261122", "-n", "noetl")
        self.kubectl("set", "image", "deployment/noetl-worker", "worker=local/noetl:20261122", "-n", "noetl")
        self.rollout("deployment/noetl-server")
        self.rollout("deployment/noetl-worker")
        self.report.saw("kubectl set image, server and worker", "rolled out")
        self.noetl_v1()

    # The overlay for production, and the chart.

    def secrets_of_noetl(self):
        """docs/operations/kubernetes.md, "Secrets", with passwords of this trial, and of the overlay for kind for its Postgres."""
        password = (ROOT / "k8s/overlays/kind/postgres/.secrets/noetl").read_text(encoding="utf-8")
        self.secret("noetl-server", "noetl", "--from-literal=token=try-callers", "--from-literal=worker-token=try", f"--from-literal=nats-url=tls://server:server-password@{NATS}",
                    f"--from-literal=database-url=postgresql://noetl_server:{password}@postgres.postgres.svc.cluster.local/noetl",
                    f"--from-literal=encryption-key={run('openssl', 'rand', '-base64', '32').stdout.strip()}")
        for name, user in (("noetl-worker", "worker"), ("noetl-worker-batch", "worker-batch")):
            self.secret(name, "noetl", "--from-literal=worker-token=try", f"--from-literal=nats-url=tls://{user}:{user}-password@{NATS}")
        self.secret("noetl-ca", "noetl", f"--from-file={self.node.work}/state/nats/ca")

    def secrets_of_nats(self):
        make_secrets(self.node.work / "state/nats")
        self.secret("nats-passwords", "nats", f"--from-file={self.node.work}/state/nats/passwords")
        self.secret("nats-certificates", "nats", f"--from-file={self.node.work}/state/nats/certificates")
        context = {"url": f"tls://{NATS}", "user": "operator", "password": "operator-password", "jetstream_api_prefix": "NOETL.API",
                   "ca": "/etc/nats-secrets/certificates/ca.crt"}
        self.secret("nats-operator", "nats", f"--from-literal=noetl.json={json.dumps(context)}")

    def secret(self, name, namespace, *values):
        self.kubectl("create", "secret", "generic", name, "-n", namespace, *values)

    def production(self):
        self.kubectl("delete", "namespace", "noetl", "nats", "--timeout=420s")
        for text in ("k8s/base/namespace.yaml", "k8s/nats/namespace.yaml"):
            self.kubectl("apply", "-f", ROOT / text)
        self.secrets_of_nats()
        self.secrets_of_noetl()
        began = time.monotonic()
        applied = self.kubectl("apply", "-k", ROOT / "k8s/overlays/production")
        for what in ("deployment/noetl-server", "deployment/noetl-worker", "deployment/noetl-worker-batch"):
            self.rollout(what)
        self.rollout("statefulset/nats", "nats")
        self.report.saw("kubectl apply -k k8s/overlays/production", f"{len(applied.stdout.splitlines())} objects, {applied.stderr.count('Warning')} warnings; "
                        f"rolled out after {time.monotonic() - began:.0f} s", "Warning" not in applied.stderr)
        self.used("production overlay")
        seen = self.kubectl("exec", "-n", "nats", "nats-0", "--", "nats", "stream", "info", "NOETL_COMMANDS", check=False)
        self.report.saw("its command line of NATS, with TLS and the operator's user", "answers" if seen.returncode == 0 else seen.stderr[-200:],
                        seen.returncode == 0)

    def used(self, what):
        """A command through the service, asked for in a server's pod: this installation has no NodePort."""
        ask = ("exec", "-n", "noetl", "deployment/noetl-server", "--", "noetlctl", "-o", "json", "command")
        queue_id = json.loads(self.kubectl(*ask, "enqueue", "shell", "--tool", '{"command": "hostname"}').stdout)["queue_id"]
        row, took = wait_for("the command", lambda: (lambda one: one if one["status"] == "done" else None)(json.loads(self.kubectl(*ask, "get", queue_id).stdout)))
        log = ("logs", "-n", "noetl", "-l", "app=noetl-worker,noetl.io/pool=default", "--tail=200")
        _log, subscribed = wait_for("Subscribed to", lambda: "Subscribed to" in self.kubectl(*log).stdout, 30)
        self.report.saw(f"a command on the {what}", f"{row['status']} on {row['worker_id']} after {took:.1f} s; "
                        f"its worker takes notifications {subscribed:.1f} s later")

    def chart(self):
        self.kubectl("delete", "namespace", "noetl", "--timeout=420s")
        self.kubectl("apply", "-f", ROOT / "k8s/base/namespace.yaml")
        self.secrets_of_noetl()
        began = time.monotonic()
        helm = (self.built / "helm", "--kubeconfig", self.node.config("admin"), "--namespace", "noetl")
        installed = run(*helm, "install", "noetl", ROOT / "k8s/helm/noetl", "--create-namespace", "-f", ROOT / "k8s/helm/production.yaml", "--timeout", "300s",
                        env=dict(os.environ, HOME=str(self.node.work)))
        for what in ("deployment/noetl-server", "deployment/noetl-worker", "deployment/noetl-worker-batch"):
            self.rollout(what)
        self.report.saw("helm install of the chart", f"{re.search('STATUS: .*', installed.stdout).group(0)}, rolled out after {time.monotonic() - began:.0f} s",
                        "Warning" not in installed.stderr)
        self.used("chart's installation")
        again = run(*helm, "upgrade", "noetl", ROOT / "k8s/helm/noetl", "-f", ROOT / "k8s/helm/production.yaml", "--set", "server.replicas=3", "--timeout", "300s",
                    env=dict(os.environ, HOME=str(self.node.work)))
        self.report.saw("helm upgrade", re.search("STATUS: .*", again.stdout).group(0))
        run(*helm, "uninstall", "noetl", env=dict(os.environ, HOME=str(self.node.work)))


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--work", default=ROOT / ".noetl/try", help="folder of try.py, which has the images")
    options.add_argument("--keep", action="store_true", help="leave the cluster up")
    given = options.parse_args()
    if os.geteuid() != 0:
        sys.exit("cluster.py: a node needs root")
    for tool in ("go", "kubectl", "curl", "cc"):
        if not shutil.which(tool):
            sys.exit(f"cluster.py: {tool} is not in PATH")
    install()
    work = pathlib.Path(given.work)
    engine = Engine(work)
    engine.install()
    engine.start()
    if not engine.has("local/noetl:latest"):
        sys.exit("cluster.py: there is no image local/noetl:latest; tests/deploy/live/try.py --build makes it, in the same folder of work")
    for service in ("postgres", "nats"):
        engine.make_standin(service)
    built = programs.build(work / "programs")
    images = make_images(engine, built)
    node = Node(work / "node", built)
    report = Report(node.work)
    trial = None
    try:
        report.saw(f"Kubernetes {programs.KUBERNETES} from its modules, etcd and containerd of Debian", f"node ready after {node.start():.1f} s")
        node.load(engine, images)
        trial = Trial(node, report, built)
        for step in trial.steps():
            try:
                step()
            except Exception as error:  # noqa: BLE001, what went wrong in one step is a line of the table
                report.saw(getattr(step, "__name__", "rollout"), f"{type(error).__name__}: {error}"[-600:], False)
    finally:
        if given.keep:
            print(f"left up: kubectl --kubeconfig={node.config('admin')}, {trial.url if trial else ''}")
        else:
            for forward in trial.forwards.values() if trial else []:
                forward.process.terminate()
            node.stop()
            engine.stop()
    sys.exit(0 if report.write() else 1)


if __name__ == "__main__":
    main()
