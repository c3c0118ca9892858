#!/usr/bin/python3
"""docs/reference/playbook.schema.json is what noetlctl prints, accepts every playbook that runs, and refuses what lint refuses.

NOETL_REWRITE_SCHEMA=1 writes the file anew.
"""
import copy
import json
import os
import pathlib
import subprocess
import sys
import unittest

import jsonschema
import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SCHEMA = ROOT / "docs" / "reference" / "playbook.schema.json"
SHARED = ROOT / ".." / "shared" / "playbooks"
CTL = sys.argv.pop(1) if len(sys.argv) > 1 and not sys.argv[1].startswith("-") else ROOT / "build/release/bin/noetlctl"
# What no schema can see: two steps of one name.
SEEN_BY_LINT_ALONE = {"v2_http_test.yaml"}
BROKEN = {"should_error_tool_is_required.yaml"}


class Loader(yaml.SafeLoader):
    """Dates stay texts, as everywhere in the product."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in pairs if tag != "tag:yaml.org,2002:timestamp"]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()}


def lint(text):
    done = subprocess.run([CTL, "playbook", "lint", "-", "-o", "json"], input=text, capture_output=True, text=True, check=False)
    return json.loads(done.stdout)[0]


GOOD = {"apiVersion": "noetl.io/v2", "kind": "Playbook", "metadata": {"name": "p", "path": "t/p"},
        "workflow": [{"step": "start", "tool": {"kind": "noop"},
                      "next": {"spec": {"mode": "exclusive"}, "arcs": [{"step": "end", "when": "{{ true }}"}]}},
                     {"step": "end", "loop": {"in": [1], "iterator": "one", "spec": {"mode": "parallel", "max_in_flight": 2}},
                      "tool": [{"name": "a", "kind": "noop", "spec": {"policy": {"rules": [{"else": {"do": "continue"}}]}}}]}]}
# Where → what makes the playbook wrong there (FAR: the key is taken away).
FAR = object()
MISTAKES = [
    (("kind",), "Playbok"), (("apiVersion",), "noetl.io/v3"), (("workflow",), FAR), (("workflow",), []),
    (("workflow", 0, "step"), FAR), (("workflow", 0, "comand"), "x"), (("workflow", 0, "command"), "x"),
    (("workflow", 0, "tool", "kind"), FAR), (("workflow", 0, "next", "arcs", 0, "step"), FAR),
    (("workflow", 0, "next", "arcs", 0, "wehn"), "x"), (("workflow", 0, "next", "spec", "mode"), "both"),
    (("workflow", 0, "next", "arc"), []), (("workflow", 0, "case"), [{"when": "{{ true }}"}]),
    (("workflow", 0, "case"), [{"when": "{{ true }}", "then": {"nxt": "end"}}]), (("workflow", 0, "args"), [1]),
    (("workflow", 1, "loop", "iterator"), "a b"), (("workflow", 1, "loop", "spec", "max_in_flight"), 0),
    (("workflow", 1, "loop", "spec", "mode"), "paralel"), (("workflow", 1, "loop", "itertor"), "x"),
    (("workflow", 1, "tool"), []), (("workflow", 1, "tool", 0, "spec", "policy", "rules", 0, "else", "do"), "retyr"),
    (("workflow", 1, "tool", 0, "spec", "policy", "rules", 0, "els"), {}), (("workloads",), {}),
]


class SchemaTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.printed = subprocess.run([CTL, "playbook", "schema"], capture_output=True, text=True, check=True).stdout
        if os.environ.get("NOETL_REWRITE_SCHEMA"):
            SCHEMA.write_text(cls.printed, encoding="utf-8")
        cls.validator = jsonschema.Draft202012Validator(json.loads(cls.printed))

    def problems(self, value):
        return [f"{list(error.absolute_path)}: {error.message[:200]}" for error in self.validator.iter_errors(value)]

    def test_the_file_is_what_the_program_prints_and_a_schema(self):
        self.assertEqual(SCHEMA.read_text(encoding="utf-8"), self.printed, "NOETL_REWRITE_SCHEMA=1 writes it anew")
        jsonschema.Draft202012Validator.check_schema(json.loads(self.printed))

    def test_every_playbook_that_runs_is_valid(self):
        files = [*(ROOT / "examples").rglob("*.yaml"), *(ROOT / "tests/fixtures").rglob("*.yaml"),
                 *(ROOT / "tests/compat/playbooks").rglob("*.yaml"), *SHARED.rglob("*.yaml")]
        self.assertGreater(len(files), 6)
        checked = 0
        for file in files:
            content = yaml.load(file.read_text(encoding="utf-8"), Loader)
            if not isinstance(content, dict) or content.get("kind") != "Playbook":
                continue
            with self.subTest(file=file.as_posix()):
                self.assertEqual(bool(self.problems(content)), file.name in BROKEN, self.problems(content))
                checked += 1
        print(f"checked {checked} playbooks", file=sys.stderr)

    def test_lint_finds_nothing_wrong_with_them_but_with_those_that_are(self):
        for file in SHARED.rglob("*.yaml"):
            if file.name == "playbook_test_config.yaml":
                continue
            with self.subTest(file=file.as_posix()):
                found = lint(file.read_text(encoding="utf-8"))
                self.assertEqual(found["status"] == "errors", file.name in BROKEN | SEEN_BY_LINT_ALONE, found["findings"])
                self.assertEqual(found["generation"], "v2era" if "v2era" in file.parts else
                                 "v10" if file.name not in BROKEN else found["generation"])

    def test_what_the_schema_refuses_lint_tells_too(self):
        self.assertEqual(self.problems(GOOD), [])
        self.assertEqual(lint(json.dumps(GOOD))["findings"], [])
        for path, value in MISTAKES:
            wrong = copy.deepcopy(GOOD)
            place = wrong
            for part in path[:-1]:
                place = place[part]
            if value is FAR:
                del place[path[-1]]
            else:
                place[path[-1]] = value
            with self.subTest(path=path, value=str(value)):
                self.assertTrue(self.problems(wrong))
                self.assertTrue(lint(json.dumps(wrong))["findings"])


if __name__ == "__main__":
    unittest.main()
