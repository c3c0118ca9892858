#!/usr/bin/env python3
"""bench/paths/check.py as a process: what makes it fail, what it only tells, and that a true figure that is set too low fails."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
BIN = os.path.join(HERE, "..", "..", "build", "release", "bin")
PATH, SERVER = "codecs, a notification", "server, 512 commands claimed"


def measured(instructions=1000.0, statements=1, wal=200.0, compiler="x86_64 g++ 12"):
    return {"compiler": compiler, "postgres": "Postgres 15",
            "paths": {PATH: {"unit": "command", "instructions": instructions},
                      SERVER: {"unit": "command", "instructions": 500.0, "statements": statements, "wal_bytes": wal}}}


class CheckTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.figures = os.path.join(self.folder.name, "figures.json")

    def run_check(self, *arguments):
        done = subprocess.run([sys.executable, os.path.join(HERE, "check.py"), "--bin", BIN, "--figures", self.figures, *arguments],
                              text=True, capture_output=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def check(self, found, *arguments):
        file = os.path.join(self.folder.name, "measured.json")
        with open(file, "w") as out:
            json.dump(found, out)
        return self.run_check("--measured", file, *arguments)

    def change_figures(self, change):
        with open(self.figures) as file:
            figures = json.load(file)
        change(figures)
        with open(self.figures, "w") as file:
            json.dump(figures, file)

    def test_what_was_committed_passes(self):
        self.assertEqual(self.check(measured(), "--update")[0], 0)

        code, text = self.check(measured())

        self.assertEqual(code, 0, text)
        self.assertNotIn("dearer", text)

    def test_each_kind_fails_beyond_its_deviation_and_names_the_path(self):
        self.check(measured(), "--update")

        for found, path in ((measured(instructions=1060), PATH), (measured(statements=2), SERVER), (measured(wal=207), SERVER)):
            code, text = self.check(found)
            self.assertEqual(code, 1, text)
            self.assertIn("dearer: " + path, text)

        self.assertEqual(self.check(measured(instructions=1040, wal=205))[0], 0)

    def test_what_became_better_is_told(self):
        self.check(measured(), "--update")

        code, text = self.check(measured(instructions=900))

        self.assertEqual(code, 0)
        self.assertIn("1 better by more than its deviation", text)

    def test_another_compiler_has_nothing_to_compare_instructions_with_but_statements_still_count(self):
        self.check(measured(), "--update")

        code, text = self.check(measured(instructions=9000, compiler="x86_64 g++ 14"))
        self.assertEqual(code, 0, text)
        self.assertIn("no figures of instructions for x86_64 g++ 14", text)

        self.assertEqual(self.check(measured(statements=2, compiler="x86_64 g++ 14"))[0], 1)

    def test_an_update_keeps_the_figures_of_other_compilers(self):
        self.check(measured(), "--update")
        self.check(measured(instructions=2000, compiler="x86_64 g++ 14"), "--update")

        self.assertEqual(self.check(measured(instructions=2000))[0], 1)
        self.assertEqual(self.check(measured())[0], 0)

    def test_a_path_that_came_or_went_fails_until_the_figures_say_so(self):
        self.check(measured(), "--update")
        less, more = measured(), measured()
        del less["paths"][PATH]
        more["paths"]["codecs, another"] = {"unit": "command", "instructions": 1}

        for found, word in ((less, "gone: " + PATH), (more, "new: codecs, another")):
            code, text = self.check(found)
            self.assertEqual(code, 1)
            self.assertIn(word, text)

    def test_the_program_itself_fails_against_half_of_its_figure(self):
        self.assertEqual(self.run_check("--only", PATH, "--update")[0], 0)
        code, text = self.run_check("--only", PATH)
        self.assertEqual(code, 0, text)

        def halve(figures):
            for counts in figures["instructions"].values():
                counts[PATH] /= 2

        self.change_figures(halve)
        code, text = self.run_check("--only", PATH)

        self.assertEqual(code, 1, text)
        self.assertIn("dearer: " + PATH, text)

    def test_nothing_measured_is_a_failure(self):
        code, text = self.run_check("--only", "no such path")

        self.assertEqual(code, 1)
        self.assertIn("no path has 'no such path'", text)

    def test_without_valgrind_it_says_how_to_install_it(self):
        done = subprocess.run([sys.executable, os.path.join(HERE, "check.py"), "--bin", BIN], text=True, capture_output=True,
                              env={"PATH": self.folder.name}, check=False)

        self.assertEqual(done.returncode, 1)
        self.assertIn("apt-get install valgrind", done.stderr)


if __name__ == "__main__":
    if "--bin" in sys.argv:
        BIN = sys.argv.pop(sys.argv.index("--bin") + 1)
        sys.argv.remove("--bin")
    unittest.main()
