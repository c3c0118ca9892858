#!/usr/bin/python3
"""Every whole playbook that a document shows (a fenced yaml block with apiVersion) is registered and executed on a stack of
its own, and COMPLETED is expected. Comments in the block say otherwise, or what it needs:

    # expect: FAILED unsupported       the status, and a regular expression of the error
    # expect: REFUSED no such step     the catalog does not take it
    # payload: {"n": 2}                input
    # not run: needs a GPU             left out, with the reason
"""
import json
import pathlib
import re
import sys
import tempfile
import types
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "compat"))
from playbook_file import Playbook  # noqa: E402
from private_stack import PrivateStack  # noqa: E402
from run import Harness, Run  # noqa: E402

PROGRAMS = sys.argv.pop(1) if len(sys.argv) > 1 and not sys.argv[1].startswith("-") else ROOT / "build/release/bin"
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
TIMEOUT_SECONDS = 60


def blocks_of(text):
    """(line of the first line inside, text) of each fenced yaml block that is a whole playbook."""
    found = []
    for match in re.finditer(r"^([ \t]*)```ya?ml[^\n]*\n(.*?)^\1```", text, re.M | re.S):
        indent, block = match.groups()
        lines = [line.removeprefix(indent) for line in block.splitlines()]
        if any(line.startswith("apiVersion:") for line in lines):
            found.append((text.count("\n", 0, match.start(2)) + 1, "\n".join(lines) + "\n"))
    return found


def marks_of(block):
    return dict(re.findall(r"^# (expect|payload|not run|fails inside): *(.*?)\s*$", block, re.M))


def expected_of(block):
    """The entry that the marks stand for."""
    marks, expected = marks_of(block), {}
    if "payload" in marks:
        expected["payload"] = json.loads(marks["payload"])
    if "fails inside" in marks:
        expected["failed_inside"] = [marks["fails inside"]]
    status, _space, pattern = marks.get("expect", "COMPLETED").partition(" ")
    if status == "REFUSED":
        expected["refused"] = pattern or "."
    else:
        expected.update({"status": status, **({"error": pattern} if pattern else {})})
    return expected


class BlocksTest(unittest.TestCase):
    def test_whole_playbooks_are_found_with_their_line(self):
        text = ("a\n```yaml\n# expect: FAILED nope\napiVersion: x\n```\n```yaml\nstep: part\n```\n"
                "- in a list:\n\n  ```yaml\n  apiVersion: y\n  ```\n```sh\napiVersion: no\n```\n")
        self.assertEqual(blocks_of(text), [(3, "# expect: FAILED nope\napiVersion: x\n"), (12, "apiVersion: y\n")])

    def test_marks_say_what_is_expected(self):
        self.assertEqual(expected_of("apiVersion: x\n"), {"status": "COMPLETED"})
        self.assertEqual(expected_of('# expect: FAILED not found\n# payload: {"n": 2}\n'),
                         {"status": "FAILED", "error": "not found", "payload": {"n": 2}})
        self.assertEqual(expected_of("# fails inside: start/status\n"), {"status": "COMPLETED", "failed_inside": ["start/status"]})
        self.assertEqual(expected_of("# expect: REFUSED no step\n"), {"refused": "no step"})
        self.assertEqual(marks_of("# not run: a reason\n"), {"not run": "a reason"})


class DocumentsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="noetl-docs-", ignore_cleanup_errors=True)
        pathlib.Path(cls.folder.name).chmod(0o755)
        cls.addClassCleanup(cls.folder.cleanup)
        cls.runs = [run for document in DOCUMENTS for run in cls.runs_of(document)]
        cls.stack = cls.enterClassContext(PrivateStack(PROGRAMS, pathlib.Path(cls.folder.name)))
        cls.harness = Harness(cls.stack, types.SimpleNamespace(timeout=TIMEOUT_SECONDS))

    @classmethod
    def runs_of(cls, document):
        runs = []
        for line, block in blocks_of(document.read_text(encoding="utf-8")):
            name = f"{document.relative_to(ROOT).as_posix()}:{line}"
            file = pathlib.Path(cls.folder.name) / (re.sub(r"\W+", "_", name) + ".yaml")
            file.write_text(block, encoding="utf-8")
            if "not run" not in marks_of(block):
                runs.append(Run(Playbook(file, name), name, expected_of(block)))
        return runs

    def test_every_playbook_in_the_documents_runs_as_they_say(self):
        self.assertGreaterEqual(len(self.runs), 5)
        for run in self.runs:
            self.harness.register_quietly(run.playbook)  # blocks may call each other
        for run in self.runs:
            report = self.harness.do(run)
            with self.subTest(block=run.label):
                self.assertEqual(report.problems, [], f"{run.label}: {report.status} {report.error}")


if __name__ == "__main__":
    unittest.main()
