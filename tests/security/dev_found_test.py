"""`noetlctl` finds the stack that `noetlctl dev` runs, by itself and by the lines that it prints, from anywhere; nobody else's."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

BIN = pathlib.Path(os.environ.get("NOETL_BIN_DIR") or sys.exit("set NOETL_BIN_DIR to the folder of the programs"))
DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"
NATS = shutil.which("nats")
PATIENCE = 90
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import nats_text  # noqa: E402


class Found(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="noetl-found-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.home = pathlib.Path(cls.folder.name) / "home"
        cls.home.mkdir()
        cls.environment = {"PATH": os.environ["PATH"], "HOME": str(cls.home), "LANG": "C.UTF-8"}
        cls.printed = pathlib.Path(cls.folder.name) / "stack.log"
        with cls.printed.open("wb") as log:
            cls.stack = subprocess.Popen([BIN / "noetlctl", "dev", "--data", f"{cls.folder.name}/data", "--workers", "1"],
                                         env=cls.environment, stdout=log, stderr=log)
        cls.addClassCleanup(cls.stop)
        until = time.monotonic() + PATIENCE
        while "Ctrl-C" not in cls.printed.read_text():
            if cls.stack.poll() is not None or time.monotonic() > until:
                raise AssertionError(cls.printed.read_text())
            time.sleep(0.1)

    @classmethod
    def stop(cls):
        cls.stack.send_signal(signal.SIGTERM)
        cls.stack.wait(60)

    def run_ctl(self, *arguments, home=None, **more):
        environment = {**self.environment, **({"HOME": str(home)} if home else {}), **more}
        return subprocess.run([BIN / "noetlctl", *arguments], env=environment, cwd="/", capture_output=True, text=True, check=False, timeout=60)

    def port(self):
        return json.loads((pathlib.Path(self.folder.name) / "data/dev.json").read_text())["server_port"]

    def test_commands_find_it_from_anywhere(self):
        run = self.run_ctl("-o", "json", "worker", "list", "--status", "ready")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        self.assertEqual(json.loads(run.stdout)["count"], 1)
        run = self.run_ctl("command", "enqueue", "python", "--tool", '{"code": "result = 6 * 7"}', "--wait")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn("42", run.stdout)

    def test_what_fails_is_waited_for_as_well(self):
        run = self.run_ctl("command", "enqueue", "shell", "--tool", '{"command": "exit 3"}', "--max-attempts", "1", "--wait")
        self.assertEqual(run.returncode, 1, run.stdout + run.stderr)
        self.assertIn("exit_code", run.stdout)

    def test_the_status_is_that_of_the_stack_that_is_found_and_stop_wants_the_folder(self):
        run = self.run_ctl("-o", "json", "dev", "--status")
        self.assertEqual((run.returncode, json.loads(run.stdout)["server_port"]), (0, self.port()), run.stderr)
        run = self.run_ctl("dev", "--stop")
        self.assertEqual(run.returncode, 0)
        self.assertEqual(run.stderr, f"no stack runs in .noetl/dev; one of yours runs in {self.folder.name}/data (--data)\n")
        run = self.run_ctl("dev", "--status", "--data", f"{self.folder.name}/other")
        self.assertEqual(run.returncode, 3)

    def test_what_is_said_goes_before(self):
        run = self.run_ctl("queue", "status", NOETL_SERVER_URL="http://127.0.0.1:1")
        self.assertEqual(run.returncode, 6)
        self.assertIn("http://127.0.0.1:1 (from NOETL_SERVER_URL)", run.stderr)

    def test_another_user_has_another_home(self):
        run = self.run_ctl("queue", "status", home=f"{self.folder.name}/nobody")
        if run.returncode != 0:  # else somebody's server is at the default address
            self.assertIn("http://localhost:8082 (the default; no `noetlctl dev` of yours runs here)", run.stderr)

    def test_the_doctor_finds_database_and_nats(self):
        run = self.run_ctl("-o", "json", "doctor")
        checks = {check["check"]: check["status"] for check in json.loads(run.stdout)["checks"]}
        self.assertNotIn("unchecked", {checks["schema"], checks["NATS"]}, run.stdout)
        self.assertEqual(checks["schema"], "ok")
        self.assertNotEqual(checks["NATS"], "warning", run.stdout)

    def test_the_lines_that_it_prints_can_be_pasted_and_show_no_password(self):
        printed = self.printed.read_text()
        lines = re.findall(r"^  (export .*)$", printed, re.M)
        self.assertEqual([line.split("=")[0] for line in lines], ["export NOETL_SERVER_URL", "export NOETL_DATABASE_URL", "export NATS_URL", "export NATS_CONTEXT"])
        script = "\n".join(lines) + '\nprintf "%s\\n" "$NOETL_SERVER_URL" "$NOETL_DATABASE_URL" "$NATS_URL" "$NATS_CONTEXT"'
        url, database, nats, context = subprocess.run(["bash", "-ec", script], env={"PATH": os.environ["PATH"]}, capture_output=True, text=True,
                                             check=True).stdout.splitlines()
        self.assertEqual(url, f"http://localhost:{self.port()}")
        self.assertIn("host=", database)
        password = re.fullmatch(r"nats://operator:([0-9a-f]{64})@127\.0\.0\.1:\d+", nats)
        self.assertTrue(password, nats)
        self.assertNotIn(password[1], printed)
        run = self.run_ctl("-o", "json", "doctor", home="/nonexistent", NOETL_DATABASE_URL=database, NATS_URL=nats, NOETL_SERVER_URL=url)
        self.assertIn('"NATS"', run.stdout, run.stderr)
        run = self.run_ctl("-o", "json", "doctor", NOETL_DATABASE_URL=database, NATS_URL=nats, NOETL_SERVER_URL=url)
        checks = {check["check"]: check["status"] for check in json.loads(run.stdout)["checks"]}
        self.assertEqual(checks["stream NOETL_COMMANDS"], "ok", run.stdout)
        for file in (context, context.replace("operator", "producer")):
            self.assertEqual(pathlib.Path(file).stat().st_mode & 0o777, 0o600)
        said = json.loads(pathlib.Path(context).read_text())
        self.assertEqual((said["url"], said["user"], said["password"], said["jetstream_api_prefix"]),
                         (nats.replace(f"operator:{password[1]}@", ""), "operator", password[1], "NOETL.API"))

    def test_people_may_look_and_start_executions_over_nats_and_no_more(self):
        folder = pathlib.Path(self.folder.name) / "data/nats"
        port = json.loads((folder.parent / "dev.json").read_text())["nats_port"]
        operator, producer = ((said["user"], said["password"]) for said in
                              (json.loads((folder / f"{user}.json").read_text()) for user in ("operator", "producer")))
        inbox = b"SUB _INBOX.look 1\r\n"
        for subject in ("STREAM.INFO.NOETL_COMMANDS", "STREAM.NAMES", "STREAM.LIST", "CONSUMER.INFO.NOETL_COMMANDS.noetl-worker-pool",
                        "CONSUMER.LIST.NOETL_COMMANDS"):
            lines = inbox + nats_text.published(f"NOETL.API.{subject}", b"", "_INBOX.look")
            answer = json.loads(nats_text.exchange(port, lines, True, login=operator))
            self.assertNotIn("error", answer, subject)
        lines = inbox + nats_text.published("noetl.workflow.execute.look", b'{"message_id":"1"}', "_INBOX.look")
        with self.assertRaisesRegex(RuntimeError, "Permissions Violation"):
            nats_text.exchange(port, lines, True, login=operator)
        self.assertIn(b"playbook", nats_text.exchange(port, lines, True, login=producer))

    @unittest.skipUnless(NATS, "the command line nats is not installed")
    def test_each_line_of_the_docs_passes_with_what_is_printed(self):
        folder = pathlib.Path(self.folder.name) / "data/nats"
        self.run_ctl("command", "enqueue", "noop", "--wait")  # there is a notification to look at
        environment = {**self.environment, "NATS_URL": (folder / "operator.url").read_text().strip(), "NATS_CONTEXT": f"{folder}/operator.json"}
        page = (DOCS / "operations/monitor.md").read_text()
        lines = re.findall(r"^\| `nats ((?:stream|consumer) [^`]*)` \|", page, re.M)
        self.assertEqual(len(lines), 5, lines)
        for line in lines:
            run = subprocess.run([NATS, *line.split()], env=environment, capture_output=True, text=True, check=False, timeout=60)
            self.assertEqual(run.returncode, 0, f"nats {line}: {run.stdout}{run.stderr}")


if __name__ == "__main__":
    unittest.main()
