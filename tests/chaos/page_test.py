#!/usr/bin/python3
"""page.py: what is kept of a run, how it is shown, and that the page of failures is what the results say."""
import pathlib
import subprocess
import sys
import types
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import page  # noqa: E402

ROW = types.SimpleNamespace(name="worker_kill", fault="SIGKILL a worker", mark="lost 0")
OUTCOME = {"row": "worker_kill", "verdict": "pass", "totals": {"commands": 1610, "lost": 0, "repeated": 2}, "repeated_max": 3,
           "figures": {"kills": 12}, "load": 3.64}


class PageTest(unittest.TestCase):
    def test_a_run_is_kept_and_shown(self):
        kept = page.recorded([OUTCOME], "2026-01-01", "a machine")

        self.assertEqual(kept["rows"][0]["figures"], "kills 12")
        self.assertIn("| `worker_kill`: SIGKILL a worker | lost 0 | held | 1,610 | 0 | 2 (3) |", page.table_of([ROW], kept))

    def test_rows_without_a_result_say_so_and_results_without_a_row_are_refused(self):
        self.assertIn("not measured", page.table_of([ROW], {"date": "d", "machine": "m", "rows": []}))
        with self.assertRaisesRegex(ValueError, "worker_kill"):
            page.table_of([], page.recorded([OUTCOME], "d", "m"))

    def test_of_each_row_the_newest_result_is_shown_and_the_foot_names_its_date(self):
        old = page.recorded([OUTCOME, {**OUTCOME, "row": "other"}, {**OUTCOME, "row": "third"}], "2026-01-01", "a machine")
        new = page.recorded([{**OUTCOME, "verdict": "FAIL"}], "2026-02-01", "another one")

        both = page.merged([new, old])

        self.assertEqual({"worker_kill": "FAIL", "other": "pass", "third": "pass"}, {row["row"]: row["verdict"] for row in both["rows"]})
        self.assertEqual(("2026-01-01", "a machine.\nOn 2026-02-01, another one: `worker_kill`"), (both["date"], both["machine"]))

    def test_the_page_is_what_the_results_say(self):
        done = subprocess.run([sys.executable, HERE / "page.py", "--check"], text=True, capture_output=True, check=False)

        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
