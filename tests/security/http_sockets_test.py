"""What strangers do with sockets: they get no memory, no threads, and no request of their own inside another's."""
import json
import os
import pathlib
import socket
import sys
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "chaos"))
from processes import wait_until  # noqa: E402
from stack import Stack, StackSettings  # noqa: E402

BIN = pathlib.Path(os.environ.get("NOETL_BIN_DIR", ROOT / "build" / "release" / "bin"))
GROWTH_KIB_MAX = 20 << 10
LIVEZ_SECONDS_MAX = 0.05
JSON_POST = "POST /api/v2/commands HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


def connect(port):
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def exchange(port, data):
    """Everything that the server answers to these bytes until it closes, or says no more for a second."""
    with connect(port) as connection:
        connection.sendall(data)
        connection.settimeout(1)
        answer = b""
        try:
            while piece := connection.recv(65536):
                answer += piece
        except (TimeoutError, ConnectionResetError):
            pass
        return answer


def livez_seconds(port):
    begun = time.monotonic()
    with connect(port) as connection:
        connection.sendall(b"GET /livez HTTP/1.1\r\nHost: pod\r\nConnection: close\r\n\r\n")
        answer = connection.makefile("rb").readline()
    if b" 200 " not in answer:
        raise AssertionError(f"/livez answered {answer}")
    return time.monotonic() - begun


def least_livez(port):
    """The machine may be busy for a moment, and then all are slow: the best of three counts."""
    return min(livez_seconds(port) for _ in range(3))


class Sockets(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # Room for bodies as large as those that are announced.
        cls.stack = Stack(BIN, StackSettings(servers=1, workers=1, env=(("NOETL_BODY_BYTES_MAX", "64MiB"),)), 1).__enter__()
        cls.server = cls.stack.servers[0]
        cls.port = cls.server.port
        for _ in range(20):  # what the server needs once, it has by then
            cls.stack.call("POST", "/api/v2/commands", {"tool": {"kind": "noop"}})

    @classmethod
    def tearDownClass(cls):
        cls.stack.__exit__()

    def check_growth(self, before):
        after = self.server.status("VmRSS")
        self.assertLess(after - before, GROWTH_KIB_MAX, f"from {before} to {after} KiB")

    def test_a_line_of_a_chunk_without_end_takes_no_memory(self):
        before = self.server.status("VmRSS")
        with connect(self.port) as connection:
            connection.sendall((JSON_POST + "Transfer-Encoding: chunked\r\n\r\n1;").encode())
            sent = 0
            try:
                for _ in range(600):
                    connection.sendall(b"a" * (1 << 20))
                    sent += 1
            except OSError:
                pass
        self.assertLess(sent, 64, "the server went on reading a line of a chunk")
        self.check_growth(before)

    def test_slow_sockets_take_no_threads_and_the_running_command_keeps_its_lease(self):
        status, text = self.stack.call("POST", "/api/v2/commands", {"tool": {"kind": "shell", "command": "sleep 22"}, "max_attempts": 3})
        self.assertEqual(201, status, text)
        queue_id = json.loads(text)["queue_id"]
        wait_until("the command to run", lambda: self.stack.value("select status from noetl.queue where queue_id = %s", queue_id) == "running")
        before = self.server.status("VmRSS")
        sockets = [connect(self.port) for _ in range(270)]
        try:
            # Some give heads, some bodies; every four seconds a byte, for twenty.
            for index, one in enumerate(sockets):
                one.sendall(b"GET /livez HT" if index % 2 else (JSON_POST + "Content-Length: 1000\r\n\r\n{").encode())
            until, slowest = time.monotonic() + 20, 0.0
            next_byte = time.monotonic() + 4
            while time.monotonic() < until:
                slowest = max(slowest, least_livez(self.port))
                self.assertEqual(200, self.stack.call("GET", "/api/v2/queue")[0])
                if time.monotonic() > next_byte:
                    next_byte += 4
                    for one in sockets:
                        try:
                            one.send(b"T")
                        except OSError:
                            pass  # the server had enough of it
                threading.Event().wait(0.5)
        finally:
            for one in sockets:
                one.close()
        self.check_growth(before)
        self.assertLess(slowest, LIVEZ_SECONDS_MAX)
        wait_until("the command to end", lambda: self.stack.value("select status from noetl.queue where queue_id = %s", queue_id) == "done")
        self.assertEqual(1, self.stack.value("select attempts from noetl.queue where queue_id = %s", queue_id))

    def test_a_peer_that_does_not_read_takes_no_thread(self):
        sockets = []
        try:
            for _ in range(270):
                one = socket.socket()
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                one.connect(("127.0.0.1", self.port))
                one.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 4)
                sockets.append(one)
            self.assertEqual(200, self.stack.call("GET", "/api/v2/queue")[0])
            self.assertLess(least_livez(self.port), LIVEZ_SECONDS_MAX)
        finally:
            for one in sockets:
                one.close()

    def test_announced_bodies_cost_others_nothing(self):
        before = self.server.status("VmRSS")
        sockets = [connect(self.port) for _ in range(13)]
        try:
            for one in sockets:
                one.sendall((JSON_POST + "Content-Length: 67100000\r\n\r\n{").encode())
            for _ in range(20):
                status, text = self.stack.call("POST", "/api/v2/commands", {"tool": {"kind": "noop"}, "input": {"text": "x" * 200_000}})
                self.assertEqual(201, status, text)
        finally:
            for one in sockets:
                one.close()
        self.check_growth(before)

    def test_what_two_readers_could_understand_differently_is_refused_and_ends_the_connection(self):
        smuggled = "GET /api/v2/queue HTTP/1.1\r\nHost: localhost\r\n\r\n"
        body = '{"tool": {"kind": "noop"}}'
        chunk = f"{len(body):x}\r\n{body}\r\n0\r\n\r\n"
        chunked = JSON_POST + "Transfer-Encoding: chunked\r\n\r\n"
        plain = f"Content-Length: {len(body)}\r\n"
        cases = {
            "data not followed by CR LF": chunked + f"5\r\n{body}" + smuggled,
            "blank before the colon": JSON_POST + f"Content-Length : {len(body)}\r\n\r\n{body}",
            "LF alone in a line of the head": (JSON_POST + plain).replace("Host: localhost\r\n", "Host: localhost\n") + "\r\n" + body,
            "LF alone behind a size": chunked + chunk.replace("\r\n", "\n", 1),
            "0x in a size": chunked + "0x" + chunk, "+ in a size": chunked + "+" + chunk, "blank in a size": chunked + " " + chunk,
            "transfer-encoding twice": JSON_POST + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk,
            "transfer-encoding in HTTP/1.0": chunked.replace("HTTP/1.1", "HTTP/1.0") + chunk,
            "length and chunks": JSON_POST + plain + "Transfer-Encoding: chunked\r\n\r\n" + chunk,
            "length twice": JSON_POST + plain + plain + "\r\n" + body,
            "two hosts": JSON_POST + plain + "Host: localhost\r\n\r\n" + body,
            "no host": (JSON_POST + plain).replace("Host: localhost\r\n", "") + "\r\n" + body,
            "NUL in a value": JSON_POST + plain + "X: a\0b\r\n\r\n" + body,
            "control character in a value": JSON_POST + plain + "X: a\x0bb\r\n\r\n" + body,
            "folded header": JSON_POST + plain + "X: a\r\n b\r\n\r\n" + body,
            "trailers": chunked + f"{len(body):x}\r\n{body}\r\n0\r\nX: 1\r\n\r\n",
            "escaped slash": smuggled.replace("/api/v2/queue", "/api%2fv2%2fqueue"),
            "needless escape": smuggled.replace("/api", "/%61pi"),
        }
        before = self.stack.value("select count(*) from noetl.queue")
        for name, text in cases.items():
            with self.subTest(name):
                answer = exchange(self.port, (text + smuggled).encode("latin-1"))
                self.assertTrue(answer.startswith(b"HTTP/1.1 400"), answer[:200])
                if "escape" not in name:  # there it is known where the next request begins
                    self.assertEqual(1, answer.count(b"HTTP/1.1 "), answer)
                    self.assertIn(b"\r\nConnection: close\r\n", answer)
        self.assertEqual(before, self.stack.value("select count(*) from noetl.queue"))
        self.assertIn(b"201", exchange(self.port, (JSON_POST + plain + "Connection: close\r\n\r\n" + body).encode())[:20])


class HealthPort(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(BIN, StackSettings(servers=1, workers=0), 1).__enter__()
        with socket.create_server(("127.0.0.1", 0)) as free:
            cls.port = free.getsockname()[1]
        cls.worker = cls.stack.add_worker()
        cls.worker.start(env={"NOETL_HEALTH_PORT": str(cls.port)})
        cls.worker.await_ready()

    @classmethod
    def tearDownClass(cls):
        cls.stack.__exit__()

    def test_it_listens_on_loopback_by_default(self):
        listening = [line.split()[1] for line in pathlib.Path(f"/proc/{self.worker.pid}/net/tcp").read_text().splitlines()[1:]
                     if line.split()[3] == "0A"]
        self.assertIn(f"0100007F:{self.port:04X}", listening)
        self.assertNotIn(f"00000000:{self.port:04X}", listening)

    def test_a_header_line_without_end_takes_no_memory(self):
        before = self.worker.status("VmRSS")
        with connect(self.port) as connection:
            connection.sendall(b"GET /livez HTTP/1.1\r\nX: ")
            sent = 0
            try:
                for _ in range(300):
                    connection.sendall(b"a" * (1 << 20))
                    sent += 1
            except OSError:
                pass
        self.assertLess(sent, 64)
        self.assertLess(self.worker.status("VmRSS") - before, GROWTH_KIB_MAX)

    def test_slow_sockets_do_not_stop_livez(self):
        sockets = [connect(self.port) for _ in range(40)]
        try:
            for one in sockets:
                one.sendall(b"G")
            self.assertLess(least_livez(self.port), LIVEZ_SECONDS_MAX)
        finally:
            for one in sockets:
                one.close()


if __name__ == "__main__":
    unittest.main(verbosity=1)
