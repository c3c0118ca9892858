#!/usr/bin/env python3
"""Makes the table of current figures in bench/README.md from bench/results/<date>.md. Each figure comes from the newest file that has it,
out of two tables that `./dev bench --peers` prints: the one under "## Beside peers" and the one under "## noetl alone".
Run without arguments it writes the page; with --check it only says whether the page is up to date."""

import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
BEGIN, END = "<!-- figures: made by page.py -->", "<!-- end of figures -->"
PEERS = ("graphile-worker", "pg-boss", "BullMQ on Redis")


def rows_of(text, heading):
    """The rows of the first table under a heading, each a dictionary by the table's own column names."""
    section = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    lines = [line for line in section.group(1).splitlines() if line.startswith("|")] if section else []
    cells = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
    return [dict(zip(cells[0], row)) for row in cells[2:] if len(row) == len(cells[0])]


def split_peer(name):
    """A peer's name and how it was run: "graphile-worker, batching, 2 processes" is that peer, "batching"."""
    product = next((peer for peer in PEERS if name.startswith(peer)), None)
    if product is None:
        raise ValueError(f"the results name a peer {name!r}; page.py knows {', '.join(PEERS)}")
    how = [part for part in name[len(product):].strip(", ").split(", ") if part and not part.endswith("processes")]
    return product, ", ".join(part for part in how if part != "(not durable)")


def figures_of(files):
    """{figure: row}: of files in the order of their dates, the newest that has the figure wins."""
    figures = {}
    for date, text in files:
        for row in rows_of(text, "noetl alone"):
            figures[row["figure"]] = {"noetl": f"{row['median']} {row['unit']}", "date": date, **dict.fromkeys(PEERS, "")}
        beside = {}
        for row in rows_of(text, "Beside peers"):
            product, how = split_peer(row["peer"])
            value, _, unit = row["peer's"].rpartition(" ")
            new = {"noetl": f"{row['noetl']} {unit}", "date": date, **dict.fromkeys(PEERS, "")}
            known = figures.get(row["figure"], new)  # with the unit of its own table, where that is of the same day
            figure = beside.setdefault(row["figure"], {**(known if known["date"] == date else new), **dict.fromkeys(PEERS, "")})
            cell = f"{value} ({how})" if how else value
            figure[product] = f"{figure[product]}; {cell}" if figure[product] else cell
        figures.update(beside)
    return figures


def table_of(figures):
    head = ["figure", "noetl", *PEERS, "measured"]
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    # Figures with peers first.
    for name, row in sorted(figures.items(), key=lambda item: not any(item[1][peer] for peer in PEERS)):
        cells = [name, row["noetl"], *(row[peer] for peer in PEERS), row["date"]]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def page_with(page, table):
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no place for the table: {BEGIN} … {END}")
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def main():
    readme = HERE.parent / "README.md"
    files = [(file.stem, file.read_text(encoding="utf-8")) for file in sorted(HERE.glob("*.md"))]
    page = readme.read_text(encoding="utf-8")
    made = page_with(page, table_of(figures_of(files)))
    if "--check" in sys.argv[1:]:
        if made != page:
            print("bench/README.md is not what bench/results say: run python3 bench/results/page.py")
            return 1
        return 0
    readme.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
