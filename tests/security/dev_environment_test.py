"""In the stack of `noetlctl dev` a worker, and so a step, is not given the server's database or key."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

BIN = pathlib.Path(os.environ.get("NOETL_BIN_DIR") or sys.exit("set NOETL_BIN_DIR to the folder of the programs"))
SECRET = "s3cret-of-the-shell-that-started-it"


class DevEnvironment(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="noetl-dev-test")
        data = pathlib.Path(cls.folder.name) / "dev"
        environment = {**os.environ, "AWS_SECRET_ACCESS_KEY": SECRET, "NOETL_TOOL_SECRETS": "WANTED_*", "WANTED_BY_SECRETS": "yes"}
        cls.stack = subprocess.Popen([BIN / "noetlctl", "dev", "--data", data, "--workers", "1"], env=environment,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        until = time.monotonic() + 90
        while time.monotonic() < until and cls.stack.poll() is None:
            try:
                cls.state = json.loads((data / "dev.json").read_text())
                if cls.state["is_ready"]:
                    return
            except (OSError, ValueError, KeyError):
                pass
            time.sleep(0.05)
        cls.tearDownClass()
        raise AssertionError("the stack did not start: " + cls.stack.stderr.read())

    @classmethod
    def tearDownClass(cls):
        cls.stack.send_signal(signal.SIGTERM)
        cls.stack.wait(60)
        cls.folder.cleanup()

    def environment_of(self, name):
        try:
            text = pathlib.Path(f"/proc/{self.state['pids'][name]}/environ").read_bytes().decode()
        except PermissionError:
            self.assertNotEqual(os.geteuid(), 0)  # closed to our own user, which is what must hold
            return None
        return dict(line.split("=", 1) for line in text.split("\0") if "=" in line)

    def test_the_worker_has_neither_database_nor_key(self):
        given = self.environment_of("worker-1")
        if given is not None:
            for name in ("NOETL_DATABASE_URL", "DATABASE_URL", "NOETL_ENCRYPTION_KEY", "NOETL_ENCRYPTION_KEY_FILE", "POSTGRES_PASSWORD"):
                self.assertNotIn(name, given)
            self.assertEqual(given["WANTED_BY_SECRETS"], "yes")
            self.assertNotIn(SECRET, given.values())

    def test_the_server_has_its_settings_and_nothing_of_the_shell(self):
        given = self.environment_of("server")
        if given is not None:
            self.assertIn("NOETL_DATABASE_URL", given)
            self.assertNotIn(SECRET, given.values())

    def test_every_program_is_closed_to_its_own_user(self):
        for name in ("server", "worker-1"):
            self.assertEqual(pathlib.Path(f"/proc/{self.state['pids'][name]}/mem").stat().st_uid, 0)
            limits = pathlib.Path(f"/proc/{self.state['pids'][name]}/limits").read_text()
            self.assertRegex(limits, r"Max core file size\s+0\s+0\s")


if __name__ == "__main__":
    unittest.main()
