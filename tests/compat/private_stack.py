"""Everything that playbooks need, on free ports in a folder of its own: Postgres, nats-server, noetl-server and workers
(as `noetlctl dev` starts them), a database for the playbooks, the stub of the servers that they call, credentials."""
import base64
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import psycopg2

from http_json import Client

HERE = pathlib.Path(__file__).resolve().parent
SUPPORT = HERE.parent / "support"
sys.path.insert(0, str(SUPPORT))

import nats_text  # noqa: E402
from machine import die_with_parent, free_port  # noqa: E402

STUB = SUPPORT / "stub_server.py"
DOCTOR_FOUND_BROKEN = 8
START_PATIENCE_SECONDS = 120
STOP_PATIENCE_SECONDS = 60
DATABASE, USER, PASSWORD = "demo_noetl", "demo", "demo"
KV_BUCKET = "sessions"


class PrivateStack:
    """Used as a context; main thread. `sql` and `client` may be used by any."""

    def __init__(self, programs, folder, workers=2, slots=8):
        self.programs, self.folder, self.workers, self.slots = pathlib.Path(programs).resolve(), folder, workers, slots
        self.data, self.files = folder / "data", folder / "files"
        self.process = self.stub = None

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_error):
        self.stop()

    def start(self):
        self.files.mkdir(parents=True, exist_ok=True)
        # Workers are told of their steps' database before there is a Postgres, so its port is chosen here.
        self.data.mkdir(parents=True, exist_ok=True)
        self.postgres_port = free_port()
        (self.data / "dev.json").write_text(json.dumps({"postgres_port": self.postgres_port}))
        self.stub = subprocess.Popen([sys.executable, STUB, "--files", HERE / "files", "--until-stdin-ends"],
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
        self.stub_url = f"http://127.0.0.1:{int(self.stub.stdout.readline())}"
        with (self.folder / "stack.log").open("w") as log:
            self.process = subprocess.Popen(
                [self.programs / "noetlctl", "dev", "--data", self.data, "--port", str(free_port()), "--workers",
                 str(self.workers)],
                cwd=self.files, env=self.environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, preexec_fn=die_with_parent(signal.SIGTERM))  # noetlctl stops what it started
        self.state = self.await_ready()
        self.server_url = self.state["server_url"].replace("localhost", "127.0.0.1")
        self.client = Client(self.server_url)
        self.make_database()
        self.make_bucket()
        self.refused_credentials = self.register_credentials()

    def environment(self):
        paths = [str(HERE / "shim"), os.environ.get("PYTHONPATH", "")]
        return {**os.environ, "NOETL_PYTHON": sys.executable, "NOETL_WORKER_SLOTS": str(self.slots),
                "NOETL_SCRIPTS_ROOT": str(self.files),
                "NOETL_FILES_ROOT": tempfile.gettempdir(),  # NoETL's playbooks name files in /tmp
                "PYTHONPATH": os.pathsep.join(path for path in paths if path), "TEST_SECRET": "not so secret",
                "NOETL_TOOL_POSTGRES_URL": f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.postgres_port}/{DATABASE}",
                "NOETL_TOOL_ENVIRONMENT": "PYTHONPATH,SERVER_API_URL",  # for the shim of NoETL's own module
                "NOETL_ENCRYPTION_KEY": base64.b64encode(secrets.token_bytes(32)).decode()}

    def await_ready(self):
        give_up = time.monotonic() + START_PATIENCE_SECONDS
        while time.monotonic() < give_up:
            state = self.read_state()
            if state.get("is_ready") and state.get("pid") == self.process.pid:
                return state
            if self.process.poll() is not None:
                break
            time.sleep(0.05)  # a process that starts gives no other sign than its file
        raise RuntimeError("the stack did not start:\n" + (self.folder / "stack.log").read_text())

    def read_state(self):
        try:
            return json.loads((self.data / "dev.json").read_text())
        except (OSError, ValueError):
            return {}

    def make_database(self):
        self.run_sql("noetl", f"create role {USER} login superuser password '{PASSWORD}'")
        self.run_sql("noetl", f"create database {DATABASE} owner {USER}")

    def run_sql(self, database, statement):
        """One statement outside a transaction; its rows, if it has any."""
        url = re.sub("user='[^']*'", "user='postgres'", self.state["database_url"])
        connection = psycopg2.connect(url.replace("dbname='noetl'", f"dbname='{database}'"))
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return [list(row) for row in cursor.fetchall()] if cursor.description else []
        finally:
            connection.close()

    def nats_password(self, user):
        """Made by noetlctl dev."""
        text = pathlib.Path(self.state["nats_passwords_file"]).read_text()
        return re.search(rf'^{user.upper()}_PASSWORD: "(\w+)"', text, re.M).group(1)

    def doctor(self):
        """What `noetlctl doctor --deep` says of the whole database: its report, and whether anything is broken."""
        # No secret is a flag.
        answer = subprocess.run([self.programs / "noetlctl", "doctor", "--deep", "--json"], capture_output=True, text=True, timeout=300, check=False,
                                env={**os.environ, "NOETL_DATABASE_URL": self.state["database_url"], "NATS_URL": self.state["nats_url"],
                                     "NOETL_NATS_USER": "server", "NOETL_NATS_PASSWORD": self.nats_password("server")})
        if answer.returncode not in (0, DOCTOR_FOUND_BROKEN):
            raise RuntimeError(f"noetlctl doctor ended with {answer.returncode}: {answer.stderr}")
        return json.loads(answer.stdout), answer.returncode == DOCTOR_FOUND_BROKEN

    def sql(self, statement):
        return self.run_sql(DATABASE, statement)

    def postgres(self, database=DATABASE):
        return {"db_host": "127.0.0.1", "db_port": self.state["postgres_port"], "db_user": USER,
                "db_password": PASSWORD, "db_name": database}

    def make_bucket(self):
        """A JetStream key-value bucket is a stream whose name begins with KV_."""
        stream = {"name": f"KV_{KV_BUCKET}", "subjects": [f"$KV.{KV_BUCKET}.>"], "storage": "memory", "max_msgs_per_subject": 1,
                  "discard": "new", "allow_rollup_hdrs": True, "deny_delete": True, "allow_direct": True}
        answer = nats_text.request(self.state["nats_port"], f"$JS.API.STREAM.CREATE.KV_{KV_BUCKET}", stream, login=("playbook", self.nats_password("playbook")))
        if "error" in answer:
            raise RuntimeError(f"making the bucket {KV_BUCKET}: {answer['error']}")

    def register_credentials(self):
        """Why the server did not take them, if it did not."""
        wanted = [{"name": name, "type": "postgres", "data": self.postgres()}
                  for name in ("pg_local", "pg_k8s", "test_postgres", "pg_demo")]
        wanted += [{"name": name, "type": "postgres", "data": self.postgres("noetl")}
                   for name in ("pg_noetl_k8s", "pg_noetl")]
        wanted += [{"name": "nats_credential", "type": "nats",
                    "data": {"nats_url": self.state["nats_url"], "nats_user": "playbook", "nats_password": self.nats_password("playbook"),
                             "url": self.state["nats_url"]}}]
        for credential in wanted:
            try:
                self.client.post("/api/credentials", credential)
            except Exception as error:  # the playbooks that need none go on
                return str(error)
        return None

    def stop(self):
        for process, ask in ((self.process, lambda one: one.send_signal(signal.SIGTERM)),
                             (self.stub, lambda one: one.stdin.close())):
            if process is None or process.poll() is not None:
                continue
            ask(process)
            try:
                process.wait(STOP_PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if self.stub is not None:
            self.stub.stdout.close()
        self.process = self.stub = None

    def keep_logs(self, target):
        shutil.copytree(self.data / "logs", target, dirs_exist_ok=True)
