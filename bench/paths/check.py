#!/usr/bin/env python3
"""Compares what is done for every command with figures.json: instructions (callgrind), SQL statements and bytes of WAL.
Unlike times these repeat on any machine, so continuous integration runs it. Run as ./dev bench --check; what is meant to
become dearer says so with --update, in the same commit. Exit code 1 when something is dearer than allowed."""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = "noetl-bench-paths"
MEASURED = "noetl_measured"  # the function that callgrind counts, bench/paths/measured.cpp
SECONDS_MAX = 300
KINDS = ("instructions", "statements", "wal_bytes")
NAMES = {"instructions": "instructions", "statements": "statements", "wal_bytes": "bytes of WAL"}
# Instructions differ between machines by what the C library chooses for them, WAL by where pages end.
DEVIATION = {"instructions": 0.05, "statements": 0, "wal_bytes": 0.03}


class Problem(Exception):
    pass


def instruction_counts(folder):
    """Of each call of the measured function, in their order: callgrind numbers the files that it writes."""
    counts, number = [], 1
    while os.path.exists(path := os.path.join(folder, f"callgrind.out.{number}")):
        with open(path) as dump:
            counts += [int(line.split()[1]) for line in dump if line.startswith("totals:")]
        number += 1
    return counts


def measure(bin_folder, only):
    """{compiler, postgres, paths: {path: {unit, instructions, statements, wal_bytes}}}; instructions and WAL of one unit,
    statements of one round."""
    program = os.path.join(bin_folder, PROGRAM)
    if not os.path.exists(program):
        raise Problem(f"{program} is not there: build the target {PROGRAM} of a release build, or run ./dev bench --check")
    if not shutil.which("valgrind"):
        raise Problem("valgrind is not there, and counts the instructions: sudo apt-get install valgrind, or ./dev bench --check,"
                      " which installs it")
    with tempfile.TemporaryDirectory(prefix="noetl-bench-") as folder:
        done = subprocess.run(["valgrind", "--tool=callgrind", "--collect-atstart=no", f"--toggle-collect={MEASURED}",
                               f"--dump-after={MEASURED}", f"--callgrind-out-file={folder}/callgrind.out",
                               f"--log-file={folder}/log", program, *([only] if only else [])],
                              text=True, capture_output=True, timeout=SECONDS_MAX, check=False)
        if done.returncode != 0:
            with open(f"{folder}/log") as log:
                raise Problem(f"{PROGRAM} under callgrind ended with {done.returncode}: {done.stderr.strip()}\n{log.read()[-2000:]}")
        counts = instruction_counts(folder)
    about, *lines = map(json.loads, done.stdout.splitlines())
    if not about["is_optimized"]:
        raise Problem(f"{program} was built without optimization: the figures are of a release build")
    if len(counts) != sum(line["rounds"] for line in lines):
        raise Problem(f"callgrind counted {len(counts)} calls of {MEASURED} instead of {sum(line['rounds'] for line in lines)}")
    return {"compiler": about["compiler"], "postgres": about.get("postgres"), "paths": dict(measured_paths(lines, counts))}


def measured_paths(lines, counts):
    for line in lines:
        mine, counts = counts[:line["rounds"]], counts[line["rounds"]:]
        # The median: once in a thousand rounds a reply comes in two pieces, or a table of hashes grows.
        found = {"unit": line["unit"], "instructions": statistics.median(mine) / line["units"]}
        if "statements" in line:
            found["statements"] = max(line["statements"])
            found["wal_bytes"] = statistics.mean(line["wal_bytes"]) / line["units"]
        yield line["path"], found


def place_of(kind, measured, figures):
    """Where the figures of that kind are that these are compared with; None when there are none of this compiler or Postgres."""
    key = {"instructions": measured["compiler"], "statements": "all", "wal_bytes": measured["postgres"]}[kind]
    return key, figures.get(kind, {}).get(key)


def compare(measured, figures, is_part):
    """Rows (path, kind, unit, committed, found, verdict) and notes. A verdict is "", "better", "dearer", "new" or "gone"."""
    rows, notes = [], []
    for kind in KINDS:
        found = {path: values[kind] for path, values in measured["paths"].items() if kind in values}
        key, committed = place_of(kind, measured, figures)
        if committed is None and found:
            notes.append(f"no figures of {NAMES[kind]} for {key}: nothing to compare with; --update writes them")
        deviation = figures.get("deviation", DEVIATION)[kind]
        gone = [] if is_part else [path for path in committed or {} if path not in found]
        for path in [*found, *gone]:
            unit = measured["paths"][path]["unit"] if path in found else ""
            before, now = (committed or {}).get(path), found.get(path)
            rows.append((path, kind, unit, before, now, "" if committed is None else verdict(before, now, deviation)))
    return rows, notes


def verdict(before, now, deviation):
    if before is None or now is None:
        return "new" if before is None else "gone"
    # A little beyond it is within: figures are written with one decimal.
    if now > before * (1 + deviation) + 0.1:
        return "dearer"
    return "better" if now < before * (1 - deviation) - 0.1 else ""


def shown(rows):
    def number(value):
        return "-" if value is None else f"{value:,.0f}" if value >= 1000 or value == int(value) else f"{value:,.1f}"

    lines = [("path", "of what", "committed", "now", "change", "")]
    for path, kind, unit, before, now, word in rows:
        change = f"{(now / before - 1) * 100:+.1f} %" if before and now is not None else ""
        what = NAMES[kind] + (" in all" if kind == "statements" else f" per {unit}" if unit else "")
        lines.append((path, what, number(before), number(now), change, word))
    widths = [max(len(line[column]) for line in lines) for column in range(6)]
    aligned = [[cell.rjust(width) if 2 <= column <= 4 else cell.ljust(width) for column, (cell, width) in enumerate(zip(line, widths))]
               for line in lines]
    return "\n".join("  ".join(line).rstrip() for line in aligned)


def updated(figures, measured, is_part):
    result = {"deviation": figures.get("deviation", DEVIATION), **{kind: dict(figures.get(kind, {})) for kind in KINDS}}
    for kind in KINDS:
        found = {path: round(values[kind], 1) for path, values in measured["paths"].items() if kind in values}
        if not found:
            continue
        key, committed = place_of(kind, measured, figures)
        result[kind][key] = {**(committed or {}), **found} if is_part else found
    return result


def read_json(path):
    try:
        with open(path) as file:
            return json.load(file)
    except FileNotFoundError:
        return {}


def main():
    parser = argparse.ArgumentParser(prog="./dev bench --check", description=__doc__)
    parser.add_argument("--bin", default=os.path.join(HERE, "..", "..", "build", "release", "bin"), help="folder of the programs")
    parser.add_argument("--figures", metavar="FILE", default=os.path.join(HERE, "figures.json"), help="what to compare with")
    parser.add_argument("--update", action="store_true", help="write what was measured to the file of figures")
    parser.add_argument("--only", metavar="TEXT", default="", help="only paths whose name has it; of the server's those beginning with it")
    parser.add_argument("--save", metavar="FILE", help="also write what was measured to FILE")
    parser.add_argument("--measured", metavar="FILE", help="compare what --save wrote instead of measuring")
    choice = parser.parse_args()
    try:
        measured = read_json(choice.measured) if choice.measured else measure(choice.bin, choice.only)
        if not measured.get("paths"):
            raise Problem(f"nothing was measured: no path has '{choice.only or choice.measured}' in its name")
    except (Problem, subprocess.TimeoutExpired) as problem:
        print(f"bench --check: {problem}", file=sys.stderr)
        return 1
    if choice.save:
        with open(choice.save, "w") as out:
            json.dump(measured, out, indent=1)
    figures = read_json(choice.figures)
    rows, notes = compare(measured, figures, bool(choice.only))
    print(shown(rows))
    for note in notes:
        print("note: " + note)
    return update(choice, figures, measured) if choice.update else conclude(rows, choice.figures)


def update(choice, figures, measured):
    with open(choice.figures, "w") as out:
        json.dump(updated(figures, measured, bool(choice.only)), out, indent=1)
        out.write("\n")
    print(f"written to {os.path.relpath(choice.figures)}: say in the commit why")
    return 0


def conclude(rows, file):
    bad = [row for row in rows if row[5] in ("dearer", "new", "gone")]
    better = [row for row in rows if row[5] == "better"]
    if better:
        print(f"{len(better)} better by more than its deviation: ./dev bench --check --update keeps it so")
    for path, kind, _, before, now, word in bad:
        print(f"{word}: {path}: {NAMES[kind]} {now} against {before} in {os.path.relpath(file)}")
    if bad:
        print("When that is meant: ./dev bench --check --update, and the reason in the commit.")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
