#!/usr/bin/env python3
"""The stub server answers as the playbooks' own test server does."""
import concurrent.futures
import http.client
import json
import pathlib
import subprocess
import sys
import threading
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

SUPPORT = pathlib.Path(__file__).resolve().parent.parent / "support"
sys.path.insert(0, str(SUPPORT))
import stub_server  # noqa: E402


class StubServerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = stub_server.StubServer(files=SUPPORT)
        cls.thread = threading.Thread(target=cls.server.serve_forever, kwargs={"poll_interval": 0.02})
        cls.thread.start()
        cls.url = f"http://127.0.0.1:{cls.server.server_address[1]}"

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()
        cls.thread.join()

    def ask(self, path, method="GET", data=None, headers=None):
        """Status, JSON (or text) and headers of an answer."""
        request = urllib.request.Request(self.url + path, method=method, data=data, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                status, body, found = answer.status, answer.read(), answer.headers
        except urllib.error.HTTPError as refused:
            with refused:
                status, body, found = refused.code, refused.read(), refused.headers
        try:
            return status, json.loads(body), found
        except ValueError:
            return status, body.decode(), found

    def get(self, path):
        status, value, _headers = self.ask(path)
        self.assertEqual(status, 200, value)
        return value

    def pages(self, path, size):
        page, found = 1, []
        while True:
            answer = self.get(f"{path}?page={page}&pageSize={size}")
            found.append(answer["data"])
            self.assertEqual(answer["paging"]["page"], page)
            if not answer["paging"]["hasMore"]:
                return found, answer["paging"]["total"]
            page += 1

    def test_assessments_have_35_items_in_order_on_as_many_pages_as_the_size_asks_for(self):
        for size, lengths in ((10, [10, 10, 10, 5]), (30, [30, 5]), (35, [35]), (40, [35])):
            found, total = self.pages("/api/v1/assessments", size)
            self.assertEqual([len(page) for page in found], lengths)
            self.assertEqual([item["id"] for page in found for item in page], list(range(1, 36)))
            self.assertEqual(total, 35)
        first = found[0][0]
        self.assertEqual((first["id"], first["name"], first["score"]), (1, "Assessment 1", 51))
        self.assertLessEqual({"category", "description", "timestamp", "meta"}, set(first))

    def test_users_come_by_offset(self):
        last = self.get("/api/v1/users?offset=30&limit=10")
        self.assertEqual([user["id"] for user in last["users"]], [31, 32, 33, 34, 35])
        self.assertFalse(last["has_more"])
        self.assertTrue(self.get("/api/v1/users?offset=0&limit=10")["has_more"])
        self.assertEqual(set(last["users"][0]), {"id", "username", "email"})

    def test_events_come_by_cursor_until_it_is_null(self):
        cursor, ids = "", []
        while cursor is not None:
            answer = self.get("/api/v1/events?limit=20&cursor=" + urllib.parse.quote(cursor))
            ids += [event["id"] for event in answer["events"]]
            cursor = answer["next_cursor"]
        self.assertEqual(ids, list(range(1, 36)))
        self.assertEqual(self.ask("/api/v1/events?cursor=!!")[0], 400)

    def test_a_flaky_page_fails_once_and_again_after_a_reset_and_namespaces_are_apart(self):
        asked = "/ns/one/api/v1/flaky?page=2&fail_on=2,3"
        self.assertEqual(self.ask("/ns/one/api/v1/flaky?page=1&fail_on=2,3")[0], 200)
        self.assertEqual([self.ask(asked)[0] for _ in range(3)], [500, 200, 200])
        self.assertEqual(self.ask("/ns/two/api/v1/flaky?page=2&fail_on=2,3")[0], 500)
        self.assertEqual(self.ask("/ns/one/api/v1/flaky/reset", "POST")[1], {"status": "reset"})
        self.assertEqual(self.ask(asked)[0], 500)

    def test_the_probe_counts_what_runs_at_once(self):
        self.ask("/ns/probe/api/v1/concurrency/reset", "POST")
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(self.get, ["/ns/probe/api/v1/concurrency/probe?delay_seconds=0.3&label=a"] * 4))
        stats = self.get("/ns/probe/api/v1/concurrency/stats")
        self.assertEqual((stats["started"], stats["completed"], stats["active"]), (4, 4, 0))
        self.assertGreaterEqual(stats["max_active"], 2)
        self.ask("/ns/probe/api/v1/concurrency/reset", "POST")
        self.assertEqual(self.get("/ns/probe/api/v1/concurrency/stats"),
                         {"started": 0, "completed": 0, "active": 0, "max_active": 0})

    def test_errors_and_rate_limits_are_told_as_asked(self):
        for kind, status in (("429", 429), ("500", 500), ("503", 503), ("auth", 401), ("403", 403), ("404", 404)):
            self.assertEqual(self.ask(f"/api/v1/errors?error_type={kind}")[0], status)
        answers = [self.ask("/ns/rate/api/v1/rate-limited?requests_per_second=1") for _ in range(8)]
        refused = [headers for status, _body, headers in answers if status == 429]
        self.assertTrue(refused)
        self.assertEqual(refused[0]["Retry-After"], "1")

    def test_patients_have_as_many_pages_as_their_kind_allows(self):
        for kind, least, most in (("assessments", 2, 4), ("conditions", 1, 3), ("medications", 2, 3), ("vital_signs", 1, 1)):
            counts = {stub_server.patient_pages(patient, kind) for patient in range(1, 200)}
            self.assertEqual(counts, set(range(least, most + 1)))
        first = self.get("/api/v1/patient/assessments?patientId=7&page=1")
        self.assertEqual(len(first["data"]), 1)
        self.assertTrue(first["paging"]["hasMore"])
        self.assertEqual(self.ask("/api/v1/patient/vital_signs?patientId=7&page=2")[0], 404)

    def test_patient_records_have_two_to_five_pages_of_about_the_payload_asked_for(self):
        first = self.get("/api/v1/patient-records?patientId=P-0001&page=1&pageSize=10&payload_kb=100")
        pages = first["meta"]["totalPages"]
        self.assertIn(pages, range(2, 6))
        self.assertEqual(len(first["entry"]), 10)
        self.assertGreater(len(json.dumps(first)), 90 * 1024)
        self.assertEqual(self.ask(f"/api/v1/patient-records?patientId=P-0001&page={pages + 1}")[0], 404)

    def test_a_batch_of_patients_has_all_their_pages_with_their_facility(self):
        data = self.get("/api/v1/pft/batch/assessments?patientIds=1,1000,1001&pageSize=10")
        self.assertEqual(data["rowCount"], len(data["rows"]))
        self.assertEqual({(row["patient_id"], row["facility_mapping_id"]) for row in data["rows"]},
                         {(1, 1), (1000, 1), (1001, 2)})
        self.assertEqual(sum(row["is_last_page"] for row in data["rows"]), 3)
        mds = self.get("/api/v1/pft/batch/mds?patientIds=5")["rows"]
        self.assertEqual(self.get(f"/api/v1/mds/assessment/{mds[0]['assessment_id']}"), mds[0]["payload"])
        self.assertEqual(self.get("/api/v1/mds/assessment_ids?patientId=5")["mdsAssessmentIds"],
                         [row["assessment_id"] for row in mds])
        self.assertEqual(self.ask("/api/v1/pft/batch/nothing?patientIds=5")[0], 404)
        self.assertEqual(self.ask("/api/v1/pft/batch/mds?patientIds=" + ",".join(["1"] * 501))[0], 422)

    def test_the_reference_chain_leads_from_each_item_to_its_detail(self):
        last = self.get("/api/v1/reference-chain/items?page=39&pageSize=10&ref_mode=linked")
        self.assertEqual([item["id"] for item in last["data"]], [381, 382])
        self.assertEqual(last["refs"], [item["record_ref"] for item in last["data"]])
        self.assertEqual(self.get(last["data"][1]["record_ref"])["record_id"], last["data"][1]["record_id"])
        self.assertEqual(self.get(last["data"][1]["detail_path"])["data"]["id"], 382)
        self.assertEqual(self.ask("/api/v1/reference-chain/detail/383")[0], 404)

    def test_a_kept_connection_answers_at_once(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.server_address[1], timeout=20)
        took = []
        for _ in range(10):
            started = time.monotonic()
            connection.request("GET", "/health")
            connection.getresponse().read()
            took.append(time.monotonic() - started)
        connection.close()
        self.assertLess(sorted(took)[5], 0.03)

    def test_heavy_items_weigh_what_was_asked_for(self):
        page = self.get("/ns/heavy/api/v1/heavy?page=10&pageSize=10&payload_kb=3")
        self.assertEqual(page["data"][-1]["id"], 100)
        self.assertEqual(len(page["data"][0]["payload"]), 3 * 1024)
        self.assertEqual(self.get("/ns/heavy/api/v1/heavy/stats"), {"requests": 1, "bytes": 10 * 3 * 1024})

    def test_the_public_sites_answer_as_they_do(self):
        posts = self.get("/posts")
        self.assertEqual((len(posts), posts[-1]["userId"], set(posts[0])), (100, 10, {"userId", "id", "title", "body"}))
        self.assertEqual(max(self.get("/v1/forecast?latitude=1")["hourly"]["temperature_2m"]), 24.0)
        self.assertEqual(self.get("/get?test=hello")["args"], {"test": "hello"})
        sent = self.ask("/post", "POST", b'{"a": 1}', {"Content-Type": "application/json"})[1]
        self.assertEqual(sent["json"], {"a": 1})
        self.assertEqual(self.ask("/anything/x/y", "PUT", b"text", {"Content-Type": "text/plain"})[1]["data"], "text")
        self.assertEqual([self.ask("/status/204")[0], self.ask("/status/503")[0]], [204, 503])
        self.assertEqual(self.get("/api/rest_v1/page/summary/Paris")["title"], "Paris")

    def test_what_is_not_there_is_refused_and_files_stay_in_their_folder(self):
        self.assertEqual(self.ask("/nothing")[0], 404)
        self.assertEqual(self.ask("/api/v1/flaky", "POST")[0], 405)
        self.assertEqual(self.ask("/api/v1/assessments?page=zero")[0], 422)
        self.assertIn("stub", self.get("/files/stub_server.py"))
        self.assertEqual(self.ask("/files/../CMakeLists.txt")[0], 404)

    def test_as_a_program_it_prints_its_port_and_ends_with_its_stdin(self):
        with subprocess.Popen([sys.executable, SUPPORT / "stub_server.py", "--until-stdin-ends"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
            port = int(program.stdout.readline())
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=20) as answer:
                self.assertEqual(json.loads(answer.read()), {"status": "ok"})
            program.stdin.close()
            self.assertEqual(program.wait(timeout=20), 0)


if __name__ == "__main__":
    unittest.main()
