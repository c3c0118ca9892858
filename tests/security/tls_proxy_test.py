"""deploy/nginx/noetl.conf before a server with a token: people log in by name and password, programs by their token, both over TLS. Needs
nginx (NOETL_TEST_NGINX, in PATH, or as `./dev test` fetches it), and is skipped without it."""
import base64
import json
import os
import pathlib
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/support"))
import machine  # noqa: E402

BIN = pathlib.Path(os.environ.get("NOETL_BIN_DIR") or sys.exit("set NOETL_BIN_DIR to the folder of the programs"))
FETCHED = ROOT / ".noetl/nginx/usr/sbin/nginx"  # by ./dev test
NGINX = os.environ.get("NOETL_TEST_NGINX") or shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin") or (FETCHED if FETCHED.exists() else None)
TOKEN, PASSWORD = "b" * 64, "a-word-of-ann"
HTTP = """daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log;
worker_processes 1;
{user}
events {{ }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  include {folder}/noetl.conf;
}}
"""


@unittest.skipUnless(NGINX, "nginx (Debian's package of that name) is not here")
class TlsProxyTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="noetl-nginx-", ignore_cleanup_errors=True)
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.folder.chmod(0o755)
        cls.start_postgres()
        cls.api, cls.tls = machine.free_port(), machine.free_port()
        cls.start_server()
        cls.start_nginx()

    @classmethod
    def start(cls, name, command, **more):
        with open(cls.folder / f"{name}.log", "wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, preexec_fn=machine.die_with_parent(signal.SIGKILL), **more)
        cls.addClassCleanup(process.wait)
        cls.addClassCleanup(process.kill)
        return process

    @classmethod
    def start_postgres(cls):
        data, cls.postgres = cls.folder / "cluster", machine.free_port()
        machine.init_cluster(data)
        user, _entry = machine.ordinary_user()
        cls.start("postgres", machine.postgres_command(data, cls.postgres), cwd=data, **user)
        machine.wait_until("Postgres", lambda: machine.is_postgres_ready(cls.postgres), 60)
        subprocess.run([machine.find_program("psql"), "-q", "-h", "127.0.0.1", "-p", str(cls.postgres), "-U", "postgres", "-c", "create role noetl_server login",
                        "-c", "create database noetl owner noetl_server"], check=True)

    @classmethod
    def start_server(cls):
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("NOETL_", "NATS_"))}
        cls.start("server", [BIN / "noetl-server"], env={**environment, "NATS_URL": "none", "NOETL_PORT": str(cls.api), "NOETL_TOKEN": TOKEN,
                                                        "NOETL_DATABASE_URL": f"postgresql://noetl_server@127.0.0.1:{cls.postgres}/noetl"})

        def is_ready():
            try:
                return urllib.request.urlopen(f"http://127.0.0.1:{cls.api}/readyz", timeout=5).status == 200
            except OSError:
                return False
        machine.wait_until("the server", is_ready, 60)

    @classmethod
    def start_nginx(cls):
        certificate = cls.folder / "noetl.crt"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=DNS:localhost", "-keyout", cls.folder / "noetl.key", "-out", certificate], check=True, capture_output=True)
        sealed = subprocess.run(["openssl", "passwd", "-apr1", PASSWORD], check=True, capture_output=True, text=True).stdout.strip()
        (cls.folder / "noetl-users").write_text(f"ann:{sealed}\n")
        (cls.folder / "noetl-token.conf").write_text(f'default "Bearer {TOKEN}";\n')
        text = (ROOT / "deploy/nginx/noetl.conf").read_text().replace("/etc/nginx/", f"{cls.folder}/")
        text = text.replace("127.0.0.1:8082", f"127.0.0.1:{cls.api}").replace("listen 443 ssl", f"listen 127.0.0.1:{cls.tls} ssl")
        (cls.folder / "noetl.conf").write_text(text)
        (cls.folder / "nginx.conf").write_text(HTTP.format(folder=cls.folder, user="user root;" if os.geteuid() == 0 else ""))
        cls.start("nginx", [NGINX, "-c", cls.folder / "nginx.conf", "-p", cls.folder])
        cls.context = ssl.create_default_context(cafile=certificate)
        machine.wait_until("nginx", lambda: cls.asked("/livez", f"Bearer {TOKEN}")[0] == 200, 30)

    @classmethod
    def asked(cls, path, authorization=None, body=None):
        headers = {"Content-Type": "application/json", **({"Authorization": authorization} if authorization else {})}
        request = urllib.request.Request(f"https://localhost:{cls.tls}{path}", body and json.dumps(body).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=20, context=cls.context) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    @staticmethod
    def basic(name, password):
        return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()

    def test_people_log_in_by_name_and_password(self):
        self.assertEqual(self.asked("/api/v2/queue", self.basic("ann", PASSWORD))[0], 200)
        self.assertEqual(self.asked("/api/v2/commands", self.basic("ann", PASSWORD), {"tool": {"kind": "noop"}})[0], 201)
        for wrong in (None, self.basic("ann", "guess"), self.basic("bob", PASSWORD)):
            self.assertEqual(self.asked("/api/v2/queue", wrong)[0], 401)

    def test_programs_come_with_their_token_and_nobody_with_a_guessed_one(self):
        self.assertEqual(self.asked("/api/v2/queue", f"Bearer {TOKEN}")[0], 200)
        status, said = self.asked("/api/v2/queue", "Bearer guess")
        self.assertEqual((status, "unauthenticated" in said), (401, True), said)

    def test_a_worker_works_through_the_proxy(self):
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("NOETL_", "NATS_"))}
        folder = self.folder / "ca"
        folder.mkdir()
        shutil.copy(self.folder / "noetl.crt", folder / "ca.crt")
        subprocess.run(["openssl", "rehash", folder], check=True)
        self.start("worker", [BIN / "noetl-worker"], env={**environment, "NATS_URL": "none", "SERVER_API_URL": f"https://localhost:{self.tls}",
                                                         "NOETL_WORKER_TOKEN": TOKEN, "SSL_CERT_DIR": str(folder)})
        _status, said = self.asked("/api/v2/commands", f"Bearer {TOKEN}", {"tool": {"kind": "noop"}})
        path = f"/api/v2/commands/{json.loads(said)['queue_id']}"

        machine.wait_until("the command", lambda: json.loads(self.asked(path, f"Bearer {TOKEN}")[1]).get("status") == "done", 60)


if __name__ == "__main__":
    unittest.main()
