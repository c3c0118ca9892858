#!/usr/bin/python3
"""Backup and restore as docs/operations/upgrade.md prints them, from beginning to end: the commands are read from the page and run as roles that
production has, none a superuser unless the page says so. The cluster is lost and made anew; the queue goes on where the dump was made."""
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/support"))
import machine  # noqa: E402

BIN = pathlib.Path(os.environ.get("NOETL_BIN_DIR") or sys.exit("set NOETL_BIN_DIR to the folder of the programs"))
POSTGRES_BIN = pathlib.Path(machine.find_program("psql")).parent
PATIENCE = 90
SLOW = """apiVersion: noetl.io/v2
kind: Playbook
metadata: {name: slow, path: tests/slow}
workflow:
  - step: start
    tool: {kind: python, code: "import time\\ntime.sleep(2)\\nresult = 7"}
    next: [{step: end}]
  - step: end
    tool: {kind: noop}
"""


def blocks(heading):
    """The shell commands of a section of docs/operations/upgrade.md, in their order."""
    page = (ROOT / "docs/operations/upgrade.md").read_text(encoding="utf-8")
    section = page[page.index(f"\n## {heading}\n"):]
    section = section[:section.index("\n## ", 4)]
    return [re.sub(r"^ {3}", "", block, flags=re.M) if indent else block
            for indent, block in re.findall(r"^( *)```sh\n(.*?)^ *```", section, re.M | re.S)]


class Postgres:
    """A cluster; `admin` may create databases and is a member of the server's role, no superuser."""

    def __init__(self, folder, name):
        self.data, self.port, self.log = folder / name, machine.free_port(), folder / f"{name}.log"
        machine.init_cluster(self.data)
        user, _entry = machine.ordinary_user()
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(machine.postgres_command(self.data, self.port), stdout=log, stderr=log, cwd=self.data,
                                            preexec_fn=machine.die_with_parent(signal.SIGQUIT), **user)
        machine.wait_until("Postgres", lambda: machine.is_postgres_ready(self.port), PATIENCE)

    def url(self, role, database):
        return f"postgresql://{role}@127.0.0.1:{self.port}/{database}"

    def sql(self, role, database, *statements):
        run = subprocess.run([POSTGRES_BIN / "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", self.url(role, database),
                              *[part for one in statements for part in ("-c", one)]], capture_output=True, text=True, timeout=60)
        if run.returncode != 0:
            raise AssertionError(f"{statements}: {run.stderr}")
        return run.stdout.strip()

    def stop(self):
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait()


class Installation(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="noetl-restore-", ignore_cleanup_errors=True)
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.folder.chmod(0o755)
        self.port = machine.free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.programs = []
        self.addCleanup(self.stop_programs)
        self.postgres = self.new_cluster("cluster")
        self.make_roles(self.postgres)
        self.postgres.sql("postgres", "postgres", "create database noetl owner noetl_server", "revoke all on database noetl from public")

    def new_cluster(self, name):
        postgres = Postgres(self.folder, name)
        self.addCleanup(postgres.stop)
        return postgres

    @staticmethod
    def make_roles(postgres):
        postgres.sql("postgres", "postgres", "create role noetl_server login", "create role admin login createdb in role noetl_server", "create role shop login")

    def start(self, program, **variables):
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("NOETL_", "NATS_"))}
        environment.update({"SERVER_API_URL": self.base, "NATS_URL": "none", **variables})
        with open(self.folder / f"{program}.log", "ab") as log:
            self.programs.append(subprocess.Popen([BIN / program], env=environment, stdout=log, stderr=log, preexec_fn=machine.die_with_parent(9)))

    def start_servers(self):
        self.start("noetl-server", NOETL_DATABASE_URL=self.postgres.url("noetl_server", "noetl"), NOETL_PORT=str(self.port), NOETL_HOST="127.0.0.1")

        def is_ready():
            self.assertIsNone(self.programs[-1].poll(), (self.folder / "noetl-server.log").read_text())
            return self.call("GET", "/readyz")
        machine.wait_until("the server", is_ready, PATIENCE)

    def stop_programs(self):
        for program in self.programs:
            program.kill()
            program.wait()
        self.programs.clear()

    def call(self, method, path, body=None, kind="application/json"):
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        try:
            with urllib.request.urlopen(urllib.request.Request(self.base + path, data, {"Content-Type": kind}, method=method), timeout=10) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.code} {error.read().decode()}") from None
        except OSError:
            return None

    def enqueue(self, **command):
        return self.call("POST", "/api/v2/commands", command)["queue_id"]

    def run_page(self, script, **variables):
        """As printed, but for the port."""
        script = "set -euo pipefail\n" + script.replace("localhost:8082", f"127.0.0.1:{self.port}")
        run = subprocess.run(["bash", "-c", script], cwd=self.folder, capture_output=True, text=True, timeout=120,
                             env={"PATH": f"{BIN}:{POSTGRES_BIN}:/usr/bin:/bin", "NATS_URL": "none", **variables})
        self.assertEqual(run.returncode, 0, f"{script}\n{run.stdout}{run.stderr}")
        return run.stdout

    def urls(self, admin="admin"):
        return {"PGHOST": "127.0.0.1", "PGPORT": str(self.postgres.port), "PGUSER": admin, "NOETL_DATABASE_URL": self.postgres.url("noetl_server", "noetl"),
                "COPY_URL": self.postgres.url("noetl_server", "noetl_copy")}

    def fill(self):
        """Work of every kind: done, waiting for a time, running, an execution on its way, a dead letter, a grant, a paused pool."""
        self.call("POST", "/api/catalog/register", SLOW.encode(), "application/yaml")
        done = [self.enqueue(tool={"kind": "noop"}) for _one in range(20)]
        dead = self.enqueue(tool={"kind": "shell", "command": "exit 3"}, max_attempts=1)
        machine.wait_until("what is done", lambda: all(self.call("GET", f"/api/v2/commands/{one}")["finished_at"] for one in [*done, dead]), PATIENCE)
        self.postgres.sql("noetl_server", "noetl", "select noetl.allow_enqueue('shop', '{default}', '{noop}')")
        self.call("PUT", "/api/v2/pools/night", {"max_attempts": 7})
        waiting = [self.enqueue(tool={"kind": "noop"}, delay=8) for _one in range(30)]
        running = self.enqueue(tool={"kind": "shell", "command": "sleep 2; echo ran"})
        execution = self.call("POST", "/api/v2/execute", {"path": "tests/slow"})["execution_id"]
        machine.wait_until("it to run", lambda: self.call("GET", f"/api/v2/commands/{running}")["status"] == "running", PATIENCE)
        return {"done": done, "dead": dead, "waiting": waiting, "running": running, "execution": execution}

    def check_filled(self, work):
        """Nothing is lost, and what was not done when the dump was made is done now."""
        for one in work["done"]:
            self.assertEqual(self.call("GET", f"/api/v2/commands/{one}")["status"], "done")
        self.assertEqual(self.call("GET", f"/api/v2/commands/{work['dead']}")["status"], "dead")
        for one in [*work["waiting"], work["running"]]:
            machine.wait_until(f"command {one}", lambda each=one: self.call("GET", f"/api/v2/commands/{each}")["status"] == "done", PATIENCE)
        machine.wait_until("the execution", lambda: self.call("GET", f"/api/v2/executions/{work['execution']}")["status"] == "COMPLETED", PATIENCE)
        self.assertEqual(self.call("GET", "/api/v2/pools/night")["max_attempts"], 7)
        self.postgres.sql("shop", "noetl", "select noetl.enqueue('{\"kind\": \"noop\"}')")

    def check_owners(self):
        """A restore by the wrong role is what a server could not work with."""
        self.assertEqual(self.postgres.sql("postgres", "noetl", "select distinct pg_get_userbyid(relowner) from pg_class where relnamespace = "
                                           "'noetl'::regnamespace union select pg_get_userbyid(nspowner) from pg_namespace where nspname = 'noetl'"), "noetl_server")


class RestoreTest(Installation):
    def test_the_page_has_the_commands_that_are_run_here(self):
        self.assertEqual((len(blocks("Backup")), len(blocks("Restore"))), (2, 2))

    def test_a_lost_cluster_comes_back_as_the_roles_of_production(self):
        backup, check = blocks("Backup")
        restore, look = blocks("Restore")
        self.start_servers()
        self.start("noetl-worker", NOETL_TOOLS="all")
        self.postgres.sql("noetl_server", "noetl", "grant connect on database noetl to shop")
        work = self.fill()

        self.run_page(backup, **self.urls())
        said = self.run_page(check, **self.urls())
        self.assertIn("somebody does upkeep", said)
        self.enqueue(tool={"kind": "noop"})  # after the dump: gone with the cluster

        self.stop_programs()
        self.postgres.stop()
        self.postgres = self.new_cluster("another")
        roles = subprocess.run([POSTGRES_BIN / "psql", self.postgres.url("postgres", "postgres"), "-f", self.folder / "roles.sql"], capture_output=True, text=True)
        self.assertEqual([line for line in roles.stderr.splitlines() if "ERROR" in line and "already exists" not in line], [])
        self.assertEqual(self.postgres.sql("postgres", "postgres", "select rolcreatedb, rolsuper, pg_has_role('admin', 'noetl_server', 'member') from pg_roles "
                                           "where rolname = 'admin'"), "t|f|t")
        self.run_page("\n".join(restore.splitlines()[1:]), **self.urls())  # there is nothing to rename
        self.postgres.sql("noetl_server", "noetl", "grant connect on database noetl to shop")
        self.check_owners()
        self.start_servers()
        self.run_page(look, **self.urls())
        self.start("noetl-worker", NOETL_TOOLS="all")

        self.check_filled(work)
        self.assertEqual(json.loads(self.run_page("noetlctl -o json doctor --deep", **self.urls()))["status"], "ok")

    def test_a_database_is_put_back_beside_the_one_that_was(self):
        self.start_servers()
        done = self.enqueue(tool={"kind": "noop"})
        self.run_page(blocks("Backup")[0], **self.urls())
        self.stop_programs()
        lost = time.monotonic()

        self.run_page(blocks("Restore")[0], **self.urls())
        self.start_servers()

        self.assertLess(time.monotonic() - lost, PATIENCE)
        self.assertEqual(self.call("GET", f"/api/v2/commands/{done}")["status"], "queued")
        self.assertEqual(self.postgres.sql("postgres", "postgres", "select count(*) from pg_database where datname in ('noetl', 'noetl_before')"), "2")

    def test_tables_of_other_roles_are_dumped_by_a_superuser_and_keep_their_owners(self):
        self.start_servers()
        self.postgres.sql("postgres", "noetl", "grant connect on database noetl to shop", "create schema shop authorization shop",
                          "select noetl.allow_enqueue('shop', '{default}', '{noop}')")
        self.postgres.sql("shop", "noetl", "create table orders (id int)", "insert into orders values (17)")
        refused = subprocess.run(["bash", "-c", blocks("Backup")[0].splitlines()[0]], cwd=self.folder, capture_output=True, text=True,
                                 env={"PATH": f"{POSTGRES_BIN}:/usr/bin:/bin", **self.urls()})
        self.assertIn("permission denied", refused.stderr)
        self.run_page(blocks("Backup")[0], NOETL_DATABASE_URL=self.postgres.url("postgres", "noetl"))
        self.stop_programs()

        self.run_page(blocks("Restore")[0].replace(" --no-owner --role=noetl_server", ""), **self.urls("postgres"))
        self.postgres.sql("postgres", "noetl", "grant connect on database noetl to shop")
        self.check_owners()
        self.start_servers()

        self.assertEqual(self.postgres.sql("shop", "noetl", "select id from orders"), "17")
        self.postgres.sql("shop", "noetl", "select noetl.enqueue('{\"kind\": \"noop\"}')")

    def test_the_timer_s_command_leaves_a_whole_dump_and_the_roles(self):
        self.start_servers()
        page = (ROOT / "docs/operations/upgrade.md").read_text(encoding="utf-8")
        command = re.search(r"^ExecStart=/bin/sh -ec '(.*)'$", page, re.M).group(1).replace("$$", "$").replace("%%", "%")
        folder = self.folder / "backups"
        folder.mkdir()
        (folder / "noetl-old.dump").touch()
        os.utime(folder / "noetl-old.dump", (0, 0))

        self.run_page(command.replace("/var/backups/noetl", str(folder)), **self.urls("postgres"))

        (dump,) = folder.glob("noetl-*.dump")
        self.assertEqual(dump.name, time.strftime("noetl-%Y-%m-%d.dump"))
        self.assertIn("create role shop", (folder / "roles.sql").read_text().lower())

    def test_a_cut_dump_is_no_good_dump(self):
        self.start_servers()
        for _one in range(50):
            self.enqueue(tool={"kind": "noop", "note": "x" * 2000})
        self.run_page(blocks("Backup")[0], **self.urls())
        whole = (self.folder / "noetl.dump").read_bytes()
        (self.folder / "noetl.dump").write_bytes(whole[:len(whole) * 2 // 3])

        check = next(line for line in blocks("Backup")[0].splitlines() if line.startswith("pg_restore"))
        run = subprocess.run(["bash", "-c", check], cwd=self.folder, capture_output=True, text=True, env={"PATH": f"{POSTGRES_BIN}:/usr/bin:/bin"})

        self.assertNotEqual(run.returncode, 0)


if __name__ == "__main__":
    unittest.main()
