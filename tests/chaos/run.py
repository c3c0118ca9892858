#!/usr/bin/env python3
"""Chaos: real processes under mixed load, one fault at a time, and proof that nothing was lost (docs/operations/failures.md).

Every row of the failure matrix starts from a seed, which is printed: the same seed gives the same schedule of load and
faults. The exit code is the number of rows that did not hold their mark.
"""
import argparse
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import time

import ledger
import oracle
import report
from load import Load, register_playbooks
from processes import Postgres
from random_faults import RandomFaults
from rows import ROWS
from stack import Stack
from trial import Trial

HERE = pathlib.Path(__file__).resolve().parent
PROGRAMS = ("noetl-server", "noetl-worker", "noetlctl")
WARM_UP_SECONDS = 0.5


class Runner:
    """Runs rows one after another; those that want the same stack share one."""

    def __init__(self, programs, seed, is_short, output):
        self.programs, self.seed, self.is_short, self.output = programs, seed, is_short, output
        self.stack = self.template = None
        self.runs = 0

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.leave_stack()

    def leave_stack(self):
        if self.stack is not None:
            self.stack.__exit__()
            self.stack = None

    def stack_for(self, settings):
        if self.stack is not None and self.stack.settings != settings:
            self.leave_stack()
        if self.stack is None:
            if self.template is None:
                self.template = Postgres.make_template(self.programs)
            self.stack = Stack(self.programs, settings, self.seed, self.template).__enter__()
            ledger.prepare(self.stack)
            register_playbooks(self.stack)
        return self.stack

    def run(self, row):
        self.runs += 1
        start = time.monotonic()
        outcome = {"row": row.name, "fault": row.fault, "mark": row.mark, "figures": {}, "problems": [], "totals": {}, "repeated_max": 0}
        try:
            self.judge(row, outcome)
        except Exception as error:  # a row that breaks down is a failed row; the others go on, on a fresh stack
            outcome["problems"].append(f"{type(error).__name__}: {error}")
        outcome |= {"seconds": time.monotonic() - start, "load": report.load_average(), "verdict": "FAIL" if outcome["problems"] else "pass"}
        if outcome["problems"] and self.stack is not None:
            logs = self.output / f"{self.runs:02d}-{row.name}"
            self.stack.keep_logs(logs)
            outcome["problems"].append(f"logs of the processes: {logs}")
            self.leave_stack()
        return outcome

    def judge(self, row, outcome):
        stack = self.stack_for(row.settings(self.is_short))
        prefix = f"{row.name}-{self.runs}"
        load = Load(stack, prefix, self.seed, row.per_second, kinds=row.kinds)
        trial = Trial(stack, load, random.Random(f"{self.seed}/{prefix}"), self.is_short)
        outcome["figures"], outcome["problems"] = trial.figures, trial.problems
        with load:
            time.sleep(WARM_UP_SECONDS)
            row.run(trial)
        for process in [stack.postgres, *stack.nats, *stack.servers, *stack.workers]:
            trial.expect(process.is_running(), f"{process.name} is not running any more")
        trial.problems += oracle.come_to_rest(stack, load, trial.rest_patience)
        outcome["totals"], problems = oracle.check_load(stack, load)
        outcome["repeated_max"] = trial.repeated_max
        trial.problems += problems + oracle.check_statements(stack) + oracle.check_doctor(stack)
        repeated = outcome["totals"]["repeated"]
        if repeated > trial.repeated_max:
            trial.problems += [f"{repeated} effects happened again; this fault explains {trial.repeated_max}", *oracle.tell_of_repeated(stack, load)]


def arguments():
    parser = argparse.ArgumentParser(prog="./dev chaos", description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=pathlib.Path, default=HERE.parent.parent / "build" / "release" / "bin", help="folder of the programs")
    parser.add_argument("--seed", type=int, help="of an earlier run, to have its schedule again")
    parser.add_argument("--only", action="append", choices=[row.name for row in ROWS] + ["random"], help="this row alone (may be repeated)")
    parser.add_argument("--minutes", type=float, help="random faults for so long, instead of the rows")
    parser.add_argument("--short", action="store_true", help="the form for continuous integration")
    parser.add_argument("--output", type=pathlib.Path, help="folder for the report as JSON and the logs of rows that failed")
    parser.add_argument("--list", action="store_true", help="name the rows")
    return parser.parse_args()


def chosen_rows(options):
    if options.minutes or options.only == ["random"]:
        return [RandomFaults((options.minutes or 1) * 60)]
    rows = [row() for row in ROWS if (row.name in options.only if options.only else row.is_in_short or not options.short)]
    # Rows that want the same stack come together, in the order of the matrix otherwise.
    order = []
    for row in rows:
        if row.settings(options.short) not in order:
            order.append(row.settings(options.short))
    return sorted(rows, key=lambda row: order.index(row.settings(options.short)))


def main():
    options = arguments()
    if options.list:
        for row in ROWS:
            print(f"{row.name:18} {row.fault}: {row.mark}")
        return 0
    for program in PROGRAMS:
        if not (options.bin / program).exists():
            sys.exit(f"{options.bin / program} is not there: ./dev build, or --bin FOLDER")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))  # so that contexts end what they started
    seed = random.SystemRandom().getrandbits(32) if options.seed is None else options.seed
    output = options.output or pathlib.Path(tempfile.mkdtemp(prefix="noetl-chaos-report-"))
    output.mkdir(parents=True, exist_ok=True)
    print(f"seed {seed}; programs of {options.bin}", flush=True)
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="noetl-chaos-bin-") as folder:
        # Others may build meanwhile: what runs is what was there at the start.
        pathlib.Path(folder).chmod(0o755)  # Postgres runs as another user
        for program in PROGRAMS:
            shutil.copy2(options.bin / program, folder)
        with Runner(pathlib.Path(folder), seed, options.short, output) as runner:
            for row in chosen_rows(options):
                outcomes.append(runner.run(row))
                report.show(outcomes[-1], lambda line: print(line, flush=True))
            report.show_all(outcomes, seed)
            report.store(outcomes, seed, output / "report.json")
            print(f"report: {output / 'report.json'}")
    return min(100, sum(outcome["verdict"] != "pass" for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
