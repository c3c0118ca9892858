#!/usr/bin/env python3
"""tidy.py: how many modules a folder may have, and what an arrow between folders means."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import tidy  # noqa: E402

TEN = [f"server/queue/m{number}.cpp" for number in range(10)]


class TidyTest(unittest.TestCase):
    def test_a_header_and_its_source_are_one_module_and_ten_may_be_in_a_folder(self):
        names = TEN + [name.replace(".cpp", ".hpp") for name in TEN]

        self.assertEqual(list(tidy.check_folders(names, {}, {})), [])

    def test_an_eleventh_module_is_found_and_folders_below_count_by_themselves(self):
        names = TEN + ["server/queue/alone.hpp", "server/queue/below/more.cpp"]

        self.assertEqual(list(tidy.check_folders(names, {}, {})), ["server/queue: 11 modules, at most 10; divide it by subject"])

    def test_a_folder_of_the_baseline_may_shrink_and_not_grow(self):
        eleven, seen = TEN + ["server/queue/more.cpp"], {}
        baseline = {"folder server/queue": 11}

        self.assertEqual(list(tidy.check_folders(eleven, baseline, seen)), [])
        self.assertEqual(seen, {"folder server/queue": 11})
        self.assertEqual(list(tidy.check_folders(eleven + ["server/queue/most.cpp"], baseline, seen)),
                         ["server/queue: 12 modules, at most 11; divide it by subject"])

    def test_tests_may_have_as_many_as_they_like(self):
        names = [f"tests/e2e/t{number}_test.cpp" for number in range(30)]

        self.assertEqual(list(tidy.check_folders(names, {}, {})), [])

    def test_what_follows_a_commit_is_given_as_effects_and_done_in_one_place(self):
        line = ["  dispatch::notify_workers(context, notifications);"]
        self.assertEqual(len(list(tidy.check_effects("server/queue/pause.cpp", line))), 1)
        self.assertEqual(list(tidy.check_effects("server/decisions/perform.cpp", line)), [])
        self.assertEqual(list(tidy.check_effects("tests/integration/effects_test.cpp", line)), [])

    def test_the_parameters_of_a_statement_are_named(self):
        good = ["session.run(queries::ListCatalog{", "    .kind = kind, .limit = limit});", "session.run(queries::ListPools{})"]
        self.assertEqual(list(tidy.check_queries("server/store/queue/pool_table.cpp", good)), [])
        wrong = ["session.run(queries::LatestCatalogId{path});", "session.run(queries::ListCatalog{", "    kind, limit});"]
        self.assertEqual(len(list(tidy.check_queries("server/store/queue/pool_table.cpp", wrong))), 2)

    def test_an_arrow_is_for_that_folder_and_not_for_those_below_it(self):
        layers = tidy.LAYERS
        try:
            tidy.LAYERS = {"shared/a": [], "shared/a/b": [], "server/c": ["shared/a"], "server/d": ["shared/"], "server/e": ["shared/a/b/f.hpp"]}
            include = ['#include "shared/a/b/f.hpp"']

            self.assertEqual(list(tidy.check_includes("server/c/x.cpp", include)), ["server/c/x.cpp:1: server/c may not include shared/a/b/f.hpp"])
            self.assertEqual(list(tidy.check_includes("server/d/x.cpp", include)), [])
            self.assertEqual(list(tidy.check_includes("server/e/x.cpp", include)), [])
        finally:
            tidy.LAYERS = layers


if __name__ == "__main__":
    unittest.main()
