#!/usr/bin/python3
"""The harness itself: what it compares, and how playbooks are pointed at the stub."""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import checks  # noqa: E402
import playbook_file  # noqa: E402
from observed import Observed  # noqa: E402

PLACES = {"stub": "http://127.0.0.1:1/ns/x", "server": "http://127.0.0.1:2", "pg_host": "127.0.0.1", "pg_port": 5433,
          "stub_host": "127.0.0.1:1/ns/x", "nats_host": "127.0.0.1:4"}


def observed(status="COMPLETED", events=(), variables=None, error=None, children=()):
    shown = [{"event_type": kind, "step": step, "node": step} for kind, step in events]
    return Observed({"execution_id": "7", "status": status, "error": error, "variables": variables or {}}, shown, list(children))


def run_of(*steps):
    return [(kind, step) for step in steps for kind in ("command.issued", "command.started", "step.enter", "step.exit")]


def nothing(_query):
    return []


class ChecksTest(unittest.TestCase):
    def found(self, expected, seen, sql=nothing):
        return checks.differences(expected, seen, sql)

    def test_without_a_word_completed_is_expected(self):
        self.assertEqual(self.found({}, observed()), [])
        told = self.found({}, observed("FAILED", error={"step": "a", "kind": "timeout", "message": "late"}))
        self.assertEqual(told, ["status FAILED, expected COMPLETED; a: timeout: late"])
        self.assertEqual(self.found({"status": "FAILED", "error": "a: timeout"},
                                    observed("FAILED", error={"step": "a", "kind": "timeout", "message": "late"})), [])
        self.assertEqual(len(self.found({"status": "FAILED", "error": "other"}, observed("FAILED"))), 1)

    def test_steps_are_compared_in_order_and_groups_in_any(self):
        seen = observed(events=run_of("start", "b", "a", "end"))
        self.assertEqual(self.found({"steps": ["start", ["a", "b"], "end"]}, seen), [])
        for wrong in (["start", "a", "b", "end"], ["start", ["a", "b"]], ["start", ["a", "b"], "end", "more"]):
            self.assertEqual(len(self.found({"steps": wrong}, seen)), 1, wrong)
        self.assertEqual(len(self.found({"never": ["a", "c"]}, seen)), 1)
        self.assertEqual(len(self.found({"skipped": ["a"]}, seen)), 1)

    def test_attempts_are_counted_for_each_step(self):
        seen = observed(events=run_of("a", "a", "b"))
        self.assertEqual(self.found({"attempts": {"a": 2, "b": 1}}, seen), [])
        self.assertEqual(len(self.found({"attempts": {"a": 1, "b": {"$at_least": 2}}}, seen)), 2)

    def test_results_are_those_of_steps_that_ran(self):
        seen = observed(events=run_of("a"), variables={"a": {"rows": [{"n": 1}, {"n": 2.0}]}, "b": {"n": 1}})
        self.assertEqual(self.found({"results": {"a/rows/-1/n": 2, "a/rows": {"$length": 2}}}, seen), [])
        for wrong in ({"a/rows/0/n": 2}, {"a/rows/2/n": 1}, {"b/n": 1}, {"a": {"rows": [{"n": 1}]}}):
            self.assertEqual(len(self.found({"results": wrong}, seen)), 1, wrong)
        self.assertEqual(self.found({"variables": {"b/n": 1}}, seen), [])

    def test_rows_are_compared_and_a_refused_statement_is_a_difference(self):
        expected = {"sql": [{"query": "select {execution_id}", "rows": [[7]]}]}
        asked = []
        self.assertEqual(self.found(expected, observed(), lambda query: asked.append(query) or [[7]]), [])
        self.assertEqual(asked, ["select 7"])
        self.assertEqual(len(self.found(expected, observed())), 1)

        def refuse(_query):
            raise ValueError("no such table")
        self.assertEqual(self.found(expected, observed(), refuse), ["select 7: no such table"])

    def test_children_are_counted_and_must_have_completed(self):
        seen = observed(children=[{"path": "p", "status": "COMPLETED", "execution_id": "8"},
                                  {"path": "p", "status": "FAILED", "execution_id": "9"}])
        self.assertEqual(self.found({"children": {"p": 2}}, seen), ["child 9 of p is FAILED"])
        self.assertEqual(len(self.found({"children": {"p": 3}}, seen)), 2)

    def test_values_keep_their_types(self):
        for expected, found in ((1, 1.0), ("1", "1"), (True, True), ([1, {"a": None}], [1, {"a": None}]),
                                ({"$contains": {"a": 1}}, {"a": 1, "b": 2}), ({"$matches": "^x"}, "xy"), ({"$at_most": 2}, 2),
                                ({"$none": True}, None), ({"$any": True}, 0)):
            self.assertTrue(checks.matches(expected, found), (expected, found))
        for expected, found in ((1, True), (True, 1), ("1", 1), (1, "1"), ({}, {"a": 1}), ([], [1]), (None, 0), (16.2, 16.20001),
                                ({"$at_least": 2}, "3"), ({"$length": 1}, 5), ({"$any": True}, None), ({"$matches": "x"}, None)):
            self.assertFalse(checks.matches(expected, found), (expected, found))

    def test_what_says_that_it_failed_inside_a_result_is_found(self):
        inside = checks.failures_inside({"a": {"test_passed": False}, "b": {"rows": [{"status": "ok"}, {"status": "FAILED"}]},
                                         "c": {"status": "success", "failed": 1, "success": False}, "d": [1, "failed"]})
        self.assertEqual(inside, ["a/test_passed is false", "b/rows/1/status is \"FAILED\"", "c/success is false"])

    def test_completed_alone_is_not_enough_unless_the_place_is_expected(self):
        seen = observed(events=run_of("a"), variables={"a": {"test_passed": False}})
        self.assertEqual(self.found({}, seen), ["result of a/test_passed is false"])
        self.assertEqual(self.found({"results": {"a/test_passed": False}}, seen), [])
        self.assertEqual(self.found({"failed_inside": ["^a/"]}, seen), [])


class PlaybookFileTest(unittest.TestCase):
    def playbook(self, text):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "p.yaml"
            path.write_text(text)
            return playbook_file.Playbook(path, "p.yaml")

    def test_hosts_in_the_workload_are_overridden_and_the_text_stays(self):
        text = ("kind: Playbook\nworkload:\n  api_url: http://paginated-api.test-server.svc.cluster.local:5555\n  n: 1\n"
                "  deep: [{u: https://httpbin.org/get}]\nworkflow: [{step: start}]\n")
        found = self.playbook(text)
        self.assertEqual(found.payload(PLACES), {"api_url": PLACES["stub"], "deep": [{"u": PLACES["stub"] + "/get"}]})
        self.assertEqual(found.rewritten(PLACES), text)
        self.assertEqual(found.steps, ["start"])

    def test_hosts_elsewhere_are_replaced_in_the_text(self):
        found = self.playbook("kind: Playbook\nworkflow:\n- step: start\n  tool: {kind: http, url: 'https://api.open-meteo.com/v1/forecast'}\n")
        self.assertIn(PLACES["stub"] + "/v1/forecast", found.rewritten(PLACES))
        script = "https://raw.githubusercontent.com/noetl/noetl/v1/fixtures/scripts/hello_world.py"
        self.assertEqual(playbook_file.pointed(script, PLACES), PLACES["stub"] + "/files/hello_world.py")

    def test_every_host_of_noetls_cluster_is_replaced(self):
        for written, meant in (
                ("http://paginated-api.test-server:5555/x", "{stub}/x"), ("http://other.test-server.svc:5555", "{stub}"),
                ("http://noetl-api.noetl.svc.cluster.local:8082/api", "{server}/api"), ("http://noetl.noetl.svc/api", "{server}/api"),
                ("http://noetl-server:8082", "{server}"), ("http://host.docker.internal:8082", "{server}"),
                ("nats://nats.nats.svc.cluster.local:4222", "nats://{nats_host}"), ("nats://nats:4222", "nats://{nats_host}"),
                ("host=postgres.postgres.svc.cluster.local", "host={pg_host}"), ("postgres-rw.postgres.svc:5432", "{pg_host}:{pg_port}"),
                ("postgresql://demo:demo@localhost:5432/demo", "postgresql://demo:demo@{pg_host}:{pg_port}/demo"),
                ("connect(port=5432)", "connect(port={pg_port})"), ("{'port': '5432'}", "{{'port': '{pg_port}'}}"),
                ("pg_port or 5432", "pg_port or {pg_port}")):
            self.assertEqual(playbook_file.pointed(written, PLACES), meant.format(**PLACES))
        for other in ("https://noetl.io/docs", "https://noetl.com", "https://example.org/noetl", "a row of 5432"):
            self.assertEqual(playbook_file.pointed(other, PLACES), other)

    def test_ports_and_hosts_of_databases_in_the_workload_are_overridden_with_their_type(self):
        found = self.playbook("kind: Playbook\nworkload: {db_port: 5432, pg_port: '5432', db_host: postgres, deep: {port: 5432}, port: 80}\nworkflow: []\n")
        self.assertEqual(found.payload(PLACES), {"db_port": 5433, "pg_port": "5433", "db_host": PLACES["pg_host"], "deep": {"port": 5433}})

    def test_a_replacement_that_finds_nothing_is_an_error(self):
        found = self.playbook("kind: Playbook\nworkflow: []\n")
        with self.assertRaises(ValueError):
            found.rewritten(PLACES, [("not there", "x")])

    def test_places_keep_their_types_and_other_braces_stay(self):
        self.assertEqual(playbook_file.placed({"p": "{pg_port}", "u": "{stub}/a", "t": "{{ x }}", "o": "{other}"}, PLACES),
                         {"p": 5433, "u": PLACES["stub"] + "/a", "t": "{{ x }}", "o": "{other}"})

    def test_files_that_are_no_playbooks_are_left_out(self):
        self.assertFalse(self.playbook("version: 1\nplaybooks: []\n").is_playbook)
        self.assertTrue(self.playbook("kind: Playbook\nworkflow: [\n").is_playbook)


if __name__ == "__main__":
    unittest.main()
