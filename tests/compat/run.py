#!/usr/bin/env python3
"""Runs every playbook of a folder on a stack of its own and says what became of each.

Playbooks that expectations.yaml knows are compared with what their authors meant: status, steps, results, rows. The exit
code is the number of those that are not as expected; in a folder without expectations, of those not COMPLETED (at most 100).
"""
import argparse
import collections
import contextlib
import concurrent.futures
import json
import pathlib
import re
import shutil
import signal
import sys
import tempfile
import threading
import time

import yaml

from checks import differences, matches
from http_json import Refused
from observed import issued, observe
from playbook_file import find_playbooks, placed
from private_stack import DATABASE, HERE, PASSWORD, USER, PrivateStack

ROOT = HERE.parent.parent
SHARED = ROOT / ".." / "shared" / "playbooks"
EXIT_CODE_MAX = 100
TIMEOUT_SECONDS = 120.0
POLL_SECONDS = 0.1
TERMINAL = ("COMPLETED", "FAILED", "CANCELLED")

# One run of one playbook: `expected` is its entry in expectations.yaml, or nothing.
Run = collections.namedtuple("Run", "playbook label expected")
# How it went: `verdict` is pass, FAIL or pending.
Report = collections.namedtuple("Report", "run verdict status seconds events error problems observed")


class Harness:
    def __init__(self, stack, options, pending_errors=()):
        self.stack, self.options, self.pending_errors = stack, options, pending_errors
        self.locks = collections.defaultdict(threading.Lock)
        self.locks_lock = threading.Lock()
        self.is_interrupted = False  # set once, from any thread: what waits for an execution gives up

    def places(self, run):
        postgres = self.stack.postgres()
        stub = f"{self.stack.stub_url}/ns/{re.sub(r'[^A-Za-z0-9]+', '-', run.label)}"
        return {"stub": stub, "stub_host": stub.split("://")[1], "nats_host": f"127.0.0.1:{self.stack.state['nats_port']}",
                "server": self.stack.server_url, "pg_host": postgres["db_host"], "pg_port": postgres["db_port"],
                "pg_user": USER, "pg_password": PASSWORD, "pg_database": DATABASE}

    def register(self, run):
        text = run.playbook.rewritten(self.places(run), [(one["from"], placed(one["to"], self.places(run)))
                                                         for one in run.expected.get("rewrite") or []])
        return self.stack.client.post("/api/catalog/register", {"content": text, "resource_type": "Playbook"})

    def register_quietly(self, playbook):
        """So that other playbooks may call it; that it is refused is reported when it is run."""
        with contextlib.suppress(Refused):
            self.register(Run(playbook, playbook.name, {}))

    def do_all(self, runs):
        """A report for each run, as they end."""
        pool = concurrent.futures.ThreadPoolExecutor(self.options.jobs)
        try:
            for done in concurrent.futures.as_completed([pool.submit(self.do, run) for run in runs]):
                yield done.result()
        finally:
            self.is_interrupted = True
            pool.shutdown(cancel_futures=True)

    def do(self, run):
        locks = sorted(run.expected.get("lock") or [])
        with contextlib.ExitStack() as held:
            for name in locks:
                with self.locks_lock:
                    lock = self.locks[name]
                held.enter_context(lock)
            started = time.monotonic()
            try:
                return self.run_once(run, started)
            except Exception as error:  # one playbook's trouble stops no other
                return self.report(run, "ERROR", started, f"{type(error).__name__}: {error}", ["it could not be run"])

    def run_once(self, run, started):
        refusal = run.expected.get("refused")
        for statement in run.expected.get("before") or []:
            self.stack.sql(statement)
        try:
            registered = self.register(run)
        except Refused as refused:
            is_meant = refusal is not None and re.search(refusal, str(refused))
            return self.report(run, "REFUSED", started, str(refused), [] if is_meant else ["it was refused"])
        places = self.places(run)
        payload = {**run.playbook.payload(places), **placed(run.expected.get("payload") or {}, places)}
        payload = {key: value for key, value in payload.items() if value != {"$unset": True}}
        answer = self.stack.client.post("/api/v2/execute", {"catalog_id": registered["catalog_id"], "payload": payload})
        problems = list(self.meanwhile(run, answer["execution_id"]))
        timeout = run.expected.get("timeout", self.options.timeout)
        is_late = not self.await_end(answer["execution_id"], time.monotonic() + timeout)
        observed = observe(self.stack.client, answer["execution_id"])
        if is_late:
            self.stack.client.post(f"/api/v2/executions/{observed.execution_id}/cancel", {"reason": "too slow"})
            problems.append(f"still running after {timeout:.0f} s at step {observed.entered[-1:]}")
        problems += differences(run.expected, observed, self.stack.sql)
        if refusal is not None:
            is_meant = observed.status == "FAILED" and re.search(refusal, observed.error_text)
            problems = [] if is_meant else [f"it was neither refused nor FAILED with /{refusal}/"]
        return self.report(run, observed.status, started, observed.error_text, problems, observed)

    def await_end(self, execution_id, give_up):
        while time.monotonic() < give_up and not self.is_interrupted:
            row = self.stack.client.get(f"/api/v2/executions?before={int(execution_id) + 1}&limit=1")["executions"]
            if row and row[0]["execution_id"] == execution_id and row[0]["status"] in TERMINAL:
                return True
            time.sleep(POLL_SECONDS)
        return False

    def meanwhile(self, run, execution_id):
        """Calls to the server while a step runs; a sentence for each answer that is not as expected."""
        for call in run.expected.get("meanwhile") or []:
            give_up = time.monotonic() + self.options.timeout
            while not issued(self.stack.client, execution_id, call["step"]) and time.monotonic() < give_up:
                time.sleep(POLL_SECONDS)
            path = call["path"].format(execution_id=execution_id)
            try:
                answer = self.stack.client.call(call.get("method", "GET"), path, call.get("body"))
            except Refused as refused:
                yield str(refused)
                continue
            if "answer" in call and not matches(call["answer"], answer):
                yield f"{path} answered {json.dumps(answer)[:300]}, expected {json.dumps(call['answer'])}"

    def pending(self, run, error, problems):
        """Why the run need not be as expected yet, or nothing."""
        reasons = [run.expected["pending"]] if "pending" in run.expected else []
        said = "\n".join([error, *problems])
        return reasons or [one["reason"] for one in self.pending_errors if re.search(one["error"], said)]

    def report(self, run, status, started, error, problems, observed=None):
        verdict = "pass" if not problems else "pending" if self.pending(run, error, problems) else "FAIL"
        seconds = time.monotonic() - started
        return Report(run, verdict, status, seconds, len(observed.events) if observed else 0, error, problems, observed)


def read_expectations(file=HERE / "expectations.yaml"):
    return yaml.safe_load(pathlib.Path(file).read_text(encoding="utf-8"))


def entry_of(playbook, expectations):
    where = playbook.path.resolve().as_posix()
    return next((entry for name, entry in expectations.items() if where.endswith("/" + name)), None)


def runs_of(playbooks, expectations, is_full):
    """A run for each playbook, or one for each item when its entry is a list."""
    runs, is_known = [], False
    for playbook in playbooks:
        entry = entry_of(playbook, expectations)
        is_known = is_known or entry is not None
        for expected in entry if isinstance(entry, list) else [entry or {}]:
            label = f"{playbook.name} ({expected['as']})" if "as" in expected else playbook.name
            runs.append(Run(playbook, label, merged(expected, expected.get("full")) if is_full else expected))
    return runs, is_known


def merged(entry, over):
    if not over:
        return entry
    return {**entry, **over, "payload": {**(entry.get("payload") or {}), **(over.get("payload") or {})}}


def copy_files(folder, target):
    """Scripts that playbooks name are below where the workers run, under the folders that NoETL's repositories have."""
    folders = {folder: [target, target / "fixtures/playbooks", target / "tests/fixtures/playbooks"],
               folder / "today": [target / "fixtures/playbooks"], folder / "v2era": [target / "tests/fixtures/playbooks"]}
    for source, places in folders.items():
        for path in source.rglob("*"):
            if path.is_file() and path.suffix not in (".yaml", ".yml"):
                for place in places:
                    copied = place / path.relative_to(source)
                    copied.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(path, copied)
    for script in (HERE / "files").iterdir():
        for place in ("fixtures", "tests/fixtures"):
            below = target / place / "playbooks/script_execution/scripts"
            below.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(script, below / script.name)


def substitutes_for(every, substitutes):
    """What a folder has itself is not hidden by what stands in for what it may lack."""
    own = {playbook.catalog_path for playbook in every}
    return [playbook for playbook in substitutes if playbook.catalog_path not in own]


def show(report, width):
    marks = {"pass": "pass   ", "FAIL": "FAIL   ", "pending": "PENDING"}
    error = re.sub(r"\s+", " ", report.error)[:160]
    print(f"{marks[report.verdict]}  {report.run.label:<{width}}  {report.status:<9}  {report.seconds:6.1f}s  "
          f"{report.events:6}  {error}", flush=True)
    for problem in report.problems:
        print(f"           {problem}", flush=True)
    if report.verdict == "pass" and report.run.expected.get("pending"):
        print("           is marked pending and passes: its entry may drop the mark")


def write_results(report, folder):
    if report.observed is None:
        return
    observed, file = report.observed, folder / (re.sub(r"[^\w.-]+", "_", report.run.label) + ".json")
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(
        {"playbook": report.run.label, "execution_id": observed.execution_id, "status": observed.status,
         "error": observed.error, "steps": observed.entered, "skipped": sorted(observed.skipped),
         "results": observed.results(report.run.playbook.steps), "result": observed.result}, indent=2,
        ensure_ascii=False))


def parse_arguments():
    arguments = argparse.ArgumentParser(prog="dev compat", description=__doc__, allow_abbrev=False)
    arguments.add_argument("folder", nargs="?", default=SHARED, type=pathlib.Path, metavar="DIR")
    arguments.add_argument("--only", default="", metavar="PATTERN", help="playbooks whose path has this regular expression")
    arguments.add_argument("--results", action="store_true", help="write each step's result as JSON")
    arguments.add_argument("--output", type=pathlib.Path, default=ROOT / ".noetl" / "compat", help="where results and logs go")
    arguments.add_argument("--jobs", type=int, default=4, help="playbooks at a time")
    arguments.add_argument("--timeout", type=float, default=TIMEOUT_SECONDS, help="seconds for one playbook")
    arguments.add_argument("--full", action="store_true", help="the heavy playbooks at their authors' size")
    arguments.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin", help="where the programs are")
    arguments.add_argument("--skip-code", type=int, help="exit code when the folder is not there")
    options = arguments.parse_args()
    if options.skip_code is not None and not options.folder.is_dir():
        print(f"skipped: there are no playbooks in {options.folder}")
        sys.exit(options.skip_code)
    if not options.folder.is_dir():
        arguments.error(f"no folder {options.folder}")
    return options


def run_all(options, runs, every, pending_errors):
    reports = []
    with tempfile.TemporaryDirectory(prefix="noetl-compat-", ignore_cleanup_errors=True) as folder:
        pathlib.Path(folder).chmod(0o755)  # Postgres runs as another user, below it
        copy_files(options.folder.resolve(), pathlib.Path(folder) / "files")
        with PrivateStack(options.bin, pathlib.Path(folder)) as stack:
            if stack.refused_credentials:
                print(f"credentials were not registered: {stack.refused_credentials}")
            harness = Harness(stack, options, pending_errors)
            for playbook in every + substitutes_for(every, find_playbooks(HERE / "playbooks")):
                harness.register_quietly(playbook)
            width = max(len(run.label) for run in runs)
            for report in harness.do_all(runs):
                reports.append(report)
                show(report, width)
                if options.results:
                    write_results(report, options.output / "results")
            is_broken = show_doctor(stack.doctor())
            if is_broken or any(report.verdict == "FAIL" for report in reports):
                stack.keep_logs(options.output / "logs")
    return reports, is_broken


def show_doctor(answer):
    """Whatever the playbooks came to, each must have been recorded so that its log leads to its state again."""
    report, is_broken = answer
    for check in report["checks"]:
        if check["status"] == "broken" or check["rule"] == "R5":
            print(f"\ndoctor: {check['rule']} {check['check']}: {check['status']}, {check['summary']}")
            for finding in check["findings"]:
                print(f"  {finding['id']}: {finding['what']}")
    return is_broken


def main():
    options = parse_arguments()
    every, expectations = find_playbooks(options.folder), read_expectations()
    runs, is_known = runs_of(every, expectations["playbooks"], options.full)
    runs = [run for run in runs if re.search(options.only, run.label)]
    if not runs:
        print(f"no playbook in {options.folder}" + (f" has '{options.only}'" if options.only else ""))
        return 2
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    started = time.monotonic()
    reports, is_broken = run_all(options, runs, every, expectations.get("pending") or [] if is_known else [])
    counts = collections.Counter(report.verdict for report in reports)
    print(f"\n{len(reports)} runs: {counts['pass']} as expected, {counts['FAIL']} not, {counts['pending']} pending; "
          f"{time.monotonic() - started:.0f} s")
    if options.results:
        print(f"results are in {options.output / 'results'}")
    if counts["FAIL"]:
        print(f"logs are in {options.output / 'logs'}")
    bad = counts["FAIL"] if is_known else sum(report.status != "COMPLETED" for report in reports)
    return min(bad + is_broken, EXIT_CODE_MAX)


if __name__ == "__main__":
    sys.exit(main())
