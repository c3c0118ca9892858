#!/usr/bin/env python3
"""The servers that NoETL's playbooks call, on this machine: their paginated test server, httpbin, jsonplaceholder,
open-meteo, wikipedia. Python's own library, one thread for each connection; answers depend on the request alone, but for
counters and "fails the first time", which `/ns/NAME/…` before any path keeps apart for each NAME.

    stub_server.py [--port N] [--files DIR]

prints the port on stdout and serves until SIGTERM, or until its stdin ends when --until-stdin-ends is given.
"""
import argparse
import base64
import hashlib
import http.server
import json
import pathlib
import re
import sys
import threading
import time
import urllib.parse

ITEMS = 35
HEAVY_ITEMS = 100
REFERENCES = 382
POSTS = 100
PAGE_SIZE_MAX = 1000
BATCH_IDS_MAX = 500
DELAY_SECONDS_MAX = 300.0
PAYLOAD_KB_MAX = 20_000
# Pages of one patient's records: least, and how many different counts.
PATIENT_PAGES = {"assessments": (2, 3), "conditions": (1, 3), "medications": (2, 2), "vital_signs": (1, 1),
                 "demographics": (1, 1)}
PATIENT_RATE = 50
PATIENTS_PER_FACILITY = 1000  # facility N has the patients (N-1)*1000+1 to N*1000


class Refusal(Exception):
    """An answer that is an error."""

    def __init__(self, status, message, headers=None):
        super().__init__(message)
        self.status, self.message, self.headers = status, message, headers or {}


class Raw:
    """An answer that is no JSON."""

    def __init__(self, body, content_type="text/plain; charset=utf-8", status=200, headers=None):
        self.body, self.content_type, self.status, self.headers = body, content_type, status, headers or {}


class Memory:
    """What one namespace remembers; used under its lock by many threads."""

    def __init__(self):
        self.lock = threading.Lock()
        self.failed_pages = set()
        self.started = self.completed = self.active = self.max_active = 0
        self.heavy_requests = self.heavy_bytes = 0
        self.second = {}  # rate limits: name → (second, requests in it)

    def is_over(self, name, per_second):
        now = int(time.monotonic())
        with self.lock:
            second, count = self.second.get(name, (now, 0))
            count = count + 1 if second == now else 1
            self.second[name] = (now, count)
        return count > per_second


class Query:
    """Query parameters with types; a value that does not fit is the client's error."""

    def __init__(self, text):
        self.pairs = urllib.parse.parse_qsl(text, keep_blank_values=True)
        self.values = dict(self.pairs)

    def text(self, name, default=""):
        return self.values.get(name, default)

    def number(self, name, default, least=0, most=1_000_000):
        try:
            value = int(float(self.values.get(name, default)))
        except ValueError:
            raise Refusal(422, f"{name}: expected a number, found '{self.values[name]}'") from None
        if not least <= value <= most:
            raise Refusal(422, f"{name}: expected {least} to {most}, found {value}")
        return value

    def seconds(self, name, default=0.0):
        try:
            return min(max(float(self.values.get(name, default)), 0.0), DELAY_SECONDS_MAX)
        except ValueError:
            raise Refusal(422, f"{name}: expected seconds, found '{self.values[name]}'") from None


def padding(kilobytes):
    return "x" * (kilobytes * 1024)


def cut(items, page, size):
    """One page of a list, and what follows it."""
    chosen = items[(page - 1) * size:page * size]
    return chosen, {"hasMore": page * size < len(items), "page": page, "pageSize": size, "total": len(items)}


def page_of(query, default_size=10):
    size = query.number("pageSize", query.number("page_size", default_size, 1, PAGE_SIZE_MAX), 1, PAGE_SIZE_MAX)
    return query.number("page", 1, 1), size


def assessment(number):
    return {"id": number, "name": f"Assessment {number}", "score": 50 + number % 50,
            "category": ["physical", "cognitive", "social"][number % 3], "description": f"Assessment number {number}",
            "timestamp": f"2025-01-01T00:{number:02d}:00Z", "meta": {"source": "test-server"}}


def assessments(query, _memory):
    chosen, paging = cut([assessment(i) for i in range(1, ITEMS + 1)], *page_of(query))
    return {"data": chosen, "paging": paging}


def users(query, _memory):
    offset, limit = query.number("offset", 0), query.number("limit", 10, 1, PAGE_SIZE_MAX)
    everyone = [{"id": i, "username": f"user{i}", "email": f"user{i}@example.com"} for i in range(1, ITEMS + 1)]
    return {"users": everyone[offset:offset + limit], "has_more": offset + limit < ITEMS, "offset": offset,
            "limit": limit, "total": ITEMS}


def events(query, _memory):
    """By cursor: base64 of the page's number, null after the last."""
    limit, page = query.number("limit", 10, 1, PAGE_SIZE_MAX), 1
    if query.text("cursor"):
        try:
            page = int(base64.b64decode(query.text("cursor"), validate=True))
        except ValueError:
            raise Refusal(400, f"cursor: not one of ours: '{query.text('cursor')}'") from None
    everything = [{"id": i, "type": ["login", "view", "logout"][i % 3],
                   "timestamp": f"2025-01-01T00:{i:02d}:00Z", "data": {"action": f"action_{i}"}}
                  for i in range(1, ITEMS + 1)]
    chosen, paging = cut(everything, page, limit)
    cursor = base64.b64encode(str(page + 1).encode()).decode() if paging["hasMore"] else None
    return {"events": chosen, "next_cursor": cursor, "limit": limit}


def flaky(query, memory):
    """Each page of fail_on answers 500 once."""
    page, _size = page_of(query)
    failing = {part.strip() for part in query.text("fail_on").split(",") if part.strip()}
    with memory.lock:
        must_fail = str(page) in failing and page not in memory.failed_pages
        if must_fail:
            memory.failed_pages.add(page)
    if must_fail:
        raise Refusal(500, f"page {page} fails the first time")
    return assessments(query, memory)


def flaky_reset(_query, memory):
    with memory.lock:
        memory.failed_pages.clear()
    return {"status": "reset"}


def heavy(query, memory):
    page, size = page_of(query)
    blob = padding(query.number("payload_kb", 10, 0, PAYLOAD_KB_MAX))
    chosen, paging = cut([{"id": i, "name": f"Heavy {i}"} for i in range(1, HEAVY_ITEMS + 1)], page, size)
    with memory.lock:
        memory.heavy_requests += 1
        memory.heavy_bytes += len(blob) * len(chosen)
    return {"data": [{**item, "payload": blob} for item in chosen], "paging": paging}


def heavy_stats(_query, memory):
    with memory.lock:
        return {"requests": memory.heavy_requests, "bytes": memory.heavy_bytes}


def concurrency_probe(query, memory):
    delay = query.seconds("delay_seconds")
    with memory.lock:
        memory.started += 1
        memory.active += 1
        memory.max_active = max(memory.max_active, memory.active)
        number = memory.started
    try:
        time.sleep(delay)  # being slow is what this endpoint is for
    finally:
        with memory.lock:
            memory.active -= 1
            memory.completed += 1
    return {"status": "ok", "label": query.text("label"), "delay_seconds": delay, "request": number}


def concurrency_stats(_query, memory):
    with memory.lock:
        return {"started": memory.started, "completed": memory.completed, "active": memory.active,
                "max_active": memory.max_active}


def concurrency_reset(_query, memory):
    with memory.lock:
        memory.started = memory.completed = memory.max_active = 0
    return {"status": "reset"}


def errors(query, _memory):
    kind = query.text("error_type", "500")
    if kind == "timeout":
        time.sleep(query.seconds("delay_seconds", 30.0))
        return {"status": "late"}
    known = {"429": 429, "rate_limit": 429, "500": 500, "503": 503, "auth": 401, "401": 401, "403": 403, "404": 404}
    if kind not in known:
        raise Refusal(422, f"error_type: expected one of {', '.join(sorted(known))}, timeout; found '{kind}'")
    status = known[kind]
    raise Refusal(status, f"error {kind} as asked", {"Retry-After": "1"} if status in (429, 503) else {})


def rate_limited(query, memory):
    if memory.is_over("rate-limited", query.number("requests_per_second", 10, 1)):
        raise Refusal(429, "too many requests in this second", {"Retry-After": "1"})
    return {"status": "ok", "data": [assessment(1)]}


def spread(text, least, width):
    """A number that looks random and is the same each time."""
    return least + int(hashlib.md5(text.encode()).hexdigest(), 16) % width


def patient_records(query, memory):
    """FHIR-like: 2 to 5 pages for each patient."""
    if memory.is_over("patient-records", query.number("rate_limit", PATIENT_RATE, 1)):
        raise Refusal(429, "too many requests in this second", {"Retry-After": "1"})
    patient, (page, size) = query.text("patientId"), page_of(query)
    pages = spread(f"{patient}:records", 2, 4)
    if page > pages:
        raise Refusal(404, f"patient {patient} has {pages} pages, not {page}")
    least, most = query.seconds("min_delay"), query.seconds("max_delay")
    if most > 0:
        time.sleep(least + (most - least) * spread(f"{patient}:{page}:delay", 0, 1000) / 1000)
    blob = padding(max(query.number("payload_kb", 1, 0, PAYLOAD_KB_MAX) // size, 1))
    entries = [{"id": f"{patient}-{page}-{i}", "resourceType": "Observation", "payload": blob} for i in range(size)]
    return {"meta": {"page": page, "totalPages": pages, "pageSize": size, "total": pages * size}, "entry": entries}


def patient_pages(patient, kind):
    least, width = PATIENT_PAGES[kind]
    return spread(f"{patient}:{kind}", least, width)


def patient_record(patient, kind, page):
    return {"patient_id": patient, "type": kind, "page": page, "value": f"{kind} {page} of patient {patient}",
            "record_id": f"{kind}-{patient}-{page}", "current": page == 1, "description": f"{kind} of patient {patient}",
            "timestamp": f"2025-01-01T00:{page:02d}:00Z"}


def patient(query, memory, kind):
    if memory.is_over("patient", PATIENT_RATE):
        raise Refusal(429, "too many requests in this second", {"Retry-After": "1"})
    number, page = query.number("patientId", 1, 1), query.number("page", 1, 1)
    pages = patient_pages(number, kind)
    if page > pages:
        raise Refusal(404, f"patient {number} has {pages} pages of {kind}, not {page}")
    return {"data": [patient_record(number, kind, page)],
            "paging": {"hasMore": page < pages, "page": page, "pageSize": 1, "total": pages}}


def facility_of(number):
    return (number - 1) // PATIENTS_PER_FACILITY + 1


def mds_ids_of(number):
    return [f"mds-{number}-{i}" for i in range(1, spread(f"{number}:mds", 1, 2) + 1)]


def mds_detail(assessment_id):
    return {"assessment_id": assessment_id, "sections": {"A": spread(assessment_id, 0, 100), "note": "it's stable"}}


def mds_assessment_ids(query, _memory):
    number = query.number("patientId", 1, 1)
    return {"patient_id": number, "mdsAssessmentIds": mds_ids_of(number)}


def mds_rows(number):
    return [{"patient_id": number, "facility_mapping_id": facility_of(number), "assessment_id": one,
             "payload": mds_detail(one)} for one in mds_ids_of(number)]


def pft_rows(number, kind):
    where = {"patient_id": number, "facility_mapping_id": facility_of(number)}
    if kind == "demographics":
        return [{**where, "payload": {"name": f"Patient {number}", "note": "O'Neil"}}]
    pages = patient_pages(number, kind)
    return [{**where, "page_number": page, "payload": patient_record(number, kind, page),
             "is_last_page": page == pages} for page in range(1, pages + 1)]


def ids_of(query, name):
    ids = [part for part in query.text(name).split(",") if part]
    if not ids or len(ids) > BATCH_IDS_MAX or not all(part.isdigit() for part in ids):
        raise Refusal(422, f"{name}: expected 1 to {BATCH_IDS_MAX} numbers with commas, found {len(ids)} parts")
    return [int(part) for part in ids]


def pft_batch(query, _memory, kind):
    if kind not in PATIENT_PAGES and kind != "mds":
        raise Refusal(404, f"no data of type '{kind}'; known are {', '.join(PATIENT_PAGES)}, mds")
    rows = [row for number in ids_of(query, "patientIds")
            for row in (mds_rows(number) if kind == "mds" else pft_rows(number, kind))]
    return {"rows": rows, "rowCount": len(rows), "dataType": kind}


def pft_mds_details(query, memory):
    return pft_batch(query, memory, "mds")


def reference_items(query, _memory):
    page, size = page_of(query)
    is_linked = query.text("ref_mode", "linked") == "linked"
    every = [{"id": i, "record_id": f"rec-{i}", "name": f"Reference {i}", "score": 50 + i % 50,
              "category": ["a", "b", "c"][i % 3], "meta": {"position": i},
              **({"detail_path": f"/api/v1/reference-chain/detail/{i}",
                  "record_ref": f"/api/v1/reference-chain/detail/{i}"} if is_linked else {})}
             for i in range(1, REFERENCES + 1)]
    chosen, paging = cut(every, page, size)
    return {"data": chosen, "refs": [item["record_ref"] for item in chosen if "record_ref" in item], "paging": paging}


def reference_detail(_query, _memory, number):
    if not 1 <= int(number) <= REFERENCES:
        raise Refusal(404, f"there is no item {number}; items are 1 to {REFERENCES}")
    detail = {"id": int(number), "record_id": f"rec-{number}", "name": f"Reference {number}", "detail": f"Detail of {number}",
              "description": f"Detail of {number}", "score": 50 + int(number) % 50, "timestamp": "2025-01-01T00:00:00Z",
              "meta": {"position": int(number)}}
    return {**detail, "data": detail}


def posts(_query, _memory):
    return [post(i) for i in range(1, POSTS + 1)]


def post(number):
    return {"userId": (number - 1) // 10 + 1, "id": number, "title": f"title {number}: it's quoted",
            "body": f"body of post {number}\nin two lines, long enough that fifty characters are not all of it"}


def one_post(_query, _memory, number):
    if not 1 <= int(number) <= POSTS:
        raise Refusal(404, f"there is no post {number}")
    return post(int(number))


def forecast(query, _memory):
    """A warm day: 24.0 at most at two in the afternoon."""
    hours = [round(12.0 + 12.0 * (1 - abs(hour - 14) / 14), 1) if hour <= 23 else 12.0 for hour in range(24)]
    return {"latitude": float(query.text("latitude", "0")), "longitude": float(query.text("longitude", "0")),
            "current_weather": {"temperature": 21.5, "windspeed": 7.2, "weathercode": 1},
            "hourly": {"time": [f"2025-06-01T{hour:02d}:00" for hour in range(24)], "temperature_2m": hours}}


def summary(_query, _memory, title):
    return {"title": title, "extract": f"{title} is the subject of this page.", "type": "standard"}


def health(_query, _memory):
    return {"status": "ok"}


# Method and path → what answers it; the path's groups are further arguments.
ROUTES = [(method, re.compile(path + "/?$"), answer) for method, path, answer in [
    ("GET", "/health", health),
    ("GET", "/api/health", health),
    ("GET", "/api/v1/assessments", assessments),
    ("GET", "/api/v1/users", users),
    ("GET", "/api/v1/events", events),
    ("GET", "/api/v1/flaky", flaky),
    ("POST", "/api/v1/flaky/reset", flaky_reset),
    ("GET", "/api/v1/heavy", heavy),
    ("GET", "/api/v1/heavy/stats", heavy_stats),
    ("GET", "/api/v1/concurrency/probe", concurrency_probe),
    ("GET", "/api/v1/concurrency/stats", concurrency_stats),
    ("POST", "/api/v1/concurrency/reset", concurrency_reset),
    ("GET", "/api/v1/errors", errors),
    ("GET", "/api/v1/rate-limited", rate_limited),
    ("GET", "/api/v1/patient-records", patient_records),
    ("GET", "/api/v1/patient/(assessments|conditions|medications|vital_signs|demographics)", patient),
    ("GET", "/api/v1/mds/assessment_ids", mds_assessment_ids),
    ("GET", r"/api/v1/mds/assessment/([\w-]+)", lambda _query, _memory, one: mds_detail(one)),
    ("GET", r"/api/v1/pft/batch/(\w+)", pft_batch),
    ("GET", "/api/v1/pft/mds/details", pft_mds_details),
    ("GET", "/api/v1/reference-chain/items", reference_items),
    ("GET", r"/api/v1/reference-chain/detail/(\d{1,9})", reference_detail),
    ("GET", "/posts", posts),
    ("GET", r"/posts/(\d{1,9})", one_post),
    ("GET", "/v1/forecast", forecast),
    ("GET", "/api/rest_v1/page/summary/([^/]+)", summary),
]]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 120
    disable_nagle_algorithm = True  # else a kept connection waits 42 ms for the acknowledgement of an answer's head

    def answer(self):
        self.content = self.read_body()
        parts = urllib.parse.urlsplit(self.path)
        path, memory = urllib.parse.unquote(parts.path), self.server.memory_of("")
        named = re.match(r"/ns/([\w.-]+)(/.*)", path)
        if named:
            memory, path = self.server.memory_of(named.group(1)), named.group(2)
        try:
            self.send_value(self.value_of(path, Query(parts.query), memory))
        except Refusal as refusal:
            self.send_value({"error": refusal.message, "status": refusal.status}, refusal.status, refusal.headers)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = answer

    def value_of(self, path, query, memory):
        is_path_known = False
        for method, pattern, found in ROUTES:
            match = pattern.match(path)
            is_path_known = is_path_known or match is not None
            if match and (method == self.command or (method == "GET" and self.command == "HEAD")):
                return found(query, memory, *match.groups())
        if is_path_known:
            raise Refusal(405, f"{self.command} is not for {path}")
        return self.httpbin(path, query)

    def httpbin(self, path, query):
        verb = path.strip("/")
        if path.startswith("/anything") or verb.upper() == self.command:
            return self.echo(query)
        status = re.match(r"/status/(\d{3})$", path)
        if status:
            return Raw(b"", status=int(status.group(1)))
        if path.startswith("/files/") and self.server.files is not None:
            return self.file(path.removeprefix("/files/"))
        raise Refusal(404, f"nothing answers {self.command} {path} here")

    def file(self, name):
        found = (self.server.files / name).resolve()
        if not found.is_relative_to(self.server.files) or not found.is_file():
            raise Refusal(404, f"there is no file '{name}'")
        return Raw(found.read_bytes())

    def echo(self, query):
        """What httpbin says of a request."""
        kind = self.headers.get("Content-Type", "")
        text, form, data = self.content.decode("utf-8", "replace"), {}, None
        if kind.startswith("application/x-www-form-urlencoded"):
            form, text = dict(urllib.parse.parse_qsl(text)), ""
        else:
            try:
                data = json.loads(text) if text else None
            except ValueError:
                pass
        return {"args": query.values, "data": text, "form": form, "files": {}, "headers": dict(self.headers),
                "json": data, "method": self.command, "origin": self.client_address[0],
                "url": f"http://{self.headers.get('Host', 'localhost')}{self.path}"}

    def read_body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0] or b"0", 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def send_value(self, value, status=200, headers=None):
        raw = value if isinstance(value, Raw) else Raw(json.dumps(value).encode(), "application/json", status, headers)
        self.send_response(raw.status)
        self.send_header("Content-Type", raw.content_type)
        self.send_header("Content-Length", str(len(raw.body)))
        for name, text in raw.headers.items():
            self.send_header(name, text)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(raw.body)

    def log_message(self, *_arguments):
        pass


class StubServer(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port=0, files=None):
        super().__init__(("127.0.0.1", port), Handler)
        self.files = None if files is None else pathlib.Path(files).resolve()
        self.memories = {}
        self.lock = threading.Lock()

    def memory_of(self, namespace):
        with self.lock:
            return self.memories.setdefault(namespace, Memory())

    def handle_error(self, _request, _client):
        """A client that went away is no news; anything else is."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(_request, _client)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--port", type=int, default=0, help="a free one when left out")
    arguments.add_argument("--files", help="folder served below /files/")
    arguments.add_argument("--until-stdin-ends", action="store_true", help="end with the process that started this one")
    options = arguments.parse_args()
    server = StubServer(options.port, options.files)
    print(server.server_address[1], flush=True)
    if options.until_stdin_ends:
        threading.Thread(target=lambda: (sys.stdin.read(), server.shutdown()), daemon=True).start()
    try:
        server.serve_forever(poll_interval=0.05)
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
