"""The server does not start with a password that an earlier release shipped, and does not repeat it in what it says."""
import os
import pathlib
import subprocess
import sys
import unittest

BIN = pathlib.Path(os.environ.get("NOETL_BIN_DIR") or sys.exit("set NOETL_BIN_DIR to the folder of the programs"))


class KnownPasswords(unittest.TestCase):
    def test_the_server_refuses_them(self):
        for variable, value in (("NOETL_WORKER_TOKEN", "noetl-laptop"), ("POSTGRES_PASSWORD", "noetl"), ("NOETL_NATS_PASSWORD", "noetl"),
                                ("NATS_URL", "nats://noetl:noetl@127.0.0.1:1"), ("NOETL_DATABASE_URL", "postgresql://noetl:noetl@127.0.0.1:1/noetl")):
            run = subprocess.run([BIN / "noetl-server"], env={"PATH": "/usr/bin:/bin", "NOETL_PORT": "0", "NOETL_HOST": "127.0.0.1", variable: value},
                                 capture_output=True, text=True, timeout=60, check=False)

            said = run.stdout + run.stderr
            self.assertNotEqual(0, run.returncode, variable)
            self.assertIn("everybody knows", said, variable)
            self.assertNotIn(":noetl@", said, variable)
            self.assertNotIn("noetl-laptop", said, variable)


if __name__ == "__main__":
    unittest.main()
