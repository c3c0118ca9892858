"""Compares what an execution did with what it should have done. Pure but for the SQL that it is handed.

An expected value is compared as JSON, numbers by value. A map with one key that begins with $ is a rule:
$at_least N, $at_most N, $length N, $matches REGEX, $contains {part of a map}, $any true (there is a value),
$none true (there is no value)."""
import json
import re

FAR = object()  # there is nothing at this place


def differences(expected, observed, sql):
    """Every sentence about what is not as expected."""
    found = list(status_differences(expected, observed))
    found += step_differences(expected, observed)
    for path, value in (expected.get("results") or {}).items():
        step, _slash, pointer = path.partition("/")
        there = observed.variables.get(step, FAR) if step in observed.entered else FAR
        found += value_differences(f"result of {path}", value, at(there, pointer))
    for path, value in (expected.get("variables") or {}).items():
        found += value_differences(f"variable {path}", value, at(observed.variables, path))
    found += failure_differences(expected, observed)
    found += event_differences(expected, observed)
    found += sql_differences(expected, observed, sql)
    found += child_differences(expected.get("children") or {}, observed)
    return found


def status_differences(expected, observed):
    status = expected.get("status", "COMPLETED")
    if observed.status != status:
        yield f"status {observed.status}, expected {status}" + (f"; {observed.error_text}" if observed.error else "")
    pattern = expected.get("error")
    if pattern and not re.search(pattern, observed.error_text):
        yield f"error {observed.error_text!r}, expected /{pattern}/"


FAILED_WORDS = ("failed", "failure", "error")


def failures_inside(results):
    """Places where a result says that something failed: COMPLETED alone is not enough."""
    found = []

    def look(value, place):
        if isinstance(value, list):
            for index, one in enumerate(value):
                look(one, f"{place}/{index}")
        if not isinstance(value, dict):
            return
        for key, one in value.items():
            below = f"{place}/{key}"
            says_no = key in ("test_passed", "passed", "success", "all_passed") and one is False
            if says_no or (key == "status" and isinstance(one, str) and one.lower() in FAILED_WORDS):
                found.append(f"{below} is {shortened(one)}")
            look(one, below)

    for step, result in results.items():
        look(result, step)
    return found


def failure_differences(expected, observed):
    """Of an execution that completed, and of places that nothing is expected of."""
    if observed.status != "COMPLETED":
        return
    known = list((expected.get("results") or {}))
    for one in failures_inside({step: observed.variables[step] for step in observed.entered if step in observed.variables}):
        place = one.split(" is ")[0]
        is_known = place in known or any(re.search(pattern, one) for pattern in expected.get("failed_inside") or [])
        if not is_known:
            yield f"result of {one}"


def event_differences(expected, observed):
    """Events by type, claims of a cursor by step, and how long it may take."""
    for kind, count in (expected.get("event_types") or {}).items():
        there = sum(event["event_type"] == kind for event in observed.events)
        if there != count:
            yield f"{there} events {kind}, expected {count}"
    for step, count in (expected.get("claims") or {}).items():
        there = sum(event["event_type"] == "command.started" and event["step"] == step and "!claim~" in event["node"]
                    for event in observed.events)
        if there != count:
            yield f"{there} claims of {step}, expected {count}"
    if observed.seconds > expected.get("seconds_max", observed.seconds):
        yield f"it took {observed.seconds} s, expected at most {expected['seconds_max']}"


def step_differences(expected, observed):
    entered = observed.entered
    if "steps" in expected and not is_order(expected["steps"], entered):
        yield f"steps {entered}, expected {expected['steps']}"
    for step in expected.get("never") or []:
        if step in entered:
            yield f"step {step} ran and must not"
    for step in expected.get("skipped") or []:
        if step not in observed.skipped:
            yield f"no step.skipped of {step}"
    for step, count in (expected.get("attempts") or {}).items():
        yield from value_differences(f"attempts of {step}", count, observed.attempts(step))


def is_order(groups, names):
    """Names one after another; a list among them stands for its members in any order."""
    names = list(names)
    for group in groups:
        members = set(group if isinstance(group, list) else [group])
        if set(names[:len(members)]) != members:
            return False
        names = names[len(members):]
    return not names


def sql_differences(expected, observed, sql):
    for check in expected.get("sql") or []:
        query = check["query"].replace("{execution_id}", str(observed.execution_id))
        try:
            rows = json.loads(json.dumps(sql(query), default=lambda value: number_or_text(value)))
        except Exception as error:  # whatever the database says is what was found
            yield f"{query}: {str(error).strip()}"
            continue
        yield from value_differences(query, check["rows"], rows)


def number_or_text(value):
    try:
        return float(value)
    except (TypeError, ValueError):
        return str(value)


def child_differences(expected, observed):
    for path, count in expected.items():
        found = [child for child in observed.children if child["path"] == path]
        if len(found) != count:
            yield f"{len(found)} executions of {path}, expected {count}"
        for child in found:
            if child["status"] != "COMPLETED":
                yield f"child {child['execution_id']} of {path} is {child['status']}"


def at(value, pointer):
    """What a path of keys and indexes leads to, or FAR."""
    for part in [part for part in pointer.split("/") if part]:
        if isinstance(value, list) and re.fullmatch(r"-?\d+", part) and -len(value) <= int(part) < len(value):
            value = value[int(part)]
        elif isinstance(value, dict) and part in value:
            value = value[part]
        else:
            return FAR
    return value


def value_differences(what, expected, found):
    """Nothing, or one sentence."""
    if not matches(expected, found):
        shown = "nothing" if found is FAR else shortened(found)
        yield f"{what} is {shown}, expected {shortened(expected)}"


def shortened(value):
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 300 else text[:300] + "…"


RULES = {
    "$at_least": lambda bound, found: is_number(found) and found >= bound,
    "$at_most": lambda bound, found: is_number(found) and found <= bound,
    "$length": lambda bound, found: found is not FAR and hasattr(found, "__len__") and matches(bound, len(found)),
    "$matches": lambda pattern, found: isinstance(found, str) and re.search(pattern, found) is not None,
    "$contains": lambda part, found: isinstance(found, dict) and all(
        matches(value, found.get(key, FAR)) for key, value in part.items()),
    "$any": lambda _true, found: found is not FAR and found is not None,
    "$none": lambda _true, found: found is FAR or found is None,
}


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def matches(expected, found):
    if isinstance(expected, dict) and len(expected) == 1:
        name, argument = next(iter(expected.items()))
        if isinstance(name, str) and name.startswith("$"):
            return RULES[name](argument, found)
    if found is FAR:
        return False
    if isinstance(expected, dict):
        return isinstance(found, dict) and expected.keys() == found.keys() and all(
            matches(value, found[key]) for key, value in expected.items())
    if isinstance(expected, list):
        return isinstance(found, list) and len(expected) == len(found) and all(map(matches, expected, found))
    if is_number(expected):
        return is_number(found) and abs(expected - found) <= 1e-9 * max(abs(expected), abs(found), 1.0)
    return type(expected) is type(found) and expected == found
