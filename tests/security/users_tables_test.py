"""Users' data apart from the product's: in the stack of `noetlctl dev`, in compose's roles, and in an installation whose role is named like
the schema noetl. A step that names no schema works in tables of its own, whatever they are called; ours are out of its reach."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/support"))
import machine  # noqa: E402

BIN = pathlib.Path(os.environ.get("NOETL_BIN_DIR") or sys.exit("set NOETL_BIN_DIR to the folder of the programs"))
PSQL = machine.find_program("psql")
PATIENCE = 90
# Names of ours, as users have them, too.
STATEMENTS = ["create table if not exists event (id int, what text)", "insert into event (id, what) values (1, 'a')",
              "drop table if exists result cascade", "create table worker (name text)", "drop table if exists queue, execution, catalog cascade",
              "create table orders (id int)", "insert into orders values (17)",
              "select current_user::text as role, current_schema()::text as schema, to_regclass('noetl.queue') is null as sees_no_queue"]


def sql(url, *statements, check=True):
    """(exit code, what it printed) of psql; each statement is a transaction of its own."""
    commands = [part for statement in statements for part in ("-c", statement)]
    run = subprocess.run([PSQL, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", url, *commands], capture_output=True, text=True, timeout=60)
    if check and run.returncode != 0:
        raise AssertionError(f"{statements}: {run.stderr}")
    return run.returncode, (run.stdout + run.stderr).strip()


def noetlctl(url, *arguments):
    run = subprocess.run([BIN / "noetlctl", "-o", "json", *arguments], capture_output=True, text=True, timeout=60,
                         env={"PATH": "/usr/bin:/bin", "NOETL_DATABASE_URL": url, "NATS_URL": "none"})
    return run.returncode, json.loads(run.stdout) if run.stdout.startswith("{") else run.stdout, run.stderr


def check_of(url, name):
    _code, answer, _said = noetlctl(url, "doctor")
    return next(check for check in answer["checks"] if check["check"] == name)


def call(base, method, path, body=None):
    request = urllib.request.Request(base + path, None if body is None else json.dumps(body).encode(), {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


class Cluster:
    """A Postgres of its own; its superuser needs no password."""

    def __init__(self, test, *settings):
        folder = tempfile.TemporaryDirectory(prefix="noetl-users-tables-", ignore_cleanup_errors=True)
        test.addClassCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.folder.chmod(0o755)
        data, self.port = self.folder / "cluster", machine.free_port()
        machine.init_cluster(data)
        user, _entry = machine.ordinary_user()
        with open(self.folder / "postgres.log", "wb") as log:
            process = subprocess.Popen(machine.postgres_command(data, self.port, *settings), stdout=log, stderr=log, cwd=data,
                                       preexec_fn=machine.die_with_parent(signal.SIGQUIT), **user)
        test.addClassCleanup(process.wait)
        test.addClassCleanup(process.send_signal, signal.SIGQUIT)
        machine.wait_until("Postgres", lambda: machine.is_postgres_ready(self.port), PATIENCE)

    def url(self, role, database):
        return f"postgresql://{role}@127.0.0.1:{self.port}/{database}"


class StepsOfAStack:
    """What holds in each stack: `base` is the API, `admin` a superuser in the server's database, `server` its role, `steps` the steps' URL."""

    def test_a_step_that_names_no_schema_works_in_tables_of_its_own(self):
        for statements in (STATEMENTS, STATEMENTS[:3] + STATEMENTS[-1:]):  # the second time its tables are there
            queue_id = call(self.base, "POST", "/api/v2/commands", {"tool": {"kind": "postgres", "commands": statements}})["queue_id"]
            ended = machine.wait_until("the step", lambda one=queue_id: (lambda command: command if command["finished_at"] else None)(
                call(self.base, "GET", f"/api/v2/commands/{one}")), PATIENCE)
            self.assertEqual(ended["status"], "done", ended)
            self.assertIn('"playbook"', json.dumps(ended["result"]))

        self.assertEqual(self.tables_of_steps(), ["event", "orders", "worker"])
        # Ours are what they were, and nothing of users is among them.
        self.assertEqual(check_of(self.server, "users' tables")["status"], "ok")
        _code, kept = sql(self.admin, "select count(*) from pg_class where relnamespace = 'noetl'::regnamespace and relname in "
                          "('event', 'result', 'worker', 'queue', 'execution', 'catalog') and relkind = 'r'")
        self.assertEqual(kept, "6")

    def tables_of_steps(self):
        _code, found = sql(self.steps_seen, "select tablename from pg_tables where schemaname = 'public' order by 1")
        return found.split()

    def test_the_role_of_steps_has_no_way_into_the_server_s_database(self):
        code, said = sql(self.steps.removesuffix("/playbook") + "/noetl", "select 1", check=False)

        self.assertEqual((code, "permission denied for database" in said), (2, True), said)

    def test_tables_that_the_server_s_role_makes_land_outside_of_its_schema(self):
        sql(self.server, "create table if not exists event (id int, what text)", "insert into event (id, what) values (1, 'a')",
            "drop table if exists result cascade", "drop table event")

        self.assertEqual(sql(self.admin, "select to_regclass('noetl.result') is not null, to_regclass('noetl.event') is not null")[1], "t|t")


class DevTest(StepsOfAStack, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="noetl-dev-tables-", ignore_cleanup_errors=True)
        cls.addClassCleanup(folder.cleanup)
        pathlib.Path(folder.name).chmod(0o755)
        data = pathlib.Path(folder.name) / "dev"
        with open(pathlib.Path(folder.name) / "stack.log", "wb") as log:
            stack = subprocess.Popen([BIN / "noetlctl", "dev", "--data", data, "--workers", "1"], stdout=log, stderr=log)
        cls.addClassCleanup(stack.wait)
        cls.addClassCleanup(stack.terminate)

        def state():
            if stack.poll() is not None:
                raise AssertionError("the stack has ended: " + (pathlib.Path(folder.name) / "stack.log").read_text())
            file = data / "dev.json"
            found = json.loads(file.read_text()) if file.exists() else {}
            return found if found.get("is_ready") else None
        state = machine.wait_until("the stack", state, PATIENCE)
        cls.base = f"http://127.0.0.1:{state['server_port']}"
        cls.server = state["database_url"]
        cls.admin = cls.server.replace("user='noetl_server'", "user='postgres'")
        cls.steps_seen = state["playbook_database_url"]
        _code, cluster = sql(cls.admin, "show data_directory")
        password = pathlib.Path(cluster, "playbook_role").read_text().strip()
        cls.steps = f"postgresql://playbook:{password}@127.0.0.1:{state['postgres_port']}/playbook"

    def test_the_server_s_role_is_not_named_like_its_schema(self):
        self.assertEqual(sql(self.server, "select current_user, current_schema()")[1], "noetl_server|public")


class ComposeTest(StepsOfAStack, unittest.TestCase):
    """Roles and URLs as deploy/compose.yaml makes them; the search_path of the server's database leads into a trap, and all of its tables
    are published."""

    @classmethod
    def setUpClass(cls):
        cluster = Cluster(cls, "wal_level=logical")
        secrets = cls.secrets_of(cluster)
        roles = (ROOT / "deploy/postgres/roles.sh").read_text().replace("/run/noetl/", f"{secrets}/postgres/")
        subprocess.run(["sh", "-c", roles], check=True, env={"PATH": f"{pathlib.Path(PSQL).parent}:/usr/bin:/bin", "POSTGRES_USER": "postgres",
                                                            "PGHOST": "127.0.0.1", "PGPORT": str(cluster.port)})
        cls.admin, cls.server = cluster.url("postgres", "noetl"), cluster.url("noetl_server", "noetl")
        cls.steps = (secrets / "worker/tool-postgres-url").read_text().replace("@postgres/", f"@127.0.0.1:{cluster.port}/")
        cls.steps_seen = cls.steps
        sql(cls.admin, "create schema trap authorization postgres", "grant usage on schema trap to public",
            "create function trap.now() returns timestamptz language plpgsql as $$ begin raise exception 'trapped'; end $$",
            "create function trap.count(bigint) returns bigint language plpgsql as $$ begin raise exception 'trapped'; end $$",
            "create table trap.queue (queue_id bigint)",
            "alter role noetl_server in database noetl set search_path = trap, public, pg_catalog")
        code, _answer, said = noetlctl(cls.server, "migrate", "up")
        assert code == 0, said
        sql(cls.admin, "create publication everything for all tables")
        port = machine.free_port()
        cls.base = f"http://127.0.0.1:{port}"
        cls.start(cluster, "noetl-server", {"NOETL_DATABASE_URL": cls.server, "NOETL_PORT": str(port), "NOETL_HOST": "127.0.0.1"})
        machine.wait_until("the server", cls.answers, PATIENCE)
        cls.start(cluster, "noetl-worker", {"NOETL_TOOL_POSTGRES_URL": cls.steps, "NOETL_WORKER_SLOTS": "4"})

    @staticmethod
    def secrets_of(cluster):
        folder = cluster.folder / "secrets"
        for name in ("kept", "postgres", "nats", "server", "worker", "grafana"):
            (folder / name).mkdir(parents=True)
        stubs = cluster.folder / "stubs"
        stubs.mkdir()
        (stubs / "chown").write_text("#!/bin/sh\nexit 0\n")
        (stubs / "chown").chmod(0o755)
        subprocess.run([ROOT / "deploy/make-secrets", "compose", folder], check=True, env={"PATH": f"{stubs}:/usr/bin:/bin"})
        return folder

    @classmethod
    def start(cls, cluster, program, variables):
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("NOETL_", "NATS_"))}
        environment.update({"SERVER_API_URL": cls.base, "NATS_URL": "none", **variables})
        with open(cluster.folder / f"{program}.log", "wb") as log:
            process = subprocess.Popen([BIN / program], env=environment, stdout=log, stderr=log, preexec_fn=machine.die_with_parent(9))
        cls.addClassCleanup(process.wait)
        cls.addClassCleanup(process.terminate)

    @classmethod
    def answers(cls):
        try:
            return call(cls.base, "GET", "/readyz")
        except OSError:
            return None

    def test_tables_that_the_server_s_role_makes_land_outside_of_its_schema(self):
        self.assertEqual(sql(self.server, "show search_path")[1], "trap, public, pg_catalog")  # the stack works all the same

    def test_what_is_published_is_kept_up(self):
        ids = call(self.base, "POST", "/api/v2/commands", {"commands": [{"tool": {"kind": "noop"}} for _one in range(20)]})["queue_ids"]
        machine.wait_until("the commands", lambda: all(call(self.base, "GET", f"/api/v2/commands/{one}")["status"] == "done" for one in ids), PATIENCE)

        machine.wait_until("upkeep to fold the counters", lambda: sql(self.admin, "select count(*) from noetl.queue_change")[1] == "0", PATIENCE)
        self.assertNotEqual(sql(self.admin, "select coalesce(sum(count), 0) from noetl.queue_depth where status = 'done'")[1], "0")


class FormerRoleTest(unittest.TestCase):
    """A database whose owner is named like the schema noetl."""

    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(cls)
        sql(cls.cluster.url("postgres", "postgres"), "create role noetl login")

    def database(self, name):
        sql(self.cluster.url("postgres", "postgres"), f"create database {name} owner noetl")
        url = self.cluster.url("noetl", name)
        self.migrate(url)
        return url

    def migrate(self, url):
        code, _answer, said = noetlctl(url, "migrate", "up")
        self.assertEqual(code, 0, said)

    def as_before(self, name):
        """With the search_path of a database that a release before has migrated, and tables of users."""
        url = self.database(name)
        sql(url, f"alter role noetl in database {name} reset search_path")
        sql(url, "create table orders (id serial primary key, customer text)", "create view orders_open as select id from orders",
            "create function order_count() returns bigint language sql as 'select count(*) from orders'", "insert into orders (customer) values ('c-1')")
        self.assertEqual(sql(url, "select to_regclass('noetl.orders') is not null")[1], "t")
        return url

    def test_its_tables_land_in_public_once_the_schema_is_migrated(self):
        url = self.database("clean")

        sql(url, *STATEMENTS)

        self.assertEqual(sql(url, "select to_regclass('public.event') is not null, to_regclass('noetl.result') is not null")[1], "t|t")
        self.assertEqual(check_of(url, "users' tables")["status"], "ok")

    def test_a_playbook_s_tables_are_found_where_they_are_until_somebody_moves_them(self):
        url = self.as_before("used")

        self.migrate(url)

        self.assertEqual(sql(url, "select customer from orders")[1], "c-1")
        check = check_of(url, "users' tables")
        self.assertEqual(check["status"], "warning")
        self.assertEqual({one["id"] for one in check["findings"]}, {"noetl.orders", "noetl.orders_open", "noetl.order_count", "noetl"})
        self.assertIn("noetlctl migrate move-tables", check["cure"])

    def test_they_are_moved_all_of_them_and_playbooks_that_name_the_schema_are_told_of(self):
        url = self.as_before("moved")
        sql(url, "insert into noetl.catalog (catalog_id, path, version, name, content, checksum) values (1, 'a/shop', 1, 'shop', "
            "'select * from noetl.orders', repeat('0', 64))")
        code, dry, said = noetlctl(url, "migrate", "move-tables", "--dry-run")
        self.assertEqual((code, len(dry["moved"])), (0, 3), said)
        self.assertEqual(sql(url, "select to_regclass('noetl.orders') is not null")[1], "t")

        code, answer, said = noetlctl(url, "migrate", "move-tables")

        self.assertEqual((code, answer), (0, dry), said)
        self.assertIn("playbook a/shop names noetl.orders", said)
        self.assertEqual(sql(url, "select customer, order_count() from orders join orders_open using (id)")[1], "c-1|1")
        sql(url, "insert into orders (customer) values ('c-2')")  # its sequence has come along
        self.assertEqual(check_of(url, "users' tables")["status"], "ok")

    def test_a_name_that_is_taken_leaves_everything_where_it_is(self):
        url = self.as_before("taken")
        sql(url, "create table public.orders (id int)")

        code, _answer, said = noetlctl(url, "migrate", "move-tables")

        self.assertNotEqual(code, 0)
        self.assertIn("already exists in schema", said)
        self.assertEqual(sql(url, "select to_regclass('noetl.orders_open') is not null")[1], "t")

    def test_tables_of_a_later_release_are_not_taken_for_users_tables(self):
        url = self.database("later")
        known = sql(url, "select max(version) from noetl.schema_migration")[1]
        sql(url, f"insert into noetl.schema_migration (version, name, checksum, runs_with) values (9999, 'expands', 'x', {known})", "create table noetl.page (id int)")

        code, _answer, said = noetlctl(url, "migrate", "move-tables")

        self.assertNotEqual(code, 0)
        self.assertIn("of a later release", said)
        self.assertEqual(check_of(url, "users' tables")["status"], "ok")
        self.assertEqual(sql(url, "select to_regclass('noetl.page') is not null")[1], "t")

    def test_migrate_status_says_which_programs_run_with_the_schema(self):
        _code, answer, _said = noetlctl(self.database("told"), "migrate", "status")

        self.assertTrue(all(1 <= one["runs_with"] <= one["version"] for one in answer["migrations"]))
        self.assertLess(answer["migrations"][-1]["runs_with"], answer["migrations"][-1]["version"])

    def test_a_path_that_somebody_has_set_stays(self):
        url = self.database("chosen")
        sql(url, "alter role noetl in database chosen set search_path = noetl, public")

        self.migrate(url)

        self.assertEqual(sql(url, "show search_path")[1], "noetl, public")
        self.assertEqual(check_of(url, "users' tables")["status"], "warning")


if __name__ == "__main__":
    unittest.main()
