"""The compose stack under try: its containers."""
import shutil
import socket

from api import Api
from engine import ROOT, run


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Stack(Api):
    def __init__(self, engine, project):
        self.engine = engine
        names = ("NOETL_PORT", "NATS_PORT", "POSTGRES_PORT", "PROMETHEUS_PORT", "GRAFANA_PORT")
        self.ports = {name: free_port() for name in names}
        self.environment = dict(engine.environment, COMPOSE_PROJECT_NAME=project, **{name: str(port) for name, port in self.ports.items()})
        self.project = project
        super().__init__(f"http://127.0.0.1:{self.ports['NOETL_PORT']}")
        is_plugin = engine("compose", "version", check=False).returncode == 0
        self.program = [engine.docker, "compose"] if is_plugin else [shutil.which("docker-compose")]

    def compose(self, *arguments, **options):
        return run(*self.program, "-f", ROOT / "deploy/compose.yaml", *arguments, env=self.environment, **options)

    def containers(self, service):
        """Ids of the running containers of a service."""
        found = self.engine("ps", "-q", "--filter", f"label=com.docker.compose.project={self.project}",
                            "--filter", f"label=com.docker.compose.service={service}").stdout.split()
        return sorted(found)

    def secret(self, service, name):
        """What the service `secrets` made for another."""
        return self.engine("exec", self.containers(service)[0], "cat", f"/run/noetl/{name}").stdout.strip()

    def network(self):
        return f"{self.project}_default"
