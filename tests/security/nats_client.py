"""A client of NATS that may say what no client library would: any subject, any reply subject. And nats-servers with the
configuration that deploy/nats has, on free ports of 127.0.0.1. One thread."""
import contextlib
import json
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/support"))
import machine  # noqa: E402

USERS = ("server", "worker", "worker-batch", "producer", "playbook", "operator", "observer", "system")


class Refused(Exception):
    pass


class Line:
    """One connection of one user."""

    def __init__(self, port, user, password, authority=None):
        plain = socket.create_connection(("127.0.0.1", port), timeout=10)
        if authority:
            plain.recv(65536)  # the greeting comes before TLS
            context = ssl.create_default_context(cafile=authority)
            self.socket = context.wrap_socket(plain, server_hostname="127.0.0.1")
        else:
            self.socket = plain
        self.pending = b""
        self.messages = []  # (subscription, (subject, reply, headers and body)): a delivery has the subject it was stored under
        self.refusals = []
        self.login = {"user": user, "pass": password, "verbose": False, "pedantic": False, "headers": True, "no_responders": True, "protocol": 1}
        self.send(b"CONNECT " + json.dumps(self.login).encode())
        self.prefix = {"server": "_INBOX_server", "worker": "_INBOX_default", "worker-batch": "_INBOX_batch", "observer": "_INBOX_observer"}.get(user, "_INBOX") + f".test{id(self)}"
        self.api_prefix = "NOETL.API." if user in ("operator", "observer") else "$JS.API."
        self.asked = 0
        try:
            self.flush()
        except (Refused, OSError):
            self.close()
            raise

    def close(self):
        self.socket.close()

    def send(self, line):
        self.socket.sendall(line + b"\r\n")

    def read_line(self):
        while b"\r\n" not in self.pending:
            got = self.socket.recv(65536)
            if not got:
                raise Refused(f"nats-server closed the connection: {self.refusals}")
            self.pending += got
        line, self.pending = self.pending.split(b"\r\n", 1)
        return line.decode()

    def read_bytes(self, count):
        while len(self.pending) < count + 2:
            self.pending += self.socket.recv(65536)
        body, self.pending = self.pending[:count], self.pending[count + 2:]
        return body

    def take_line(self):
        line = self.read_line()
        if line.startswith(("MSG ", "HMSG ")):
            parts = line.split()
            body = self.read_bytes(int(parts[-1]))
            words = parts[1:-2] if parts[0] == "HMSG" else parts[1:-1]
            self.messages.append((int(words[1]), (words[0], words[2] if len(words) > 2 else "", body)))
        elif line.startswith("-ERR"):
            self.refusals.append(line)
        elif line == "PING":
            self.send(b"PONG")
        return line

    def flush(self):
        """All that was sent is done with, and what was refused is known."""
        self.send(b"PING")
        while self.take_line() != "PONG":
            pass

    def publish(self, subject, body=b"", reply=""):
        self.send(f"PUB {subject} {reply} {len(body)}\r\n".encode() + body)

    def is_refused(self, line):
        """One line alone: does the server object?"""
        before = len(self.refusals)
        self.send(line.encode())
        self.flush()
        return len(self.refusals) > before and "Permissions Violation" in self.refusals[-1]

    def ask(self, subject, body=None, most=1, patience=10.0, is_wanted=lambda body: True):
        """The answers: bodies, with headers where there are some. [] when nobody answers."""
        self.asked += 1
        inbox = f"{self.prefix}.{self.asked}"
        self.send(f"SUB {inbox} {self.asked}".encode())
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        self.publish(subject, data, inbox)
        answers = []
        self.socket.settimeout(patience)
        while len(answers) < most:
            self.take_line()
            answers += [one for number, one in self.messages if number == self.asked and is_wanted(one[2])]
            self.messages = [one for one in self.messages if one[0] != self.asked]
            if answers and b"503" in answers[-1][2][:20]:
                answers = []
                break
            if answers and answers[-1][2].startswith(b"NATS/1.0"):
                break
        self.send(f"UNSUB {self.asked}".encode())
        return answers

    def api(self, subject, body=None, patience=10.0):
        """A request to JetStream: what it answers, or {} when it does not hear it. In an account without a JetStream of its own
        the answer of that one ("not enabled") comes as well."""
        answers = self.ask(self.api_prefix + subject, body, patience=patience, is_wanted=lambda body: b'"err_code":10039' not in body)
        return json.loads(answers[0][2]) if answers else {}


class Servers:
    """nats-servers of one configuration of deploy/nats, as it stands but for ports and folders."""

    def __init__(self, folder, configuration, count, program, is_started=True):
        """`is_started` False: the configurations are written, and somebody else starts programs with them."""
        self.folder = pathlib.Path(folder)
        self.program = program
        self.ports = [machine.free_port() for _one in range(count)]
        self.routes = [machine.free_port() for _one in range(count)]
        self.processes = []
        self.has_tls = "\ntls {" in configuration
        self.authority = str(self.folder / "nats-secrets/certificates/ca.crt") if self.has_tls else None
        self.make_secrets()
        (self.folder / "conf").mkdir()
        shutil.copy(ROOT / "deploy/nats/accounts.conf", self.folder / "conf/accounts.conf")
        self.configurations = [self.write(number, configuration) for number in range(count)]
        for number in range(count) if is_started else ():
            self.start(number)

    def make_secrets(self):
        passwords = self.folder / "nats-secrets/passwords"
        passwords.mkdir(parents=True)
        lines = [f'{user.upper().replace("-", "_")}_PASSWORD: "{user}-secret"\n' for user in USERS]
        (passwords / "passwords.conf").write_text("".join(lines))
        if not self.has_tls:
            return
        certificates = self.folder / "nats-secrets/certificates"
        certificates.mkdir()

        def openssl(*arguments):
            subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=certificates)
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        openssl("req", "-x509", *curve, "-days", "2", "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.crt")
        openssl("req", *curve, "-subj", "/CN=nats", "-keyout", "tls.key", "-out", "request")
        (certificates / "names").write_text("subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n")
        openssl("x509", "-req", "-in", "request", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names",
                "-out", "tls.crt")

    def write(self, number, configuration):
        """/etc/nats is the folder conf here."""
        conf = self.folder / "conf"
        text = configuration.replace("/etc/nats-secrets", str(self.folder / "nats-secrets"))
        text = text.replace("listen: 0.0.0.0:4222", f"listen: 127.0.0.1:{self.ports[number]}")
        text = text.replace("listen: 0.0.0.0:6222", f"listen: 127.0.0.1:{self.routes[number]}")
        text = re.sub(r"http: \S+:8222", "", text)
        text = re.sub(r"nats://nats-(\d)[\w.-]+:6222", lambda found: f"nats://127.0.0.1:{self.routes[int(found.group(1))]}", text)
        text = re.sub(r"server_name: \S+", f"server_name: nats-{number}", text)
        text = text.replace("store_dir: /data", f"store_dir: {self.folder}/data{number}")
        path = conf / f"nats-server-{number}.conf"
        path.write_text(text)
        return path

    def start(self, number):
        with open(self.folder / f"log{number}", "wb") as log:
            self.processes.append(subprocess.Popen([self.program, "-c", self.configurations[number]], stdout=log, stderr=log, preexec_fn=machine.die_with_parent(9)))

    def log(self, number):
        return (self.folder / f"log{number}").read_text(errors="replace")

    def line(self, user, number=0):
        return Line(self.ports[number], user, user + "-secret", self.authority)

    def wait_ready(self):
        """JetStream answers to the user `server`, at every one."""
        def is_ready():
            for number, process in enumerate(self.processes):
                if process.poll() is not None:
                    raise SystemExit(f"nats-server {number} ended: {self.log(number)}")
            try:
                for number in range(len(self.ports)):
                    with contextlib.closing(self.line("server", number)) as line:
                        if "memory" not in line.api("INFO", patience=2):
                            return False
                return True
            except (OSError, Refused):
                return False
        machine.wait_until("JetStream to answer", is_ready, 40)

    def stop(self):
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait()


def version_of(program):
    text = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout
    return tuple(map(int, re.search(r"v?(\d+)\.(\d+)\.(\d+)", text).groups()))


def messages_for(line, period):
    """What comes within a time."""
    line.socket.settimeout(0.1)
    until = time.monotonic() + period
    while time.monotonic() < until:
        try:
            line.take_line()
        except TimeoutError:
            pass
    line.socket.settimeout(10)
    heard, line.messages = [one for _number, one in line.messages], []
    return heard


def holds_for(period, condition):
    """For what must stay as it is: looks again and again, for a while."""
    until = time.monotonic() + period
    while time.monotonic() < until:
        if not condition():
            return False
        time.sleep(0.05)
    return True
