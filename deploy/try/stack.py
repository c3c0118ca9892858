"""The compose stack under try: its containers, and its API."""
import json
import pathlib
import shutil
import socket
import time
import urllib.error
import urllib.request

from engine import ROOT, run

PATIENCE_SECONDS = 120


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def wait_for(what, condition, seconds=PATIENCE_SECONDS):
    """The first true answer of the condition, and how long it took."""
    began = time.monotonic()
    while True:
        answer = condition()
        if answer:
            return answer, time.monotonic() - began
        if time.monotonic() - began > seconds:
            raise RuntimeError(f"waited {seconds} s in vain for {what}")
        time.sleep(0.05)


class Stack:
    def __init__(self, engine, project):
        self.engine = engine
        names = ("NOETL_PORT", "NATS_PORT", "NATS_MONITORING_PORT", "POSTGRES_PORT", "PROMETHEUS_PORT", "GRAFANA_PORT")
        self.ports = {name: free_port() for name in names}
        self.environment = dict(engine.environment, COMPOSE_PROJECT_NAME=project, **{name: str(port) for name, port in self.ports.items()})
        self.project = project
        self.url = f"http://127.0.0.1:{self.ports['NOETL_PORT']}"
        is_plugin = engine("compose", "version", check=False).returncode == 0
        self.program = [engine.docker, "compose"] if is_plugin else [shutil.which("docker-compose")]

    def compose(self, *arguments, **options):
        return run(*self.program, "-f", ROOT / "deploy/compose.yaml", *arguments, env=self.environment, **options)

    def containers(self, service):
        """Ids of the running containers of a service."""
        found = self.engine("ps", "-q", "--filter", f"label=com.docker.compose.project={self.project}",
                            "--filter", f"label=com.docker.compose.service={service}").stdout.split()
        return sorted(found)

    def network(self):
        return f"{self.project}_default"

    def call(self, method, path, body=None, timeout=10, content_type="application/json"):
        """Status and parsed answer; status 0 when nobody answers."""
        sent = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=sent, method=method, headers={"Content-Type": content_type})
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode(errors="replace")
        except (OSError, ValueError) as away:
            return 0, str(away)

    def get(self, path):
        return self.call("GET", path)[1]

    def is_ready(self):
        status, answer = self.call("GET", "/readyz", timeout=3)
        return status == 200 and answer["status"] == "ok"

    def enqueue(self, command, **more):
        status, answer = self.call("POST", "/api/v2/commands", {"tool": {"kind": "shell", "command": command}, **more})
        if status != 201:
            raise RuntimeError(f"enqueueing '{command}' was answered {status}: {answer}")
        return answer["queue_id"]

    def command(self, queue_id):
        return self.get(f"/api/v2/commands/{queue_id}")

    def wait_done(self, queue_ids, seconds=PATIENCE_SECONDS):
        """Rows of commands that have ended, all of them."""
        ended = {}

        def look():
            for queue_id in queue_ids:
                if queue_id in ended:
                    continue
                status, row = self.call("GET", f"/api/v2/commands/{queue_id}")
                if status == 200 and row["status"] in ("done", "failed", "dead", "cancelled"):
                    ended[queue_id] = row
            return len(ended) == len(set(queue_ids))

        _answer, took = wait_for(f"the end of {len(queue_ids)} commands", look, seconds)
        return [ended[queue_id] for queue_id in queue_ids], took

    def workers(self, status="ready"):
        answer = self.get("/api/v2/workers")
        return [one for one in answer["workers"] if one["status"] == status] if isinstance(answer, dict) else []

    def registered(self, playbook):
        return self.call("POST", "/api/catalog/register", pathlib.Path(playbook).read_bytes(), content_type="application/yaml")
