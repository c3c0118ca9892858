#!/usr/bin/env python3
"""The rule on settings finds what nobody reads."""
import unittest

import settings

HEADER = """
struct ServerSettings {
  std::string host;  // where
  std::chrono::milliseconds lease{0}, grace{0};
  int port = 0;
};
"""


class SettingsAreRead(unittest.TestCase):
    def test_each_field_of_a_declaration_is_known(self):
        self.assertEqual([field for _, field in settings.fields_of(HEADER)], ["host", "lease", "grace", "port"])

    def test_a_field_that_only_another_program_reads_or_that_is_only_set_is_found(self):
        found = list(settings.check(HEADER, {
            "server/run_server.cpp": "listen(settings.host, settings.port); use(settings.lease); other.grace = x;",
            "worker/run_worker.cpp": "use(settings.grace);"}))
        self.assertEqual(len(found), 1)
        self.assertIn("ServerSettings::grace", found[0])

    def test_a_struct_without_a_program_is_found(self):
        self.assertIn("OtherSettings", next(settings.check("struct OtherSettings {\n  int x = 0;\n};", {})))


if __name__ == "__main__":
    unittest.main()
