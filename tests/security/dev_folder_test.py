"""`noetlctl dev` keeps what it runs from the other users of the machine: files of its owner alone, and a nats-server that asks for a login."""
import json
import os
import pathlib
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import unittest
import urllib.request

import nats_client

BIN = pathlib.Path(os.environ.get("NOETL_BIN_DIR") or sys.exit("set NOETL_BIN_DIR to the folder of the programs"))


class DevStack(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="noetl-dev-test")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.data = pathlib.Path(cls.folder.name) / "data"
        cls.log = open(pathlib.Path(cls.folder.name) / "log", "wb")
        cls.addClassCleanup(cls.log.close)
        pathlib.Path(cls.folder.name).chmod(0o755)  # Postgres, which root cannot be, goes through it
        cls.start()
        cls.addClassCleanup(cls.stop)

    @classmethod
    def start(cls):
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("NOETL_", "NATS_"))}
        cls.process = subprocess.Popen([BIN / "noetlctl", "dev", "--data", cls.data, "--port", str(nats_client.machine.free_port()), "--workers", "1"],
                                       stdout=cls.log, stderr=cls.log, env=environment, umask=0, preexec_fn=nats_client.machine.die_with_parent(signal.SIGTERM))
        nats_client.machine.wait_until("the stack", lambda: cls.state().get("is_ready") and cls.state()["pid"] == cls.process.pid or cls.has_ended(), 90)

    @classmethod
    def has_ended(cls):
        if cls.process.poll() is None:
            return False
        raise SystemExit((pathlib.Path(cls.folder.name) / "log").read_text())

    @classmethod
    def restart(cls):
        cls.stop()
        cls.start()

    @classmethod
    def stop(cls):
        cls.process.terminate()
        cls.process.wait(60)

    @classmethod
    def state(cls):
        try:
            return json.loads((cls.data / "dev.json").read_text())
        except (OSError, ValueError):
            return {}

    def passwords(self):
        return dict(line.split(": ") for line in pathlib.Path(self.state()["nats_passwords_file"]).read_text().replace('"', "").splitlines()
                    if not line.startswith("#"))

    def mode_of(self, name):
        return stat.S_IMODE(os.stat(self.data / name).st_mode)

    def test_folders_and_files_with_secrets_are_their_owners(self):
        for name in ("nats", "logs"):
            self.assertEqual(0o700, self.mode_of(name), name)
        for name in ("dev.json", "encryption.key", "nats/nats-secrets/passwords/passwords.conf"):
            self.assertEqual(0o600, self.mode_of(name), name)

    def test_nats_asks_for_a_login(self):
        with socket.create_connection(("127.0.0.1", self.state()["nats_port"]), timeout=10) as line:
            line.sendall(b'CONNECT {"verbose":false}\r\nPING\r\n')
            line.settimeout(10)
            heard = b""
            while b"PONG" not in heard and b"-ERR" not in heard:
                heard += line.recv(4096)

        self.assertIn(b"Authorization Violation", heard)

    def test_a_stack_that_starts_again_has_the_same_logins_and_is_ready(self):
        before = self.passwords()
        self.restart()

        self.assertEqual(before, self.passwords())
        nats_client.machine.wait_until("NATS", lambda: json.load(urllib.request.urlopen(self.state()["server_url"] + "/readyz", timeout=20))["nats"] == "ok", 20)

    def test_passwords_are_made_here_and_differ(self):
        passwords = self.passwords()

        self.assertEqual(8, len(passwords))
        self.assertEqual(8, len(set(passwords.values())))
        self.assertTrue(all(len(one) == 64 for one in passwords.values()))

    def test_the_worker_takes_notifications_all_the_same(self):
        state = self.state()
        nats_client.machine.wait_until("the worker to subscribe", lambda: "Subscribed to noetl.commands" in (self.data / "logs/worker-1.log").read_text(), 20)
        request = urllib.request.Request(state["server_url"] + "/api/v2/commands", method="POST", headers={"Content-Type": "application/json"},
                                         data=json.dumps({"commands": [{"tool": {"kind": "noop"}}] * 20}).encode())
        ids = json.load(urllib.request.urlopen(request, timeout=20))["queue_ids"]

        def is_done(queue_id):
            return json.load(urllib.request.urlopen(f"{state['server_url']}/api/v2/commands/{queue_id}", timeout=20))["status"] == "done"
        nats_client.machine.wait_until("the commands", lambda: all(map(is_done, ids)), 30)
        worker = (self.data / "logs/worker-1.log").read_text()
        self.assertNotIn("polling the server instead", worker)
        line = nats_client.Line(state["nats_port"], "operator", self.passwords()["OPERATOR_PASSWORD"])
        self.addCleanup(line.close)
        pool = nats_client.machine.wait_until("their acknowledgements", lambda: (lambda one: one if one.get("num_ack_pending") == 0 else None)(
            line.api("CONSUMER.INFO.NOETL_COMMANDS.noetl-worker-pool")), 20)
        self.assertGreater(pool["ack_floor"]["stream_seq"], 0)

    def test_a_step_has_the_account_of_playbooks(self):
        state = self.state()
        request = urllib.request.Request(state["server_url"] + "/api/v2/commands", method="POST", headers={"Content-Type": "application/json"},
                                         data=json.dumps({"tool": {"kind": "nats", "operation": "kv_put", "bucket": "things", "key": "a", "value": "1"},
                                                          "max_attempts": 1}).encode())
        queue_id = json.load(urllib.request.urlopen(request, timeout=20))["queue_id"]

        def command():
            one = json.load(urllib.request.urlopen(f"{state['server_url']}/api/v2/commands/{queue_id}", timeout=20))
            return one if one["status"] in ("done", "dead") else None
        self.assertEqual("done", nats_client.machine.wait_until("the command", command, 30)["status"])


if __name__ == "__main__":
    unittest.main()
