#!/usr/bin/env python3
"""words.py: which words it refuses, where, and which names it leaves alone."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import documents  # noqa: E402
import words  # noqa: E402


def findings_in(files):
    """What is found in a tree of these files."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
        subprocess.run(["git", "init", "-q", root], check=True)
        before = documents.ROOT
        caches = (documents.tracked, documents.text_of)
        try:
            documents.ROOT = root
            for cache in caches:
                cache.cache_clear()
            return [finding.partition(" is a ")[0] for finding in words.findings()]
        finally:
            documents.ROOT = before
            for cache in caches:
                cache.cache_clear()


class WordsTest(unittest.TestCase):
    def test_private_words_are_found_in_code_comments_and_documents_and_as_parts_of_names(self):
        found = findings_in({"server/a.cpp": "int was_rung = 0;  // the seed\nclass HandOver {};\n", "docs/b.md": "It claims ahead.\n",
                             "worker/doorbell.hpp": "int lull_ = 0;\n"})

        self.assertEqual(sorted(found), ["docs/b.md:1: 'claims ahead'", "server/a.cpp:1: 'rung'", "server/a.cpp:1: 'the seed'",
                                         "server/a.cpp:2: 'HandOver'", "worker/doorbell.hpp: 'doorbell'", "worker/doorbell.hpp:1: 'lull'"])

    def test_words_that_only_contain_one_are_not_meant(self):
        self.assertEqual(findings_in({"a.cpp": "string wrung, lullaby, theSeeder; // a key ring, a seed, hands on\n"}), [])

    def test_stored_names_and_links_to_frozen_records_are_left_alone(self):
        self.assertEqual(findings_in({"docs/a.md": "`noetl.doorbell = off`, `notification.given_up`, [1](decisions/0016-lanes-of-the-doorbell.md)\n"}), [])

    def test_what_quotes_history_is_left_out(self):
        found = findings_in({"CHANGELOG.md": "## [Unreleased]\n\na lull, `hand-over`\n\n## [0.1.0]\n\na doorbell\n", "sql/migrations/0001_a.sql": "-- rung\n",
                             "docs/internals/decisions/0001-a.md": "A doorbell.\n"})

        self.assertEqual(found, ["CHANGELOG.md:3: 'lull'"])


if __name__ == "__main__":
    unittest.main()
