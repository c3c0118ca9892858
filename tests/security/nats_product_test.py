"""Server and workers on the production configuration of NATS: a cluster of three with TLS, accounts by role, a pool each. What they do is
permitted, and what they are not told of is not. NOETL_TEST_NATS_SERVER names another nats-server than the one in PATH."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import urllib.request

import nats_client
from nats_client import ROOT, machine

BIN = pathlib.Path(os.environ.get("NOETL_BIN_DIR") or sys.exit("set NOETL_BIN_DIR to the folder of the programs"))
PROGRAM = os.environ.get("NOETL_TEST_NATS_SERVER") or machine.find_program("nats-server")


class ProductTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="noetl-nats-product")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.folder.chmod(0o755)  # Postgres, which root cannot be, goes through it
        cls.nats = nats_client.Servers(cls.folder / "nats", (ROOT / "deploy/nats/nats-server.conf").read_text(), 3, PROGRAM)
        cls.addClassCleanup(cls.nats.stop)
        cls.nats.wait_ready()
        cls.start_postgres()
        cls.port = machine.free_port()
        cls.url = f"http://127.0.0.1:{cls.port}"
        cls.start("server", "noetl-server", "server", {"NOETL_DATABASE_URL": cls.database, "NOETL_PORT": str(cls.port), "NOETL_HOST": "127.0.0.1",
                                                       "NOETL_NATS_REPLICAS": "3", "NOETL_PUBLISH_EVENTS": "on"})
        machine.wait_until("the server", lambda: cls.answer("/readyz", is_text=True), 60)
        cls.start("worker", "noetl-worker", "worker", {"NOETL_WORKER_SLOTS": "4", "NOETL_WORKER_DIRECT_DISPATCH": "off"})
        cls.start("worker-batch", "noetl-worker", "worker-batch", {"NOETL_WORKER_POOL_NAME": "batch", "NOETL_WORKER_TRANSPORT": "nats",
                                                                   "SERVER_API_URL": "http://127.0.0.1:1"})  # NATS alone
        for name in ("worker", "worker-batch"):
            machine.wait_until(f"{name} to subscribe", lambda who=name: "Subscribed to" in cls.log(who), 60)

    @classmethod
    def start_postgres(cls):
        data, port = cls.folder / "cluster", machine.free_port()
        machine.init_cluster(data)
        user, _entry = machine.ordinary_user()
        with open(cls.folder / "postgres.log", "wb") as log:
            process = subprocess.Popen(machine.postgres_command(data, port), stdout=log, stderr=log, cwd=data, preexec_fn=machine.die_with_parent(9), **user)
        cls.addClassCleanup(process.wait)
        cls.addClassCleanup(process.kill)
        machine.wait_until("Postgres", lambda: machine.is_postgres_ready(port), 60)
        subprocess.run([machine.find_program("psql"), "-q", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-c", "create role noetl login",
                        "-c", "create database noetl owner noetl"], check=True)
        cls.database = f"postgresql://noetl@127.0.0.1:{port}/noetl"

    @classmethod
    def start(cls, name, program, user, variables):
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("NOETL_", "NATS_"))}
        environment.update({"SERVER_API_URL": cls.url, "NATS_URL": ",".join(f"tls://127.0.0.1:{port}" for port in cls.nats.ports), "NOETL_NATS_CA": cls.nats.authority,
                            "NOETL_NATS_USER": user, "NOETL_NATS_PASSWORD": user + "-secret", **variables})
        with open(cls.folder / f"{name}.log", "wb") as log:
            process = subprocess.Popen([BIN / program], env=environment, stdout=log, stderr=log, preexec_fn=machine.die_with_parent(9))
        cls.addClassCleanup(process.wait)
        cls.addClassCleanup(process.terminate)

    @classmethod
    def log(cls, name):
        return (cls.folder / f"{name}.log").read_text(errors="replace")

    @classmethod
    def answer(cls, path, body=None, is_text=False):
        try:
            request = urllib.request.Request(cls.url + path, data=None if body is None else json.dumps(body).encode(), headers={"Content-Type": "application/json"})
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.read().decode() if is_text else json.load(answer)
        except OSError:
            return None

    def run_commands(self, pool, count):
        ids = self.answer("/api/v2/commands", {"commands": [{"pool": pool, "tool": {"kind": "noop"}} for _one in range(count)]})["queue_ids"]
        machine.wait_until(f"commands of {pool}", lambda: all(self.answer(f"/api/v2/commands/{one}")["status"] == "done" for one in ids), 60, 0.2)

    def consumer(self, name):
        operator = self.nats.line("operator")
        self.addCleanup(operator.close)
        return operator.api("CONSUMER.INFO.NOETL_COMMANDS." + name)

    def test_commands_are_notified_claimed_and_acknowledged(self):
        for pool, durable in (("default", "noetl-worker-pool"), ("batch", "noetl-worker-pool-batch")):
            self.run_commands(pool, 30)

            machine.wait_until("the acknowledgements", lambda name=durable: (lambda one: one["num_pending"] == 0 and one["num_ack_pending"] == 0
                                                                             and one["delivered"]["consumer_seq"] > 0)(self.consumer(name)), 60)
        for name in ("worker", "worker-batch"):
            # Before it subscribed it may have found no consumer yet.
            self.assertNotIn("polling the server instead", self.log(name).rpartition("Subscribed to")[2])

    def test_a_worker_of_another_account_reports_over_nats_what_is_larger_than_a_message(self):
        code = "def main():\n    return {'text': 'x' * 3000000}"
        one, = self.answer("/api/v2/commands", {"commands": [{"pool": "batch", "tool": {"kind": "python", "code": code}}]})["queue_ids"]
        machine.wait_until("the large result", lambda: self.answer(f"/api/v2/commands/{one}")["status"] == "done", 60, 0.2)

        self.assertEqual(3000000, len(self.answer(f"/api/v2/commands/{one}")["result"]["text"]))

    def test_events_of_executions_are_published_and_heard_by_an_observer(self):
        operator, observer = self.nats.line("operator"), self.nats.line("observer")
        self.addCleanup(operator.close)
        self.addCleanup(observer.close)
        machine.wait_until("the first look", lambda: (self.answer("/api/v2/events") or {}).get("next_after"))
        observer.send(b"SUB noetl.events.> 9000")
        observer.flush()
        playbook = "{apiVersion: noetl.io/v2, kind: Playbook, metadata: {name: one, path: e/one}, workflow: [{step: start, tool: {kind: noop}}]}"
        self.answer("/api/catalog/register", {"content": playbook})
        self.answer("/api/v2/execute", {"path": "e/one"})
        while not any(number == 9000 and message[0] == "noetl.events.e/one.playbook.completed" for number, message in observer.messages):
            observer.take_line()
        stored = operator.api("STREAM.INFO.NOETL_EVENTS")
        self.assertEqual(3, stored["config"]["num_replicas"])
        self.assertGreaterEqual(stored["state"]["messages"], 3)
        self.assertEqual([], observer.refusals)

    def test_an_operator_commands_workers_of_both_accounts(self):
        operator = self.nats.line("operator")
        self.addCleanup(operator.close)
        for pool, prefix in (("default", "noetl.cluster.cmd."), ("batch", "NOETL_BATCH.cmd.")):
            worker, = [one["worker_id"] for one in self.answer(f"/api/v2/workers?pool={pool}&status=ready")["workers"]]
            (_subject, _reply, body), = operator.ask(prefix + worker + ".ping", {}, is_wanted=lambda body: b"503" not in body[:20])
            said = json.loads(body[body.index(b'{"'):])
            self.assertEqual({"id": worker, "name": "ping", "status": "ready"}, said)
            # Over HTTP, which both transports of workers have.
            self.assertEqual(said, self.answer(f"/api/v2/workers/{worker}/commands/ping", {}))
        self.assertEqual([], operator.refusals)

    def test_nothing_that_they_do_is_refused(self):
        self.run_commands("default", 5)

        for number in range(3):
            refused = [line for line in self.nats.log(number).splitlines() if "iolation" in line]
            self.assertEqual([], refused)


if __name__ == "__main__":
    unittest.main()
