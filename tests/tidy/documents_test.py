#!/usr/bin/env python3
"""documents.py: what it calls a sentence, a heading's anchor, and a reference that leads nowhere."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import documents  # noqa: E402

LONG = " ".join(["w"] * 41)
RECORD = "# 0001 Why\n\n## Context\n\n## Decision\n\n## Consequences\n"
FOLDER = documents.DECISIONS
DECISIONS = {f"{FOLDER}0001-why.md": RECORD, f"{FOLDER}README.md": "# Decisions\n\n[0001](0001-why.md)\n"}


def findings_in(files):
    """What is found in a tree of these files."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, text in {documents.GUARANTEES: "# G\n\nR1\n", **files}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
        subprocess.run(["git", "init", "-q", root], check=True)
        caches = (documents.tracked, documents.text_of, documents.anchors_of, documents.exists)
        before = documents.ROOT, documents.LONG_SENTENCES
        try:
            documents.ROOT, documents.LONG_SENTENCES = root, ()
            for cache in caches:
                cache.cache_clear()
            return list(documents.findings())
        finally:
            documents.ROOT, documents.LONG_SENTENCES = before
            for cache in caches:
                cache.cache_clear()


class DocumentsTest(unittest.TestCase):
    def test_links_need_their_file_and_their_heading(self):
        page = "# A `code` title\n\n[a](b.md) [b](#a-code-title) [c](none.md) [d](b.md#there) [e](b.md#nope) [f](https://x.y/z)\n\n```\n[g](gone.md)\n```\n"

        found = findings_in({"docs/a.md": page, "docs/b.md": "# B\n\n## There\n"})

        self.assertEqual(found, ["docs/a.md:3: the link none.md leads nowhere", "docs/a.md:3: docs/b.md has no heading #nope"])

    def test_headings_of_one_name_have_anchors_of_their_own(self):
        found = findings_in({"docs/a.md": "# A\n\n## One\n\n## One\n\n[x](#one-1) [y](#one-2)\n"})

        self.assertEqual(found, ["docs/a.md:7: docs/a.md has no heading #one-2"])

    def test_code_may_name_documents_decisions_and_guarantees_that_are_there(self):
        found = findings_in({"server/a.cpp": '// docs/a.md, "Here"; decision 0001, docs/internals/decisions/0001, R1; https://x.org/docs/15/y.html\n',
                             "server/b.cpp": '// docs/b.md; docs/a.md, "There"; decision 0002; R2\n',
                             "docs/a.md": "# Here\n", **DECISIONS})

        self.assertEqual(found, ["server/b.cpp:1: docs/b.md does not exist", 'server/b.cpp:1: docs/a.md has no heading "There"',
                                 "server/b.cpp:1: there is no decision 0002", f"server/b.cpp:1: {documents.GUARANTEES} has no R2"])

    def test_paths_of_the_tree_are_there_and_have_the_line(self):
        found = findings_in({"server/app/submit_batcher.cpp": "one\n", "docs/a.md": "`server/app/submit_batcher`, server/app/submit_batcher.cpp:1, `server/app/none`, server/app/submit_batcher.cpp:2\n"})

        self.assertEqual(found, ["docs/a.md:1: server/app/none does not exist", "docs/a.md:1: server/app/submit_batcher.cpp has no line 2"])

    def test_a_sentence_of_more_than_forty_words_is_found(self):
        found = findings_in({"docs/a.md": f"# T\n\nShort. {LONG}.\n\n- item\n- {LONG}\n\n| a | {LONG} |\n\n    {LONG}\n"})

        self.assertEqual([line.split(": a")[0] for line in found], ["docs/a.md:3", "docs/a.md:6", "docs/a.md:8"])

    def test_code_and_links_count_as_one_word_and_items_are_sentences(self):
        half = " ".join(["w"] * 20)
        code = "`" + " ".join(["x"] * 45) + "`"

        self.assertEqual(findings_in({"docs/a.md": f"{half} {code}\n{half[:-3]}.\n\n{half}\n- {half}\n- {half}\n"}), [])

    def test_a_decision_record_has_its_form_and_is_listed(self):
        found = findings_in({**DECISIONS, f"{FOLDER}0002-how.md": "# How\n\n## Context\n" + "\n" * 60})

        self.assertEqual(found, [f"{FOLDER}0002-how.md: 63 lines; a decision record has at most 60",
                                 f"{FOLDER}0002-how.md: a decision record has a section '## Decision'",
                                 f"{FOLDER}0002-how.md: a decision record has a section '## Consequences'",
                                 f"{FOLDER}README.md: {FOLDER}0002-how.md is not listed"])

    def test_every_page_is_listed(self):
        found = findings_in({"docs/README.md": "# Documents\n\n[a](a.md)\n", "docs/a.md": "# A\n", "docs/b.md": "# B\n"})

        self.assertEqual(found, ["docs/README.md: docs/b.md is not listed", "docs/README.md: docs/concepts/guarantees.md is not listed"])

    def test_prose_is_wrapped_and_tables_need_not_be(self):
        wide = "wide words. " * 12
        found = findings_in({"docs/a.md": f"# T\n\n{wide}\n\n| {wide} |\n\n```\n{wide}\n```\n"})

        self.assertEqual(found, ["docs/a.md:3: a line of 144 columns; wrap prose at 140 or less"])

    def test_documents_outside_of_the_pages_may_be_long(self):
        self.assertEqual(findings_in({"deploy/README.md": LONG + "\n"}), [])


if __name__ == "__main__":
    unittest.main()
