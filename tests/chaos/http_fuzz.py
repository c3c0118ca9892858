#!/usr/bin/env python3
"""Throws what no client would send at every route of /openapi.json of a running server, from a seed that is printed.

What must hold: no 5xx but 503; every 4xx is problem+json with a code, and names the field where one is at fault; statuses
are those that the document has; nothing of a refused request is stored; the process lives, and does not grow.
"""
import argparse
import collections
import http.client
import json
import pathlib
import random
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.parse

from http_values import CONTENT_TYPES, ENCODINGS, PLAYBOOK, RAW, Values, canary_of, numbers_in
from processes import find_program
from stack import Stack, StackSettings

HERE = pathlib.Path(__file__).resolve().parent
THREADS = 3
ANSWER_SECONDS = 20
GROWTH_KIB_MAX = 48 << 10
PROBLEMS_SHOWN = 25
# Statuses that any route may answer to what is no HTTP, no JSON, or too large.
ALWAYS = {400, 404, 405, 413, 414, 415, 431, 503}
NAMES_FIELD = {"invalid_input"}
SETTINGS = StackSettings(servers=1, workers=0, env=(
    ("NOETL_BODY_BYTES_MAX", "4MiB"), ("NOETL_ENCRYPTION_KEY", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")))
LINES = [b"\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"POST /api/v2/execute HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
         b"POST /api/v2/execute HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b"\0" * 500,
         b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 5000 + b"\r\n", b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nHost\r\n\r\n",
         b"POST /api/v2/commands HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n", b"POST /api/v2/commands HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
         b"Content-Length: 5\r\n\r\n0\r\n\r\n", b"POST /api/v2/commands HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcde",
         b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"POST /api/v2/commands HTTP/1.1\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n"]


class Fuzz:
    """`seconds` of requests by three threads. Problems are counted by their kind, with one example of each."""

    def __init__(self, stack, seed, seconds):
        self.stack, self.seed, self.seconds = stack, seed, seconds
        self.server = stack.servers[0]
        status, text = stack.call("GET", "/openapi.json")
        if status != 200:
            raise RuntimeError(f"/openapi.json: {status}")
        self.document = json.loads(text)
        self.operations = [(method.upper(), path, operation) for path, methods in self.document["paths"].items() for method, operation in methods.items()]
        self.lock = threading.Lock()
        self.statuses, self.problems, self.refused, self.by_route = collections.Counter(), {}, {}, collections.Counter()
        self.number = 0

    def prepare(self):
        """Something to aim at: ids that exist."""
        post = lambda path, body: json.loads(self.stack.call("POST", path, body)[1])
        known = post("/api/catalog/register", {"content": PLAYBOOK.format(name="known", data="1")})
        ids = [known["catalog_id"], 0, 1, -1, 2 ** 63, "abc", "fuzz-worker", "fuzz-credential", ""]
        for _ in range(3):
            ids.append(post("/api/v2/execute", {"path": "fuzz/known"})["execution_id"])
            ids.append(post("/api/v2/commands", {"tool": {"kind": "noop"}})["queue_id"])
        post("/api/v2/workers", {"worker_id": "fuzz-worker", "pool": "default", "hostname": "h", "pid": 1, "slots": 4, "version": "1",
                                 "tools": ["noop"], "labels": {}})
        post("/api/credentials", {"name": "fuzz-credential", "type": "postgres", "data": {"x": 1}})
        self.ids = ids

    def run(self):
        until = time.monotonic() + self.seconds
        threads = [threading.Thread(target=self.send_all, args=(i, until)) for i in range(THREADS)]
        for thread in threads:
            thread.start()
        # A body of megabytes stays for some seconds with the allocator: the least of the last third counts, and the most of
        # the first.
        begin, early, late = time.monotonic(), [], []
        while time.monotonic() < until and self.server.is_running():
            third = (time.monotonic() - begin) / (self.seconds / 3)
            (early if third < 1 else late if third > 2 else []).append(self.server.status("VmRSS"))
            time.sleep(0.1)
        for thread in threads:
            thread.join()
        if not self.server.is_running():
            self.note("the server ended", self.server.log()[-1500:])
            return 0, 0
        if self.stack.call("GET", "/livez")[0] != 200:
            self.note("/livez does not answer after the run", "")
        return max(early, default=0), min(late, default=0)

    def send_all(self, index, until):
        chooser = random.Random(f"{self.seed}/{index}")
        values = Values(self.document, chooser, self.ids)
        connection = None
        while time.monotonic() < until and self.server.is_running():
            if chooser.random() < 0.01:
                self.send_lines(chooser.choice(LINES))
                continue
            with self.lock:
                self.number += 1
                number = self.number
            values.canary = canary_of(number)
            request = self.make_request(chooser, values)
            if connection is None:
                connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=ANSWER_SECONDS)
            if not self.send(connection, number, *request):
                connection.close()
                connection = None

    def make_request(self, chooser, values):
        wanted, path, operation = chooser.choice(self.operations)
        if wanted != "GET" and chooser.random() < 0.3:  # most of what can go wrong is in bodies
            wanted, path, operation = chooser.choice([one for one in self.operations if "requestBody" in one[2]])
        query, headers, target = [], {}, path
        for parameter in operation.get("parameters", []):
            text = values.parameter(parameter)
            if parameter["in"] == "path":
                encoded = urllib.parse.quote(text, safe="" if chooser.random() < 0.9 else "/%") or "%20"
                target = target.replace("{" + parameter["name"] + "}", encoded[:3000])
            elif parameter["in"] == "query" and chooser.random() < 0.6:
                query.append(f"{parameter['name']}={urllib.parse.quote(text, safe='')[:3000]}")
            elif parameter["in"] == "header" and chooser.random() < 0.5:
                headers[parameter["name"]] = re.sub(r"[^\x21-\x7e]", "", text)[:2000]
        if chooser.random() < 0.05:
            query.append(chooser.choice(["nonsense=1", "limit", "&&&", "limit=1&limit=2", "%ff=%fe", "=", "limit=%00"]))
        if query:
            target += "?" + "&".join(query)
        body = None
        if "requestBody" in operation:
            content = operation["requestBody"]["content"]["application/json"]["schema"]
            body, headers["Content-Type"] = values.body(content)
        elif chooser.random() < 0.05:
            body, headers["Content-Type"] = chooser.choice(RAW), chooser.choice(CONTENT_TYPES)
        if chooser.random() < 0.02:
            headers["Content-Encoding"] = chooser.choice(ENCODINGS)
        if chooser.random() < 0.02:
            headers["traceparent"] = chooser.choice(["", "00-" + "0" * 32 + "-" + "0" * 16 + "-01", "x" * 500, values.canary])
        method = wanted if chooser.random() < 0.98 else chooser.choice(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "BREW"])
        return method, wanted, target, body, headers, operation

    def send(self, connection, number, method, wanted, target, body, headers, operation):
        """True when the connection can be used again."""
        label = f"{method} {operation['operationId']}"
        try:
            connection.request(method, target, body, headers)
            answer = connection.getresponse()
            data = answer.read()
        except (socket.timeout, TimeoutError):
            self.note(f"{label}: no answer within {ANSWER_SECONDS} s", f"{target} {headers} {shown(body)}")
            return False
        except (OSError, http.client.HTTPException, ValueError):
            # The server may refuse a body, answer and close before all of it was sent; the run's end shows whether it lives.
            with self.lock:
                self.statuses["cut"] += 1
            return False
        self.judge(number, label, answer, data, f"{method} {target} {headers} {shown(body)}", method, wanted, operation)
        return not answer.will_close

    def judge(self, number, label, answer, data, request, method, wanted, operation):
        status = answer.status
        with self.lock:
            self.statuses[status] += 1
            self.by_route[operation["operationId"]] += 1
            if 400 <= status:
                self.refused[number] = f"{status} {request[:200]}"
        if status >= 500 and status != 503:
            self.note(f"{label}: {status}", f"{request} → {data[:300]}")
        if status < 400 or method == "HEAD":
            return
        kind = answer.getheader("Content-Type", "")
        try:
            problem = json.loads(data)
        except ValueError:
            problem = None
        if not kind.startswith("application/problem+json") or not isinstance(problem, dict):
            self.note(f"{label}: {status} that is no problem+json ({kind})", f"{request} → {data[:200]}")
            return
        if not problem.get("code") or not problem.get("detail") or problem.get("status") != status:
            self.note(f"{label}: {status} without code, detail or its status", f"{request} → {data[:300]}")
        is_of_all = str(problem.get("detail")).startswith("the body must be")  # then the field is the body
        if problem.get("code") in NAMES_FIELD and not problem.get("field") and not is_of_all:
            self.note(f"{label}: {problem['code']} that names no field", f"{request} → {data[:300]}")
        if method == wanted and str(status) not in operation["responses"] and status not in ALWAYS:
            self.note(f"{label}: {status} {problem.get('code')} is not in /openapi.json", f"{request} → {data[:200]}")

    def send_lines(self, data):
        """What is no HTTP. Whether and how it is answered is the server's choice; that it lives is not."""
        try:
            with socket.create_connection(("127.0.0.1", self.server.port), timeout=0.2) as connection:
                connection.sendall(data)
                connection.recv(1024)
        except OSError:
            pass

    def note(self, kind, example):
        with self.lock:
            count, first = self.problems.get(kind, (0, example))
            self.problems[kind] = (count + 1, first)

    def find_stored(self):
        """Canaries of refused requests that are in the database all the same."""
        dump = subprocess.run([find_program("pg_dump"), "--data-only", self.stack.postgres.url("noetl")], capture_output=True, check=True)
        stored = numbers_in(dump.stdout)
        return [self.refused[one] for one in sorted(stored & self.refused.keys())], len(stored)


def shown(body):
    return b"" if body is None else body[:300]


def main():
    parser = argparse.ArgumentParser(prog="./dev chaos --http-fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=pathlib.Path, default=HERE.parent.parent / "build" / "release" / "bin", help="folder of the programs")
    parser.add_argument("--seed", type=int, help="of an earlier run")
    parser.add_argument("--seconds", type=float, default=120, help="how long")
    options = parser.parse_args()
    seed = random.SystemRandom().getrandbits(32) if options.seed is None else options.seed
    print(f"seed {seed}", flush=True)
    with Stack(options.bin, SETTINGS, seed) as stack:
        fuzz = Fuzz(stack, seed, options.seconds)
        fuzz.prepare()
        early, late = fuzz.run()
        leaked, stored = fuzz.find_stored() if fuzz.server.is_running() else ([], 0)
    if leaked:
        fuzz.note("of refused requests something was stored", f"{len(leaked)}, such as {leaked[:3]}")
    if late - early > GROWTH_KIB_MAX:
        fuzz.note("the server grew", f"from {early} KiB at most in the first third of the time to {late} KiB at least in the last")
    missed = [operation["operationId"] for _, _, operation in fuzz.operations if operation["operationId"] not in fuzz.by_route]
    if missed and options.seconds >= 5:
        fuzz.note("routes that no answer came from", ", ".join(missed))
    print(f"{sum(fuzz.statuses.values())} requests to {len(fuzz.operations)} operations in {options.seconds:g} s: "
          + ", ".join(f"{status} × {count}" for status, count in sorted(fuzz.statuses.items(), key=str))
          + f"; memory {early / 1024:.0f} → {late / 1024:.0f} MiB; {len(fuzz.refused)} refused, of them stored {len(leaked)}; {stored} accepted were stored")
    for kind, (count, example) in list(fuzz.problems.items())[:PROBLEMS_SHOWN]:
        print(f"! {count} × {kind}\n    {example}")
    print("held" if not fuzz.problems else f"{len(fuzz.problems)} kinds of problems")
    return 1 if fuzz.problems else 0


if __name__ == "__main__":
    sys.exit(main())
