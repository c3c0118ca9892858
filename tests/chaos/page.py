#!/usr/bin/python3
"""Makes the table of docs/operations/failures.md from the rows of the matrix and tests/chaos/results: of each row what was measured last.

    page.py                                                       write the page
    page.py --check                                               say whether it is up to date
    page.py --record OUTCOMES.json --date DATE --machine TEXT     keep what `./dev chaos --output` has measured, then write the page
"""
import argparse
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
RESULTS = HERE / "results"
PAGE = HERE.parent.parent / "docs/operations/failures.md"
BEGIN, END = "<!-- matrix: made by tests/chaos/page.py -->", "<!-- end of matrix -->"
VERDICTS = {"pass": "held", "fail": "**not held**"}


def recorded(outcomes, date, machine):
    """What is kept of a run's outcomes."""
    rows = [{"row": one["row"], "verdict": one["verdict"], "accepted": one["totals"].get("commands", 0), "lost": one["totals"].get("lost", 0),
             "repeated": one["totals"].get("repeated", 0), "repeated_max": one["repeated_max"],
             "figures": "; ".join(f"{name} {value}" for name, value in one["figures"].items()), "load": round(one["load"], 1)} for one in outcomes]
    return {"date": date, "machine": machine, "rows": rows}


def table_of(rows, results):
    measured = {row["row"]: row for row in results["rows"]}
    unknown = set(measured) - {row.name for row in rows}
    if unknown:
        raise ValueError(f"the results have rows that the matrix has not: {', '.join(sorted(unknown))}")
    lines = ["| fault (`./dev chaos --only …`) | pass mark | verdict | accepted | lost | repeated (bound) |", "| --- | --- | --- | --- | --- | --- |"]
    for row in rows:
        one = measured.get(row.name)
        cells = (f"{VERDICTS.get(one['verdict'], one['verdict'])} | {one['accepted']:,} | {one['lost']} | {one['repeated']} ({one['repeated_max']})"
                 if one else "not measured | | | ")
        lines.append(f"| `{row.name}`: {row.fault} | {row.mark} | {cells} |")
    return "\n".join([*lines, "", f"Measured on {results['date']}: {results['machine']}."])


def page_with(page, table):
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no place for the table: {BEGIN} … {END}")
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def merged(files):
    """Of each row the newest; the foot names every date that is left."""
    rows, machines = {}, {}
    for one in sorted(files, key=lambda one: one["date"]):
        machines[one["date"]] = one["machine"]
        rows.update({row["row"]: {**row, "date": one["date"]} for row in one["rows"]})
    dates = sorted({row["date"] for row in rows.values()})
    main = max(dates, key=lambda date: sum(row["date"] == date for row in rows.values()))
    others = "".join(f".\nOn {date}, {machines[date]}: " + ", ".join(f"`{name}`" for name, row in rows.items() if row["date"] == date)
                     for date in dates if date != main)
    return {"date": main, "machine": machines[main] + others, "rows": list(rows.values())}


def kept():
    return merged([json.loads(file.read_text(encoding="utf-8")) for file in RESULTS.glob("*.json")])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--record", metavar="FILE")
    parser.add_argument("--date")
    parser.add_argument("--machine")
    choice = parser.parse_args()
    if choice.record:
        outcomes = json.loads(pathlib.Path(choice.record).read_text(encoding="utf-8"))["outcomes"]
        text = json.dumps(recorded(outcomes, choice.date, choice.machine), indent=1, ensure_ascii=False)
        (RESULTS / f"{choice.date}.json").write_text(text + "\n", encoding="utf-8")
    from rows import ROWS  # needs Debian's psycopg2
    page = PAGE.read_text(encoding="utf-8")
    made = page_with(page, table_of(ROWS, kept()))
    if choice.check and made != page:
        print(f"{PAGE} is not what {RESULTS} and the rows say: run /usr/bin/python3 tests/chaos/page.py")
        return 1
    if not choice.check:
        PAGE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
