#!/usr/bin/env python3
"""The OpenAPI document, metrics and alert rules, tried with programs that others wrote: openapi-spec-validator, clients made by
openapi-typescript and openapi-python-client, schemathesis, promtool. With --short as ctest runs it: fewer examples."""
import argparse
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "chaos"))
import oracle  # noqa: E402
from stack import Stack, StackSettings  # noqa: E402

PLAYBOOK = """apiVersion: noetl.io/v2
kind: Playbook
metadata: {name: hello, path: clients/hello}
workload: {message: none}
workflow:
  - step: start
    tool: {kind: noop}
"""
SKIPPED = 77


class CannotInstall(Exception):
    pass


def call(what, command, cwd=None, env=None, seconds=900):
    print(f"==> {what}", flush=True)
    done = subprocess.run([str(part) for part in command], cwd=cwd, env={**os.environ, **(env or {})}, text=True, timeout=seconds,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{what} failed ({done.returncode}):\n{done.stdout[-12000:]}")
    return done.stdout


def install(folder, name, files, command):
    """Once for each version of the files that say what to install."""
    digest = hashlib.sha256(b"".join((HERE / one).read_bytes() for one in files)).hexdigest()
    marker = folder / f".{name}"
    if marker.exists() and marker.read_text() == digest:
        return
    print(f"==> installing {name} into {folder}", flush=True)
    done = subprocess.run(command, shell=True, cwd=folder, text=True, capture_output=True, check=False)
    if done.returncode != 0:
        raise CannotInstall(f"{name} cannot install its packages here: {(done.stdout + done.stderr)[-800:]}")
    marker.write_text(digest)


def install_all(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder / name)
    install(folder, "pip", ["requirements.txt"],
            f"/usr/bin/python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check -r '{HERE}/requirements.txt'")
    install(folder, "npm", ["package.json", "package-lock.json"], "npm ci --ignore-scripts --no-audit --no-fund --silent")


def post(url, body, content_type):
    request = urllib.request.Request(url, body.encode(), {"Content-Type": content_type})
    return urllib.request.urlopen(request, timeout=20).read()


class Clients:
    def __init__(self, tools, work, url):
        self.tools, self.work, self.url = tools, work, url
        self.document = work / "openapi.json"
        self.document.write_bytes(urllib.request.urlopen(url + "/openapi.json", timeout=20).read())
        self.env = {"NOETL_SERVER_URL": url, "PATH": f"{tools}/venv/bin:{os.environ['PATH']}"}

    def validate(self):
        call("openapi-spec-validator", [self.tools / "venv/bin/openapi-spec-validator", self.document])

    def typescript(self):
        folder = self.work / "typescript"
        folder.mkdir()
        (folder / "package.json").write_text('{"type": "module"}')
        (folder / "node_modules").symlink_to(self.tools / "node_modules")
        shutil.copy(HERE / "example.ts", folder)
        programs = self.tools / "node_modules/.bin"
        call("openapi-typescript", [programs / "openapi-typescript", self.document, "-o", "noetl.d.ts"], folder)
        call("tsc --strict", [programs / "tsc", "--strict", "--module", "nodenext", "--moduleResolution", "nodenext", "--target", "es2022",
                              "example.ts"], folder)
        print(call("the TypeScript client", ["node", "example.js"], folder, self.env), end="")

    def python(self):
        folder = self.work / "python"
        folder.mkdir()
        shutil.copy(HERE / "example.py", folder)
        (folder / "names.yaml").write_text("project_name_override: noetl-client\npackage_name_override: noetl_client\n")
        said = call("openapi-python-client", [
            self.tools / "venv/bin/openapi-python-client", "generate", "--path", self.document, "--config", "names.yaml", "--meta", "none",
            "--output-path", "noetl_client"], folder, self.env)
        if "Unable to" in said:
            raise SystemExit(f"openapi-python-client left something out:\n{said}")
        # What the generator itself writes around the calls is its own affair.
        call("mypy --strict", [self.tools / "venv/bin/mypy", "--strict", "--follow-imports=silent", "example.py"], folder)
        print(call("the Python client", [self.tools / "venv/bin/python", "example.py"], folder, self.env), end="")

    def schemathesis(self, real, examples, seconds, seed):
        """`real`: values that mean something here, by parameter; half of those that are sent."""
        config = (HERE / "schemathesis.toml").read_text(encoding="utf-8")
        config += "".join(f"\n[dictionaries.{name}]\nvalues = {json.dumps(values)}\n" for name, values in real.items())
        config += "\n[parameters]\n" + "".join(f'"path.{name}" = {{dictionary = "{name}", probability = 0.5}}\n' for name in real)
        (self.work / "schemathesis.toml").write_text(config, encoding="utf-8")
        begun = time.monotonic()
        said = call("schemathesis, all checks", [
            self.tools / "venv/bin/st", "--config-file", "schemathesis.toml", "run", self.url + "/openapi.json", "-c", "all",
            "-n", examples, "--seed", seed, "--no-color", *(["--max-time", seconds] if seconds else [])], self.work, seconds=3600)
        print("\n".join(line for line in said.splitlines() if "generated" in line), f"in {time.monotonic() - begun:.0f} s")


def real_values(stack):
    """Rows of every kind, so that more is tried than what answers 404."""
    def call(path, body):
        status, text = stack.call("POST", path, body)
        if status not in (200, 201):
            raise SystemExit(f"POST {path}: {status} {text}")
        return json.loads(text)

    delayed = {"path": "clients/hello", "delay": 86400}
    executions = [call("/api/v2/execute", one)["execution_id"] for one in [delayed] * 10 + [{"path": "clients/hello"}] * 5]
    commands = [{"tool": {"kind": "noop"}, "pool": "idle"}] * 20
    queue_ids = call("/api/v2/commands", {"commands": commands})["queue_ids"]
    dead = json.loads(stack.call("GET", "/api/v2/dead")[1])["letters"]
    catalog_id = call("/api/catalog/resource", {"path": "clients/hello"})["catalog_id"]
    call("/api/credentials", {"name": "orders", "data": {"password": "x"}})
    call(f"/api/keychain/{catalog_id}/orders", {"token_data": {"token": "x"}})
    call(f"/api/vars/{executions[0]}", {"variables": {"approved": True}})
    call("/api/v2/workers", {"worker_id": "idle-1", "pool": "idle"})
    return {"id": executions, "execution_id": executions, "queue_id": queue_ids + [letter["queue_id"] for letter in dead],
            "catalog_id": [catalog_id], "name": ["orders"], "var_name": ["approved"], "worker_id": ["idle-1"], "pool": ["idle", "clients"]}


def promtool(work, url):
    program = shutil.which("promtool", path=f"{os.environ['PATH']}:{ROOT}/.noetl/prometheus/usr/bin")
    if program is None:
        print("promtool is not here (./dev clients fetches it): metrics and rules are not checked")
        return
    metrics = urllib.request.urlopen(url + "/metrics", timeout=20).read()
    (work / "metrics.txt").write_bytes(metrics)
    call("promtool check metrics", ["sh", "-c", f"{program} check metrics < metrics.txt"], work)
    call("promtool check rules", [program, "check", "rules", ROOT / "deploy/prometheus/alerts.yaml"])
    for test in sorted((ROOT / "deploy/prometheus").glob("*test*.y*ml")):
        call(f"promtool test rules {test.name}", [program, "test", "rules", test], test.parent)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin")
    parser.add_argument("--tools", type=pathlib.Path, default=ROOT / ".noetl/clients", help="where the clients are installed")
    parser.add_argument("--examples", type=int, default=30, help="of schemathesis, for each operation")
    parser.add_argument("--seed", type=int, default=7, help="of schemathesis")
    parser.add_argument("--short", action="store_true", help="as in ctest: without schemathesis' fuzzing")
    parser.add_argument("--skip-code", type=int, default=1, help="exit code when pip or npm cannot be reached")
    arguments = parser.parse_args()
    page = (ROOT / "docs/guides/clients.md").read_text(encoding="utf-8")
    for name in ("example.ts", "example.py"):
        if (HERE / name).read_text(encoding="utf-8") not in page:
            raise SystemExit(f"docs/guides/clients.md does not show tests/clients/{name} as it is")
    tools = arguments.tools.resolve()
    try:
        install_all(tools)
    except CannotInstall as error:
        print(f"SKIPPED: {error}")
        return arguments.skip_code
    settings = StackSettings(servers=1, workers=1, env=(("NOETL_ENCRYPTION_KEY", "c" * 64),))
    with Stack(arguments.bin.resolve(), settings, 7) as stack:
        url = f"http://127.0.0.1:{stack.servers[0].port}"
        post(url + "/api/catalog/register", PLAYBOOK, "application/yaml")
        clients = Clients(tools, pathlib.Path(stack.folder), url)
        clients.validate()
        clients.typescript()
        clients.python()
        promtool(clients.work, url)
        examples, seconds = (1, 20) if arguments.short else (arguments.examples, None)
        clients.schemathesis(real_values(stack), examples, seconds, arguments.seed)
        print("==> noetlctl doctor --deep", flush=True)
        if problems := oracle.check_doctor(stack):
            raise SystemExit("\n".join(problems))
    print("every client works with what the server says and takes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
