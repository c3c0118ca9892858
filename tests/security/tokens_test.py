"""Who may come in: tokens on every route, secrets for workers alone, no server open to others without a token, no secret among the
arguments of a process."""
import http.client
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "chaos"))
from stack import Stack, StackSettings  # noqa: E402

BIN = pathlib.Path(os.environ.get("NOETL_BIN_DIR", ROOT / "build" / "release" / "bin"))
CALLERS, WORKERS = "token-of-callers-0123456789", "token-of-workers-0123456789"
KEY = "c" * 64


def request(port, method, path, token=None, body=None, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        sent = {"Content-Type": "application/json"} if body is not None else {}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        connection.request(method, path, None if body is None else json.dumps(body), {**sent, **(headers or {})})
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), dict(answer.getheaders())
    finally:
        connection.close()


def run(program, *arguments, **environment):
    return subprocess.run([BIN / program, *arguments], capture_output=True, text=True, timeout=60, check=False,
                          env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", **environment})


class Tokens(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(BIN, StackSettings(servers=1, workers=1, env=(
            ("NOETL_TOKEN", CALLERS), ("NOETL_WORKER_TOKEN", WORKERS), ("NOETL_ENCRYPTION_KEY", KEY))), 1).__enter__()
        cls.port = cls.stack.servers[0].port

    @classmethod
    def tearDownClass(cls):
        cls.stack.__exit__()

    def test_every_route_asks_for_the_token_that_the_document_names(self):
        status, text, _ = request(self.port, "GET", "/openapi.json", CALLERS)
        self.assertEqual(200, status)
        open_routes = []
        for path, operations in json.loads(text)["paths"].items():
            for method, operation in operations.items():
                target = path
                while "{" in target:
                    target = target[:target.index("{")] + "7" + target[target.index("}") + 1:]
                with self.subTest(operation["operationId"]):
                    body = {} if "requestBody" in operation else None
                    schemes = {name for one in operation["security"] for name in one}
                    bare, _, headers = request(self.port, method.upper(), target, None, body)
                    if not schemes:
                        open_routes.append(path)
                        self.assertNotEqual(401, bare)
                        continue
                    self.assertEqual(401, bare)
                    self.assertEqual("Bearer", headers.get("WWW-Authenticate"))
                    self.assertEqual(401, request(self.port, method.upper(), target, "x" * len(CALLERS), body)[0])
                    if "workerToken" not in schemes:  # before anything is looked at, so that nothing is changed here
                        self.assertEqual(401, request(self.port, method.upper(), target, WORKERS, body)[0])
        self.assertEqual({"/livez", "/readyz"}, set(open_routes))
        self.assertEqual(401, request(self.port, "GET", "/no/such/route")[0])

    def test_secrets_are_read_with_the_workers_token_and_written_with_the_callers(self):
        secret = {"name": "victim", "type": "postgres", "data": {"db_password": "S3cretPassw0rd!"}}
        self.assertEqual(401, request(self.port, "POST", "/api/credentials", WORKERS, secret)[0])
        self.assertEqual(200, request(self.port, "POST", "/api/credentials", CALLERS, secret)[0])
        path = "/api/credentials/victim?include_data=true"
        self.assertEqual(401, request(self.port, "GET", path, CALLERS)[0])
        status, text, _ = request(self.port, "GET", path, WORKERS)
        self.assertEqual((200, True), (status, "S3cretPassw0rd!" in text))
        self.assertEqual(200, request(self.port, "POST", "/api/v2/credentials/rotate", CALLERS, {})[0])

    def test_workers_and_the_command_line_pass_their_tokens(self):
        url = f"http://127.0.0.1:{self.port}"
        refused = run("noetlctl", "--server-url", url, "worker", "list")
        self.assertEqual(5, refused.returncode, refused.stderr)
        self.assertIn("NOETL_TOKEN", refused.stderr)
        with tempfile.NamedTemporaryFile("w", suffix=".token") as file:
            file.write(CALLERS + "\n")
            file.flush()
            shown = run("noetlctl", "--server-url", url, "--token-file", file.name, "-o", "json", "worker", "list")
        self.assertEqual(0, shown.returncode, shown.stderr)
        self.assertEqual("ready", json.loads(shown.stdout)["workers"][0]["status"])
        enqueued = run("noetlctl", "--server-url", url, "enqueue", "--kind", "noop", NOETL_TOKEN=CALLERS)
        if enqueued.returncode == 2:  # its options may be others; the route is what counts
            self.assertEqual(201, request(self.port, "POST", "/api/v2/commands", CALLERS, {"tool": {"kind": "noop"}})[0])


class Exposure(unittest.TestCase):
    def test_a_server_beyond_loopback_without_a_token_refuses_to_start_and_says_what_helps(self):
        for host in ("0.0.0.0", "::", "", "192.0.2.7"):
            if not host:
                continue
            with self.subTest(host):
                refused = run("noetl-server", NOETL_HOST=host, NOETL_PORT="0", NOETL_DATABASE_URL="postgresql://127.0.0.1:1/x")
                self.assertEqual(78, refused.returncode, refused.stderr)
                self.assertIn("openssl rand -hex 32 > noetl.token", refused.stderr)
                self.assertIn("NOETL_TOKEN_FILE=", refused.stderr)
                self.assertIn("--insecure", refused.stderr)
        self.assertEqual(78, run("noetlctl", "server", "start", "--host", "0.0.0.0", "--port", "0").returncode)

    def test_with_a_token_told_to_or_on_loopback_it_goes_on(self):
        nowhere = {"NOETL_PORT": "0", "NOETL_DATABASE_URL": "postgresql://127.0.0.1:1/x"}
        for more in ({"NOETL_HOST": "0.0.0.0", "NOETL_TOKEN": CALLERS}, {"NOETL_HOST": "0.0.0.0", "NOETL_INSECURE": "on"},
                     {"NOETL_HOST": "127.0.0.1"}, {"NOETL_HOST": "::1"}, {}):
            with self.subTest(str(more)):
                self.assertEqual(6, run("noetl-server", **nowhere, **more).returncode)  # Postgres is not there

    def test_a_file_of_settings_cannot_make_it_insecure(self):
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
            file.write("host = 0.0.0.0\ninsecure = on\n")
            file.flush()
            refused = run("noetl-server", NOETL_CONFIG=file.name)
        self.assertEqual(2, refused.returncode)
        self.assertIn("insecure", refused.stderr)

    def test_no_secret_is_taken_as_a_flag(self):
        for arguments in (["noetl-worker", "--worker-token", "hunter2"], ["noetl-worker", "--token=hunter2"],
                          ["noetl-worker", "--nats-url", "nats://u:hunter2@n:4222"],
                          ["noetl-worker", "--tool-postgres-url", "postgresql://u:hunter2@h/d"],
                          ["noetlctl", "server", "start", "--worker-token", "hunter2"],
                          ["noetlctl", "--token", "hunter2", "worker", "list"],
                          ["noetlctl", "server", "start", "--encryption-key", "hunter2"],
                          ["noetlctl", "server", "start", "--database-url", "postgresql://u:hunter2@h/d"],
                          ["noetlctl", "migrate", "status", "--postgres-password", "hunter2"]):
            with self.subTest(" ".join(arguments)):
                refused = run(*arguments)
                self.assertEqual(2, refused.returncode, refused.stdout + refused.stderr)
                self.assertIn("-file", refused.stderr)
                self.assertNotIn("hunter2", refused.stdout + refused.stderr)

    def test_user_and_password_in_the_address_of_the_server_are_refused_and_not_shown(self):
        refused = run("noetl-server", SERVER_API_URL="http://admin:URLPASSW0RD@host:8082")
        self.assertEqual(2, refused.returncode)
        self.assertIn("server-url", refused.stderr)
        self.assertNotIn("URLPASSW0RD", refused.stderr)


class Insecure(unittest.TestCase):
    def test_an_insecure_server_says_so_and_keeps_secrets_for_workers(self):
        settings = StackSettings(servers=1, workers=0, env=(
            ("NOETL_INSECURE", "on"), ("NOETL_WORKER_TOKEN", WORKERS), ("NOETL_ENCRYPTION_KEY", KEY)))
        with Stack(BIN, settings, 1) as stack:
            port = stack.servers[0].port
            self.assertEqual(1, stack.servers[0].metric("noetl_insecure"))
            self.assertEqual(201, request(port, "POST", "/api/v2/commands", None, {"tool": {"kind": "noop"}})[0])
            self.assertEqual(200, request(port, "POST", "/api/credentials", None, {"name": "v", "data": {"x": "y"}})[0])
            self.assertEqual(401, request(port, "GET", "/api/credentials/v?include_data=true")[0])
            self.assertEqual(200, request(port, "GET", "/api/credentials/v?include_data=true", WORKERS)[0])


if __name__ == "__main__":
    unittest.main(verbosity=1)
