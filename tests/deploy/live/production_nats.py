"""deploy/nats/nats-server.conf as it stands: three nats-servers with TLS and a user for each role, and the product on them."""
import json
import socket
import ssl

from api import wait_for
from engine import ROOT, image_of, run

HOSTS = "nats-headless.nats.svc.cluster.local"
CLIENT_HOST = "nats.nats.svc.cluster.local"
ROLES = ("server", "worker", "worker-batch", "producer", "playbook", "operator", "observer", "system")


def make_secrets(folder):
    """What the secrets nats-certificates, nats-passwords and noetl-ca have."""
    certificates, passwords, trusted = (folder / name for name in ("certificates", "passwords", "ca"))
    for one in (certificates, passwords, trusted):
        one.mkdir(parents=True, exist_ok=True)
    (passwords / "passwords.conf").write_text("".join(f'{role.upper().replace("-", "_")}_PASSWORD: "{role}-password"\n' for role in ROLES))
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    run("openssl", "req", "-x509", *curve, "-days", "2", "-subj", "/CN=try", "-keyout", folder / "ca.key", "-out", certificates / "ca.crt")
    run("openssl", "req", *curve, "-subj", "/CN=nats", "-keyout", certificates / "tls.key", "-out", folder / "request")
    (folder / "names").write_text(f"subjectAltName=DNS:{CLIENT_HOST},DNS:*.{HOSTS}\nextendedKeyUsage=serverAuth,clientAuth\n")
    run("openssl", "x509", "-req", "-in", folder / "request", "-CA", certificates / "ca.crt", "-CAkey", folder / "ca.key", "-CAcreateserial",
        "-days", "2", "-extfile", folder / "names", "-out", certificates / "tls.crt")
    digest = run("openssl", "x509", "-hash", "-noout", "-in", certificates / "ca.crt").stdout.strip()
    (trusted / f"{digest}.0").write_text((certificates / "ca.crt").read_text())
    for path in certificates.iterdir():
        path.chmod(0o644)


class ProductionNats:
    def __init__(self, engine, stack, folder):
        self.engine, self.stack, self.folder = engine, stack, folder
        self.started = []
        make_secrets(folder)

    def start(self, name, *arguments):
        self.engine("rm", "-f", name, check=False)
        self.engine("run", "-d", "--name", name, "--network", self.stack.network(), "--read-only", "--cap-drop", "ALL",
                    "--security-opt", "no-new-privileges", *arguments)
        self.started.append(name)

    def start_nats(self, number):
        self.start(f"{self.stack.project}-nats-{number}", "--network-alias", f"nats-{number}.{HOSTS}", "--network-alias", CLIENT_HOST,
                   "--user", "10002:10002", "--tmpfs", "/data:uid=10002,gid=10002", "-e", f"NATS_NAME=nats-{number}",
                   "-v", f"{ROOT}/deploy/nats/nats-server.conf:/etc/nats/nats-server.conf:ro",
                   "-v", f"{ROOT}/deploy/nats/accounts.conf:/etc/nats/accounts.conf:ro",
                   "-v", f"{self.folder}/certificates:/etc/nats-secrets/certificates:ro", "-v", f"{self.folder}/passwords:/etc/nats-secrets/passwords:ro",
                   "--entrypoint", "nats-server", image_of("nats"), "-c", "/etc/nats/nats-server.conf")

    def start_program(self, mode, **variables):
        variables.update({"NOETL_RUN_MODE": mode, "SERVER_API_URL": f"http://{self.stack.project}-tls-server:8082",
                          "NATS_URL": f"tls://{mode}:{mode}-password@{CLIENT_HOST}:4222", "SSL_CERT_DIR": "/etc/ssl/certs:/etc/noetl/ca"})
        self.start(f"{self.stack.project}-tls-{mode}", "--tmpfs", "/tmp", "-v", f"{self.folder}/ca:/etc/noetl/ca:ro",
                   *[part for key, value in variables.items() for part in ("-e", f"{key}={value}")], "local/noetl:latest")

    def log_of(self, name):
        done = self.engine("logs", f"{self.stack.project}-{name}")
        return done.stdout + done.stderr

    def answer_to(self, role, line):
        """What a nats-server says to one line of a role."""
        address = self.engine("inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", f"{self.stack.project}-nats-0").stdout.strip()
        with socket.create_connection((address, 4222), 5) as plain:
            plain.recv(4096)
            context = ssl.create_default_context(cafile=str(self.folder / "certificates/ca.crt"))
            with context.wrap_socket(plain, server_hostname=CLIENT_HOST) as line_to:
                login = json.dumps({"user": role, "pass": f"{role}-password", "verbose": False, "pedantic": False})
                line_to.sendall(f"CONNECT {login}\r\n{line} 0\r\n\r\nPING\r\n".encode())
                line_to.settimeout(5)
                heard = b""
                while b"PONG" not in heard:
                    heard += line_to.recv(4096)
        return heard.decode()

    def try_all(self, report):
        for number in range(3):
            self.start_nats(number)
        wait_for("a cluster", lambda: any("JetStream cluster metadata leader" in self.log_of(f"nats-{number}") for number in range(3)))
        self.engine("exec", self.stack.containers("postgres")[0], "psql", "-U", "postgres", "-c", "create role tls login password 'tls'",
                    "-c", "create database tls owner tls")
        self.start_program("server", NOETL_DATABASE_URL="postgresql://tls:tls@postgres/tls")
        self.start_program("worker", NOETL_TOOLS="all")
        wait_for("the worker to take notifications", lambda: "Subscribed to noetl.commands" in self.log_of("tls-worker"), 30)
        tool = self.engine("exec", f"{self.stack.project}-tls-server", "noetlctl", "command", "enqueue", "shell", "--tool", '{"command": "hostname"}', "-o", "json")
        queue_id = json.loads(tool.stdout)["queue_id"]
        look = ("exec", f"{self.stack.project}-tls-server", "noetlctl", "command", "get", queue_id, "-o", "json")
        wait_for("the command", lambda: json.loads(self.engine(*look).stdout)["status"] == "done")
        violations = [line for number in range(3) for line in self.log_of(f"nats-{number}").splitlines() if "iolation" in line]
        complaints = [line for line in (self.log_of("tls-server") + self.log_of("tls-worker")).splitlines() if " WARN " in line or " ERROR " in line]
        report.saw("NATS as in production: TLS, users by role", f"subscribed, a command done; {len(violations)} refused by permissions, "
                   f"{len(complaints)} warnings {'; '.join(complaints)[:300]}", not violations)
        refused = {f"{role} {line}": "Permissions Violation" in self.answer_to(role, line) for role, line in (
            ("worker", "PUB noetl.commands"), ("worker", "PUB $JS.API.STREAM.DELETE.NOETL_COMMANDS"), ("operator", "PUB noetl.commands"),
            ("server", "PUB $JS.API.STREAM.DELETE.SOMETHING"))}
        report.saw("what a role may not do is refused", ", ".join(refused), all(refused.values()))
        self.engine("exec", f"{self.stack.project}-nats-1", "nats-server", "-sl=ldm=1")
        report.saw("preStop of a nats-server: lame duck", wait_for("lame duck", lambda: "lame duck mode" in self.log_of("nats-1"))[0] and "entered")

    def stop(self):
        for name in self.started:
            self.engine("rm", "-f", name, check=False)
