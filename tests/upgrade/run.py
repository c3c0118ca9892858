#!/usr/bin/env python3
"""Two releases side by side: an installation of the previous one is brought to this one under load, one process after another, its
servers back and forth again, and nothing is lost (docs/operations/upgrade.md).

The programs of the previous release are built by ./dev upgrade, from the commit in tests/upgrade/previous_release.
"""
import argparse
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "chaos"))

import ledger  # noqa: E402
import oracle  # noqa: E402
from load import Load, register_playbooks  # noqa: E402
from stack import Stack, StackSettings  # noqa: E402

PROGRAMS = ("noetl-server", "noetl-worker", "noetlctl")
REST_PATIENCE_SECONDS = 60
FIRST_WITH_RUNS_WITH = 10


class Upgrade:
    def __init__(self, stack, load, new, old, seconds):
        self.stack, self.load, self.new, self.old, self.seconds = stack, load, new, old, seconds
        self.problems = []
        self.old_migrations = [row[0] for row in stack.sql("select name from noetl.schema_migration")]

    def hold(self, what):
        """The load goes on for a while with what runs now; everything accepted before ends meanwhile, so nothing waits for the next step."""
        start, before = time.monotonic(), len(self.load.accepted)
        time.sleep(self.seconds)
        early = [one for accepted in self.load.accepted[:before] if accepted.submission.route.endswith("/commands") for one in accepted.ids]
        self.await_done(what, early)
        accepted = len(self.load.accepted) - before
        print(f"{what:58s} {accepted:5d} accepted in {time.monotonic() - start:4.1f} s", flush=True)
        if accepted == 0:
            self.problems.append(f"{what}: nothing was accepted")

    def await_done(self, what, ids):
        deadline = time.monotonic() + REST_PATIENCE_SECONDS
        while left := self.stack.value("select count(*) from noetl.queue where queue_id = any(%s) and finished_at is null"
                                       " and (available_at is null or available_at < now())", ids):
            if time.monotonic() > deadline:
                self.problems.append(f"{what}: {left} commands of before do not end")
                return
            time.sleep(0.05)

    def replace(self, process, programs):
        code = process.stop()
        if code != 0:
            self.problems.append(f"{process.name} of the release before ended with {code}")
        process.programs = programs
        process.start()
        process.await_ready()

    def migrate(self):
        run = subprocess.run([self.new / "noetlctl", "migrate", "up"], env={**self.stack.server_env(), "PATH": "/usr/bin:/bin"}, capture_output=True,
                             text=True, timeout=60, cwd=self.stack.folder)
        if run.returncode != 0:
            self.problems.append(f"noetlctl migrate up: exit code {run.returncode}: {(run.stdout + run.stderr)[-400:]}")

    def run(self):
        servers, workers = self.stack.servers, self.stack.workers
        self.hold("previous release")
        for worker in workers:
            self.replace(worker, self.new)
        self.hold("servers of the previous, workers of this one")
        for worker in workers:
            self.replace(worker, self.old)
        self.migrate()
        self.hold("schema of this one, programs of the previous")
        self.replace(servers[0], self.new)
        self.hold("one server of each, workers of the previous")
        self.replace(servers[1], self.new)
        self.hold("servers of this one, workers of the previous")
        self.replace(workers[0], self.new)
        self.hold("servers of this one, workers of both")
        for worker in workers[1:]:
            self.replace(worker, self.new)
        self.hold("this release")
        if not self.can_go_back():
            return
        for server in servers:
            self.replace(server, self.old)
        self.hold("back: servers of the previous, workers of this one")
        for server in servers:
            self.replace(server, self.new)
        self.hold("this release again")

    def can_go_back(self):
        """The previous release can be started on the new schema when it knows that migrations say so."""
        known = self.stack.value("select max(version) from noetl.schema_migration where name = any(%s)", self.old_migrations)
        return known >= FIRST_WITH_RUNS_WITH and self.stack.value("select max(runs_with) from noetl.schema_migration") <= known


def missing_in(folder):
    return [name for name in PROGRAMS if not (folder / name).exists()]


def main():
    parser = argparse.ArgumentParser(prog="./dev upgrade", description=__doc__.splitlines()[0])
    build = HERE.parent.parent / "build"
    parser.add_argument("--bin", type=pathlib.Path, default=build / "release" / "bin", help="programs of this release")
    parser.add_argument("--previous", type=pathlib.Path, default=build / "previous" / "build" / "release" / "bin", help="of the one before")
    parser.add_argument("--seconds", type=float, default=2, help="of each of the states")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--skip-code", type=int, default=1, help="exit code when the previous release was not built")
    options = parser.parse_args()
    if missing_in(options.previous):
        print(f"no programs of the previous release in {options.previous}: ./dev upgrade builds them")
        return options.skip_code
    new, old = options.bin.resolve(), options.previous.resolve()
    with Stack(old, StackSettings(servers=2, workers=3), options.seed) as stack:
        ledger.prepare(stack)
        register_playbooks(stack)
        with Load(stack, "upgrade", options.seed) as load:
            upgrade = Upgrade(stack, load, new, old, options.seconds)
            upgrade.run()
        stack.programs = new
        problems = upgrade.problems + oracle.come_to_rest(stack, load, REST_PATIENCE_SECONDS)
        totals, found = oracle.check_load(stack, load)
        problems += found + oracle.check_statements(stack) + oracle.check_doctor(stack)
        if totals["repeated"]:
            problems += [f"{totals['repeated']} effects happened again", *oracle.tell_of_repeated(stack, load)]
        print(f"{totals['commands']} accepted, lost {totals['lost']}, effects {totals['effects']}, repeated {totals['repeated']}")
        for problem in problems:
            print("PROBLEM", problem)
        if problems:
            for process in [*stack.servers, *stack.workers]:
                print(f"--- the end of {process.name}'s log\n{process.log()[-1500:]}")
        return min(len(problems), 100)


if __name__ == "__main__":
    sys.exit(main())
