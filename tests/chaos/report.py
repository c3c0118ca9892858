"""The table on the terminal, and the JSON."""
import json
import os


def load_average():
    return os.getloadavg()[0]


def line_of(outcome):
    totals = outcome["totals"]
    return (f"{outcome['verdict']:4}  {outcome['row']:18} {outcome['seconds']:6.1f} s  {totals.get('commands', 0):6} accepted"
            f"  lost {totals.get('lost', 0)}  effects repeated {totals.get('repeated', 0)} (≤ {outcome['repeated_max']})  load {outcome['load']:.1f}")


def show(outcome, write=print):
    write(line_of(outcome))
    figures = "; ".join(f"{name}: {value}" for name, value in outcome["figures"].items())
    if figures:
        write("      " + figures)
    for problem in outcome["problems"]:
        write("    ! " + problem)


def show_all(outcomes, seed, write=print):
    write("\n| fault | pass mark | verdict | figures |\n| --- | --- | --- | --- |")
    for outcome in outcomes:
        totals = outcome["totals"]
        figures = [f"accepted {totals.get('commands', 0)}, lost {totals.get('lost', 0)}, effects repeated {totals.get('repeated', 0)}"]
        figures += [f"{name} {value}" for name, value in outcome["figures"].items()]
        write(f"| `{outcome['row']}` {outcome['fault']} | {outcome['mark']} | {outcome['verdict']} | {'; '.join(figures)}; load {outcome['load']:.1f} |")
    failed = [outcome["row"] for outcome in outcomes if outcome["verdict"] != "pass"]
    write(f"\nseed {seed}; {len(outcomes) - len(failed)} of {len(outcomes)} held their mark" + (f"; not: {', '.join(failed)}" if failed else ""))


def store(outcomes, seed, target):
    with open(target, "w") as file:
        json.dump({"seed": seed, "outcomes": outcomes}, file, indent=1, default=str)
