#!/usr/bin/env python3
"""The command line `nats` of NATS itself against `noetlctl dev`: every command that the documents name, as the user that they name.
It is the one in PATH or in ~/go/bin; else Go builds it into the folder --tools. Where neither goes, this says so and ends with
--skip-code. With --show it prints each command and what it answered."""
import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))
import machine  # noqa: E402

NATS = "github.com/nats-io/natscli/nats@v0.1.5"
PLAYBOOK = """apiVersion: noetl.io/v2
kind: Playbook
metadata: {name: answer, path: chat/answer}
workload: {message: none}
workflow:
  - step: start
    tool: {kind: noop}
"""


def find_nats(tools):
    """None: it is not there, and cannot be built."""
    places = [os.environ.get("PATH", ""), str(pathlib.Path.home() / "go/bin"), str(tools)]
    if found := shutil.which("nats", path=os.pathsep.join(places)):
        return found
    if not (go := shutil.which("go")):
        return None
    tools.mkdir(parents=True, exist_ok=True)
    built = subprocess.run([go, "install", NATS], env={**os.environ, "GOBIN": str(tools)}, capture_output=True, text=True, timeout=600, check=False)
    if built.returncode != 0:
        print(f"{NATS} cannot be built: {built.stderr[-500:]}")
    return shutil.which("nats", path=str(tools))


class Development:
    """`noetlctl dev` with one worker, in a folder of its own."""

    def __init__(self, programs, folder):
        self.folder = pathlib.Path(folder)
        self.log = open(self.folder / "log", "wb")
        self.port = machine.free_port()
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("NOETL_", "NATS_"))}
        environment["NOETL_PUBLISH_EVENTS"] = "on"
        self.process = subprocess.Popen([programs / "noetlctl", "dev", "--data", self.folder / "data", "--workers", "1", "--port", str(self.port)],
                                        stdout=self.log, stderr=self.log, cwd=folder, preexec_fn=machine.die_with_parent(15), env=environment)
        machine.wait_until("noetlctl dev", self.is_up, 90)
        text = (self.folder / "data/nats/conf/nats-server.conf").read_text()
        self.url = "nats://" + re.search(r'listen: "([^"]+)"', text).group(1)
        passwords = (self.folder / "data/nats/nats-secrets/passwords/passwords.conf").read_text()
        self.passwords = {name.lower().replace("_", "-"): value for name, value in re.findall(r'^(\w+)_PASSWORD: "(.*)"$', passwords, re.M)}

    def is_up(self):
        if self.process.poll() is not None:
            raise SystemExit("noetlctl dev ended: " + (self.folder / "log").read_text(errors="replace")[-2000:])
        return (self.folder / "data/dev.json").exists() and self.ask("/readyz") is not None

    def ask(self, path, body=None, kind="application/json"):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", None if body is None else body.encode(), {"Content-Type": kind})
        try:
            return json.load(urllib.request.urlopen(request, timeout=10))
        except OSError:
            return None

    def server_log(self):
        return "".join(path.read_text(errors="replace") for path in (self.folder / "data").rglob("*server*.log"))

    def stop(self):
        self.process.terminate()
        self.process.wait(60)
        self.log.close()


class CommandLine:
    """The program with the login of one user."""
    PREFIXES = {"operator": ["--js-api-prefix", "NOETL.API"], "observer": ["--inbox-prefix", "_INBOX_observer", "--js-api-prefix", "NOETL.API"],
                "worker": ["--inbox-prefix", "_INBOX_default"]}

    def __init__(self, program, stack, user, is_shown):
        self.program, self.stack, self.user, self.is_shown = program, stack, user, is_shown

    def __call__(self, *arguments, fails=False):
        command = [self.program, "--server", self.stack.url, "--user", self.user, "--password", self.stack.passwords[self.user], "--timeout", "3s",
                   *self.PREFIXES.get(self.user, []), *arguments]
        environment = {**os.environ, "HOME": str(self.stack.folder), "XDG_CONFIG_HOME": str(self.stack.folder), "NO_COLOR": "1"}
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment, stdin=subprocess.DEVNULL)
        output = done.stdout + done.stderr
        if self.is_shown:
            print(f"$ nats --user {self.user} {' '.join([*self.PREFIXES.get(self.user, []), *arguments])}\n{output}")
        if (done.returncode != 0) != fails:
            raise SystemExit(f"nats {' '.join(arguments)} as {self.user} ended with {done.returncode}:\n{output}")
        return done.stdout if not fails else output


def want(output, *texts):
    for text in texts:
        if not re.search(text, output):
            raise SystemExit(f"'{text}' is not in:\n{output}")


def streams(operator):
    want(operator("stream", "ls", "--all"), "NOETL_COMMANDS", "NOETL_DEAD", "NOETL_EXECUTIONS", "KV_noetl_config")
    want(operator("stream", "info", "NOETL_COMMANDS"), "noetl.commands", "Messages: ")
    want(operator("stream", "info", "NOETL_EXECUTIONS"), "noetl.workflow.submit", "WorkQueue|Work Queue")
    want(operator("stream", "report"), "NOETL_COMMANDS")
    want(operator("consumer", "info", "NOETL_COMMANDS", "noetl-worker-pool"), "Pull Mode: true", "Acknowledg?e?ment Policy: Explicit|Ack Policy: Explicit")
    want(operator("consumer", "report", "NOETL_COMMANDS"), "noetl-worker-pool")
    want(operator("stream", "get", "NOETL_COMMANDS", "--last-for", "noetl.commands"), "queue_id")


def services(operator, worker):
    want(operator("micro", "ls"), "noetl-server")
    want(operator("micro", "info", "noetl-server"), "claim", "execute", r"noetl\.workflow\.execute\.\*")
    want(operator("micro", "stats", "noetl-server"), "claim", "execute")
    want(operator("micro", "ping"), "noetl-server") if "ping" in operator("micro", "--help") else None
    for user in (operator,):
        health = json.loads(user("request", "--raw", "health.noetl-server", ""))
        assert health["status"] == "healthy" and health["service"] == "noetl-server", health
        found = json.loads(user("request", "--raw", "discovery.noetl-server", ""))
        assert found["name"] == "noetl-server" and found["endpoints"], found
    registered = json.loads(worker("request", "--raw", "noetl.cluster.heartbeat.nobody", '{"held":[]}'))
    assert registered.get("is_known") is False or "code" in registered, registered


def events(observer, producer, stack):
    """The server publishes what is committed after it has made the stream and the consumer."""
    machine.wait_until("the first look for events", lambda: "this server publishes events" in stack.server_log(), 30)
    want(observer("consumer", "info", "NOETL_EVENTS", "observer"), "Pull Mode: true")
    message = json.dumps({"message_id": "m-3", "context": {"playbook": "chat/answer"}})
    execution_id = json.loads(producer("request", "--raw", "noetl.workflow.execute.sess_1", message))["execution_id"]
    want(observer("consumer", "next", "NOETL_EVENTS", "observer", "--count", "1"), execution_id)
    observer("consumer", "add", "NOETL_EVENTS", "mine", "--pull", "--defaults", fails=True)
    observer("consumer", "next", "NOETL_COMMANDS", "noetl-worker-pool", fails=True)


def settings(operator, observer, stack):
    want(operator("kv", "put", "noetl_config", "pool.reports.paused", "true"), "true")
    want(operator("kv", "get", "noetl_config", "pool.reports.paused", "--raw"), "true")
    want(operator("stream", "subjects", "KV_noetl_config"), "pool.reports.paused")
    machine.wait_until("the pool is paused", lambda: stack.ask("/api/v2/pools/reports")["is_paused"], 20)
    operator("kv", "del", "noetl_config", "pool.reports.paused", "--force")
    machine.wait_until("the pool goes on", lambda: not stack.ask("/api/v2/pools/reports")["is_paused"], 20)
    observer("kv", "put", "noetl_config", "pool.reports.paused", "true", fails=True)
    observer("kv", "get", "noetl_config", "pool.reports.paused", fails=True)


def executions(producer, stack):
    stack.ask("/api/catalog/register", PLAYBOOK, "application/yaml")
    message = json.dumps({"message_id": "m-1", "context": {"playbook": "chat/answer"}})
    first = json.loads(producer("request", "--raw", "noetl.workflow.execute.sess_1", message))
    second = json.loads(producer("request", "--raw", "noetl.workflow.execute.sess_1", message))
    assert first["execution_id"] == second["execution_id"], (first, second)
    machine.wait_until("it has ended", lambda: stack.ask("/api/v2/executions/" + first["execution_id"])["status"] == "COMPLETED", 20)
    stored = json.loads(producer("request", "--raw", "noetl.workflow.submit.sess_1", message.replace("m-1", "m-2")))
    assert stored["stream"] == "NOETL_EXECUTIONS", stored


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin")
    parser.add_argument("--tools", type=pathlib.Path, default=ROOT / ".noetl/clients/go")
    parser.add_argument("--skip-code", type=int, default=1)
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    program = find_nats(options.tools)
    if program is None:
        print("skipped: the program nats is not here, and Go does not build it here")
        raise SystemExit(options.skip_code)
    with tempfile.TemporaryDirectory(prefix="noetl-nats-cli") as folder:
        stack = Development(options.bin.resolve(), folder)
        try:
            operator, observer, worker, producer = (CommandLine(program, stack, user, options.show)
                                                    for user in ("operator", "observer", "worker", "producer"))
            executions(producer, stack)
            streams(operator)
            services(operator, worker)
            services(observer, worker)
            settings(operator, observer, stack)
            events(observer, producer, stack)
        finally:
            stack.stop()
    print("every command of nats was answered as the documents say")


if __name__ == "__main__":
    main()
