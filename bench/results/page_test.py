#!/usr/bin/env python3
"""bench/results/page.py: the newest figure wins, peers stand side by side, and bench/README.md is what the results say."""

import pathlib
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import page  # noqa: E402

OLD = """# 2026-01-01

## Beside peers

| figure | peer | noetl | peer's | ratio |
| --- | --- | --- | --- | --- |
| drain | graphile-worker, default, 2 processes | 40 | 2 /s | 20 |
| drain | graphile-worker, batching, 2 processes | 40 | 30 /s | 1.33 |
| drain | BullMQ on Redis (not durable) | 40 | 10 /s | 4 |

## noetl alone

| figure | median | spread | unit |
| --- | --- | --- | --- |
| drain | 40 | 30 to 50 | commands/s |
| steps | 9 | | steps/s |
"""
NEW = "# 2026-01-02\n\n## noetl alone\n\n| figure | median | spread | unit |\n| --- | --- | --- | --- |\n| steps | 12 | | steps/s |\n"


class PageTest(unittest.TestCase):
    def test_a_figure_comes_from_the_newest_file_that_has_it(self):
        figures = page.figures_of([("2026-01-01", OLD), ("2026-01-02", NEW)])

        self.assertEqual((figures["steps"]["noetl"], figures["steps"]["date"]), ("12 steps/s", "2026-01-02"))
        self.assertEqual((figures["drain"]["noetl"], figures["drain"]["date"]), ("40 commands/s", "2026-01-01"))

    def test_peers_stand_in_columns_with_how_they_were_run(self):
        drain = page.figures_of([("2026-01-01", OLD)])["drain"]

        self.assertEqual(drain["graphile-worker"], "2 (default); 30 (batching)")
        self.assertEqual(drain["BullMQ on Redis"], "10")
        self.assertEqual(drain["pg-boss"], "")

    def test_a_newer_measurement_beside_peers_has_its_own_figure_and_date(self):
        newer = OLD.partition("## noetl alone")[0].replace("| 40 |", "| 50 |")
        drain = page.figures_of([("2026-01-01", OLD), ("2026-01-03", newer)])["drain"]

        self.assertEqual((drain["noetl"], drain["date"]), ("50 /s", "2026-01-03"))

    def test_an_unknown_peer_is_refused(self):
        with self.assertRaisesRegex(ValueError, "sidekiq"):
            page.split_peer("sidekiq, 2 processes")

    def test_only_the_place_of_the_table_changes(self):
        self.assertEqual(page.page_with(f"a\n{page.BEGIN}\nold\n{page.END}\nb", "new"), f"a\n{page.BEGIN}\nnew\n{page.END}\nb")
        with self.assertRaises(ValueError):
            page.page_with("no place", "new")

    def test_the_page_is_what_the_results_say(self):
        done = subprocess.run([sys.executable, HERE / "page.py", "--check"], text=True, capture_output=True, check=False)

        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
