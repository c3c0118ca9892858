#!/usr/bin/env python3
"""Rules that a compiler cannot hold: who includes whom, sizes, names, comments, no sleeps in tests,
settings that nobody reads (settings.py), documents (documents.py) and private words (words.py).

Run without arguments it checks the tree and exits 1 when a rule is broken. What was too long when its rule came is
listed in baseline.txt with its length: it may shrink but not grow. `--update-baseline` writes that file anew; it is
meant for making numbers smaller.
"""
import pathlib
import re
import sys

import documents
import settings
import words

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BASELINE = ROOT / "tests" / "tidy" / "baseline.txt"
LINES_MAX = {".hpp": 200, ".cpp": 400}
FUNCTION_LINES_MAX = 70
MODULES_MAX = 10

# Folder → what it may include: folders without those below them, single headers, or with a slash at the end whole trees.
# Its own folder it always may. The arrows of docs/internals/architecture.md; change both or neither.
LAYERS = {
    "shared/base": [],
    "shared/base/text": [],
    "shared/durations": ["shared/base"],
    "shared/domain": ["shared/base", "shared/base/text"],
    "shared/templating/values": [],
    "shared/templating/text": ["shared/templating/values"],
    "shared/templating/operations": ["shared/templating/values", "shared/templating/text"],
    "shared/templating/program": ["shared/templating/values", "shared/templating/operations"],
    "shared/templating/methods": ["shared/templating/values", "shared/templating/text", "shared/templating/operations",
                                  "shared/templating/program"],
    "shared/templating/filters": ["shared/base/text", "shared/templating/values", "shared/templating/text",
                                  "shared/templating/operations", "shared/templating/program", "shared/templating/methods"],
    "shared/templating/evaluation": ["shared/templating/values", "shared/templating/operations", "shared/templating/program",
                                     "shared/templating/filters"],
    "shared/templating/syntax": ["shared/templating/values", "shared/templating/text", "shared/templating/program",
                                 "shared/templating/filters"],
    "shared/templating": ["shared/base", "shared/templating/values", "shared/templating/text", "shared/templating/program",
                          "shared/templating/syntax"],
    "shared/language/vocabulary": [],
    "shared/language/yaml": ["shared/base", "shared/base/text", "shared/domain"],
    "shared/language/loading": ["shared/base", "shared/durations", "shared/domain", "shared/templating/program",
                                "shared/templating/syntax", "shared/templating", "shared/language/vocabulary", "shared/language/yaml"],
    "shared/language": ["shared/base", "shared/domain", "shared/templating", "shared/language/vocabulary", "shared/language/yaml",
                        "shared/language/loading"],
    "shared/secrets": ["shared/base", "shared/base/text", "shared/domain"],
    "shared/json": ["shared/base", "shared/base/text", "shared/domain"],
    "shared/wire/messages": ["shared/base", "shared/domain", "shared/secrets"],
    "shared/wire": ["shared/base", "shared/domain", "shared/json", "shared/wire/messages"],
    "shared/wire/codecs": ["shared/base", "shared/base/text", "shared/domain", "shared/secrets", "shared/json", "shared/wire/messages",
                           "shared/wire"],
    "shared/schema": ["shared/base", "shared/json", "shared/wire"],
    "shared/config": ["shared/base", "shared/base/text", "shared/durations"],
    "shared/telemetry": ["shared/base", "shared/base/text"],
    "shared/process": [],
    "shared/http": ["shared/base", "shared/base/text"],
    "shared/reach": ["shared/base", "shared/base/text"],
    "shared/coding": ["shared/base", "shared/base/text"],
    "shared/fetch": ["shared/base", "shared/base/text", "shared/reach", "shared/coding"],
    "shared/nats/traffic": [],
    "shared/nats": ["shared/base", "shared/nats/traffic"],
    "shared/nats/requests": ["shared/base", "shared/base/text", "shared/nats/traffic", "shared/nats"],
    "shared/messaging": ["shared/base", "shared/base/text", "shared/nats", "shared/nats/requests"],
    "shared/messaging/checkpoints": ["shared/nats", "shared/messaging"],
    "shared/service": ["shared/base", "shared/config", "shared/nats", "shared/nats/requests", "shared/telemetry"],
    "shared/wire/operations": ["shared/base", "shared/domain", "shared/json", "shared/wire"],
    "server/cluster": ["shared/base", "shared/json", "shared/wire", "shared/wire/operations", "shared/http", "shared/nats",
                       "shared/nats/requests", "shared/telemetry"],
    "shared/transport": ["shared/base", "shared/domain", "shared/json", "shared/wire/messages", "shared/wire", "shared/wire/codecs",
                         "shared/wire/operations", "shared/nats", "shared/nats/requests"],
    "shared/engine/state": ["shared/base", "shared/durations", "shared/domain", "shared/json/json_cursor.hpp",
                            "shared/json/json_tree.hpp", "shared/json/lazy_json.hpp"],
    "shared/engine/plan": ["shared/domain", "shared/templating", "shared/engine/state"],
    "shared/engine/context": ["shared/domain", "shared/json/json_tree.hpp", "shared/templating", "shared/engine/state",
                              "shared/engine/plan"],
    "shared/engine/commands": ["shared/domain", "shared/engine/state", "shared/engine/plan", "shared/engine/context"],
    "shared/engine/decisions": ["shared/domain", "shared/engine/state", "shared/engine/plan", "shared/engine/context",
                                "shared/engine/commands"],
    "shared/engine": ["shared/domain", "shared/json/reserved_name.hpp", "shared/engine/state", "shared/engine/plan",
                      "shared/engine/decisions"],
    "server/counts": ["shared/base", "shared/domain", "shared/telemetry"],
    "server/waiting": [],
    "server/postgres": ["shared/base", "shared/base/text", "shared/wire"],
    "server/migrations": ["shared/base", "server/postgres"],
    "server/store/executions": ["shared/base", "shared/domain", "shared/wire/messages", "shared/wire", "server/postgres"],
    "server/store/queue": ["shared/base", "shared/domain", "shared/wire/messages", "shared/wire", "server/waiting", "server/postgres"],
    "server/store/secrets": ["shared/base", "server/postgres"],
    "server/store/upkeep": ["shared/base", "shared/domain", "server/postgres"],
    "server/notify": ["shared/base", "shared/domain", "shared/wire", "shared/telemetry", "shared/nats"],
    "server/dispatch": ["shared/base", "shared/domain", "shared/wire/messages", "server/counts", "server/postgres",
                        "server/store/queue", "server/notify/notifier.hpp"],
    "server/dead_letters": ["shared/base", "shared/domain", "shared/wire/messages", "shared/wire", "server/postgres",
                            "server/store/queue", "server/notify/notifier.hpp", "server/dispatch", "server/decisions"],
    "server/catalog": ["shared/base", "shared/domain", "shared/language/loading", "shared/language", "shared/wire/messages",
                       "server/postgres", "server/store/executions", "server/dispatch"],
    "server/decisions": ["shared/base", "shared/domain", "shared/json", "shared/wire/messages", "shared/engine/state", "shared/engine",
                         "server/counts", "server/postgres", "server/store/executions", "server/store/queue", "server/store/upkeep",
                         "server/notify/notifier.hpp", "server/dispatch", "server/catalog"],
    "server/attempts": ["shared/base", "shared/domain", "shared/json", "shared/wire/messages", "shared/wire", "shared/engine/state",
                        "shared/engine", "server/counts", "server/postgres", "server/store/executions", "server/store/queue",
                        "server/store/upkeep", "server/dispatch", "server/decisions"],
    "server/executions": ["shared/base", "shared/domain", "shared/json", "shared/wire/messages", "shared/engine/state",
                          "server/postgres", "server/store/executions", "server/store/upkeep", "server/notify/notifier.hpp",
                          "server/dispatch", "server/catalog", "server/decisions"],
    "server/views": ["shared/base", "shared/domain", "shared/templating/values", "shared/wire/messages", "shared/wire",
                     "shared/engine/state", "shared/engine/context", "server/waiting", "server/postgres", "server/migrations",
                     "server/store/executions", "server/store/queue", "server/store/upkeep", "server/notify/notifier.hpp",
                     "server/dispatch", "server/catalog", "server/decisions"],
    "server/queue": ["shared/base", "shared/domain", "shared/wire/messages", "shared/wire", "server/counts", "server/postgres",
                     "server/store/executions", "server/store/queue", "server/store/upkeep", "server/notify/notifier.hpp",
                     "server/dispatch", "server/decisions", "server/attempts", "server/executions"],
    "server/upkeep": ["shared/base", "shared/domain", "shared/telemetry", "server/postgres", "server/store/executions",
                      "server/store/queue", "server/store/upkeep", "server/notify/notifier.hpp", "server/dispatch", "server/decisions",
                      "server/attempts", "server/executions", "server/queue"],
    "server/vault": ["shared/base", "shared/base/text", "shared/durations", "shared/domain", "shared/templating", "shared/secrets",
                     "shared/json", "shared/wire/messages", "shared/telemetry", "shared/reach", "shared/fetch", "server/postgres",
                     "server/store/executions", "server/store/queue", "server/store/secrets", "server/dispatch", "server/catalog"],
    "server/doctor": ["shared/base", "shared/domain", "shared/nats", "shared/engine/state", "shared/engine", "server/postgres",
                      "server/migrations", "server/store/executions", "server/store/upkeep", "server/notify", "server/catalog",
                      "server/decisions", "server/executions"],
    "server/feed": ["shared/base", "shared/wire/messages", "shared/wire/codecs", "shared/telemetry", "shared/nats", "shared/nats/requests",
                    "shared/messaging", "server/postgres", "server/store/executions", "server/dispatch",
                    "server/decisions/log_notes.hpp"],
    "server/api/calls": ["shared/base", "shared/domain", "shared/json", "shared/wire", "shared/schema", "shared/telemetry",
                         "server/dispatch", "server/queue", "server/vault"],
    "server/api/executions": ["shared/base", "shared/domain", "shared/json", "shared/wire", "shared/wire/codecs", "server/dead_letters",
                              "server/catalog", "server/executions", "server/feed/read_feed.hpp", "server/views", "server/queue", "server/api/calls"],
    "server/api/secrets": ["shared/json", "shared/wire/messages", "shared/wire", "shared/wire/codecs", "server/api/calls"],
    "server/api/work": ["shared/domain", "shared/json", "shared/wire/messages", "shared/wire", "shared/wire/codecs",
                        "shared/wire/operations", "server/attempts",
                        "server/views", "server/queue", "server/api/calls"],
    "server/api/routes": ["shared/base", "shared/base/text", "shared/json", "shared/wire/messages", "shared/wire", "shared/wire/codecs",
                          "shared/wire/operations", "shared/schema", "shared/telemetry", "shared/http", "server/api/calls", "server/api/executions",
                          "server/api/secrets", "server/api/work"],
    # errors.hpp: the API is where exceptions of the store are caught.
    "server/api": ["shared/base", "shared/base/text", "shared/wire/messages", "shared/wire", "shared/telemetry", "shared/http",
                   "shared/coding", "server/postgres/errors.hpp", "server/dispatch", "server/vault", "server/api/calls",
                   "server/api/routes"],
    "server": ["shared/", "server/"],
    "worker/tools": ["shared/base", "shared/durations", "shared/domain", "shared/secrets", "shared/reach"],
    "worker/tools/http": ["shared/base", "shared/base/text", "shared/domain", "shared/reach", "shared/coding", "shared/fetch",
                          "worker/tools"],
    "worker/tools/programs": ["shared/base", "shared/domain", "shared/process", "worker/tools"],
    "worker/tools/builtin": ["shared/base/text", "shared/process", "worker/tools", "worker/tools/http"],
    "worker/tools/containers": ["shared/base", "shared/domain", "worker/tools", "worker/tools/programs"],
    "worker/tools/python": ["shared/base", "shared/domain", "worker/tools", "worker/tools/programs"],
    "worker/tools/duckdb": ["shared/base", "shared/base/text", "shared/domain", "worker/tools", "worker/tools/programs"],
    "worker/tools/nats": ["shared/base/text", "shared/nats", "worker/tools"],
    "worker/tools/objects": ["shared/base", "shared/base/text", "shared/fetch", "worker/tools", "worker/tools/http"],
    "worker/tools/postgres/sql": ["shared/base", "shared/base/text", "worker/tools"],
    "worker/tools/postgres": ["shared/base", "shared/base/text", "shared/domain", "shared/reach", "worker/tools",
                              "worker/tools/programs", "worker/tools/postgres/sql"],
    "worker/tools/transfer/cells": ["shared/base", "shared/base/text", "worker/tools", "worker/tools/duckdb", "worker/tools/postgres"],
    "worker/tools/transfer": ["shared/base/text", "worker/tools", "worker/tools/duckdb", "worker/tools/postgres/sql",
                              "worker/tools/postgres", "worker/tools/transfer/cells"],
    "worker/loop/leases": ["shared/base", "shared/domain", "shared/wire/messages", "shared/telemetry", "shared/nats",
                           "shared/transport/transport.hpp", "worker/tools/tool.hpp"],
    "worker/loop/progress": ["shared/base", "shared/domain", "shared/wire/messages", "shared/telemetry",
                             "shared/transport/transport.hpp", "worker/tools/progress.hpp", "worker/loop/leases"],
    "worker/loop/secrets": ["shared/base", "shared/base/text", "shared/domain", "shared/templating", "shared/secrets", "shared/json",
                            "shared/wire", "shared/wire/codecs", "worker/tools/credentials.hpp", "worker/tools/tool.hpp",
                            "worker/loop/leases"],
    "worker/loop/runs": ["shared/base", "shared/base/text", "shared/domain", "shared/json", "shared/wire/messages", "shared/wire", "shared/telemetry",
                         "shared/transport/transport.hpp", "shared/engine", "worker/tools/tool.hpp", "worker/loop/leases",
                         "worker/loop/progress", "worker/loop/secrets"],
    "worker/loop/ahead": ["shared/base", "shared/domain", "shared/language/loading", "shared/wire/messages", "shared/telemetry",
                          "shared/transport/transport.hpp", "shared/engine/state", "shared/engine", "worker/loop/leases",
                          "worker/loop/runs"],
    "worker/loop/fetching": ["shared/base", "shared/wire/messages", "shared/wire", "shared/telemetry", "shared/nats",
                             "shared/transport/transport.hpp", "worker/loop/leases", "worker/loop/runs", "worker/loop/ahead"],
    "worker/loop": ["shared/base", "shared/wire", "shared/telemetry", "shared/transport/transport.hpp", "worker/tools/tool.hpp",
                    "worker/loop/leases", "worker/loop/progress", "worker/loop/runs", "worker/loop/fetching"],
    "worker/control": ["shared/base", "shared/base/text", "shared/domain", "shared/durations", "shared/language/loading", "shared/nats",
                       "shared/nats/requests", "shared/wire", "shared/wire/operations", "worker/loop/leases", "worker/loop/runs",
                       "worker/tools/tool.hpp"],
    "worker/health": ["shared/http", "shared/nats/traffic", "worker/loop/leases/settings.hpp"],
    "worker": ["shared/", "worker/"],
    "cli": ["shared/base", "shared/base/text", "shared/durations", "shared/language", "shared/json", "shared/wire/messages",
            "shared/wire", "shared/config", "shared/telemetry", "shared/process", "server/migrations", "cli/load"],
    "cli/load": ["shared/base", "shared/base/text", "shared/wire", "cli/interruptible_wait.hpp"],
    # The one place where the command line meets the programs that it starts.
    "cli/main.cpp": ["shared/", "cli/", "server/run_doctor.hpp", "server/run_server.hpp", "server/migrations/migrations.hpp",
                     "server/migrations/users_objects.hpp", "worker/run_worker.hpp"],
}

# Third-party header → the folders that may include it.
THIRD_PARTY = {
    "nats/": ["shared/nats"],
    "pqxx/": ["server/postgres", "server/migrations", "server/store"],
    "libpq-fe.h": ["shared/messaging/checkpoints", "worker/tools/postgres"],
    "httplib.h": ["shared/transport", "cli"],
    "curl/": ["shared/fetch"],
    "spdlog/": ["shared/telemetry"],
    "prometheus/": ["shared/telemetry"],
    "yaml-cpp/": ["shared/language"],
    "CLI/": ["cli"],
}

# What only follows a commit → the files that may call it: everybody else gives effects (docs/internals/decisions/0031). Upkeep notifies
# again of what it has only read.
AFTER_COMMIT = {
    r"\bnotify_workers\(": {"server/decisions/perform.cpp", "server/dispatch/notify_workers.cpp", "server/dispatch/notify_workers.hpp",
                            "server/upkeep/renotifier.cpp", "server/upkeep/due_timer.cpp"},
    r"\bwork_counts\.add\(|\.publish_dead_letters\(|\.deliver\(": {"server/decisions/perform.cpp"},
    r"\bresume_callers\(": {"server/decisions/perform.cpp", "server/decisions/resume_callers.cpp",
                            "server/decisions/resume_callers.hpp"},
}

FORBIDDEN_NAMES = {"util", "utils", "common", "helper", "helpers", "manager", "data", "info"}
SLEEP = re.compile(r"\b(sleep_for|sleep_until|usleep|nanosleep)\s*\(")
INCLUDE = re.compile(r'^\s*#include\s+([<"])([^>"]+)[>"]')
NOT_A_FUNCTION = re.compile(r"^\s*(namespace|class|struct|enum|union|extern|using|typedef|#|//|\}|public|private|protected)")


def sources():
    for top in ("shared", "server", "worker", "cli", "tests", "bench"):
        for path in sorted((ROOT / top).rglob("*")):
            if path.suffix in LINES_MAX and "node_modules" not in path.parts:
                yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8").splitlines()


def layer_of(name):
    """The longest entry of LAYERS that the file is in."""
    found = [layer for layer in LAYERS if name == layer or name.startswith(layer + "/")]
    return max(found, key=len, default=None)


def is_below(name, place):
    return name == place or name.startswith(place + "/")


def may_be(included, place):
    return included.startswith(place) if place.endswith("/") else included == place or layer_of(included) == place


def check_includes(name, lines):
    layer = layer_of(name)
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        bracket, included = match.groups()
        if bracket == '"' and layer is not None and included.split("/")[0] in ("shared", "server", "worker", "cli", "tests"):
            folder = layer.rsplit("/", 1)[0] if layer.endswith(".cpp") else layer
            # A folder with folders below it is one layer only with itself: server may not be included by server/queue.
            if layer_of(included) != folder and not any(may_be(included, place) for place in LAYERS[layer]):
                yield f"{name}:{number}: {layer} may not include {included}"
        for header, folders in THIRD_PARTY.items():
            is_product = layer is not None
            if is_product and included.startswith(header) and bracket == "<" and not any(is_below(name, f) for f in folders):
                yield f"{name}:{number}: <{included}> may only be included in {', '.join(folders)}"


def check_header(name, lines):
    if not name.endswith(".hpp"):
        return
    if not lines or lines[0] != "#pragma once":
        yield f"{name}:1: a header begins with #pragma once"
    elif len(lines) < 2 or not lines[1].startswith("// "):
        yield f"{name}:2: a header's second line begins the comment that says what it is and which threads may call it"


def check_name(name):
    words = set(re.split(r"[/_.\-]", name.rsplit(".", 1)[0]))
    for word in sorted(words & FORBIDDEN_NAMES):
        yield f"{name}: '{word}' says nothing; name the file after its main type or verb"


def check_text(name, lines):
    for number, line in enumerate(lines, 1):
        if name.startswith("tests/") and name != "tests/support/wait_until.cpp" and SLEEP.search(line) and "//" not in line:
            yield f"{name}:{number}: a test waits for a signal, it does not sleep (a comment must say why this one may)"
        if "FIXME" in line and name != "tests/tidy/tidy.py":
            yield f"{name}:{number}: FIXME may not be merged"


def check_effects(name, lines):
    """A use case gives its effects as a value; decisions::perform does them."""
    if not name.startswith("server/"):
        return
    for number, line in enumerate(lines, 1):
        for call, files in AFTER_COMMIT.items():
            if name not in files and (found := re.search(call, line)):
                yield f"{name}:{number}: {found.group(0)}…) is what decisions::perform does: give it as dispatch::Effects"


def check_queries(name, lines):
    """The members of a statement's struct are named: those that are not could stand in a wrong order."""
    text = "\n".join(lines)
    for found in re.finditer(r"\bqueries::\w+\{(?!\s*[.}])", text):
        yield f"{name}:{text.count(chr(10), 0, found.start()) + 1}: {found.group(0)} names its parameters: {{.id = …}}"


def function_lengths(lines):
    """(first line, length, signature) of every function body, by the indentation that the formatter gives."""
    start = None
    for number, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        if start is None:
            # A line without ")" opens a list of values or a type, not a body.
            if line.rstrip().endswith("{") and ")" in line and indent in (0, 2, 4) and not NOT_A_FUNCTION.match(line):
                first = number
                # A signature may span lines: go back to where it began, at a smaller or equal indentation.
                while first > 0 and "(" not in lines[first]:
                    first -= 1
                opening = len(lines[first]) - len(lines[first].lstrip())
                start = (first, opening)
        elif line.rstrip() in ("}", "};", "});", "}();") and indent == start[1]:
            yield start[0] + 1, number - start[0] + 1, re.sub(r"\s+", " ", lines[start[0]].strip())[:80]
            start = None


def check_lengths(name, lines, baseline, seen):
    limit = LINES_MAX[pathlib.Path(name).suffix]
    measured = [(f"file {name}", len(lines), limit, f"{name}: {len(lines)} lines")]
    for number, length, signature in function_lengths(lines):
        # Test cases are lists of short steps; they are bounded by their file.
        if not signature.startswith("TEST_CASE"):
            measured.append((f"function {name} {signature}", length, FUNCTION_LINES_MAX,
                             f"{name}:{number}: {length} lines in {signature}"))
    for key, length, most, text in measured:
        if length <= most:
            continue
        seen[key] = max(seen.get(key, 0), length)
        if length > baseline.get(key, 0):
            allowed = f"{baseline[key]} in the baseline" if key in baseline else f"at most {most}"
            yield f"{text}, {allowed}"


def folder_sizes(names):
    """{folder: modules} of the product: a module is a header, a source, or both under one name."""
    modules = {}
    for name in names:
        if not name.startswith("tests/"):
            folder, file = name.rsplit("/", 1)
            modules.setdefault(folder, set()).add(file.rsplit(".", 1)[0])
    return {folder: len(found) for folder, found in modules.items()}


def check_folders(names, baseline, seen):
    for folder, count in sorted(folder_sizes(names).items()):
        if count <= MODULES_MAX:
            continue
        seen[f"folder {folder}"] = count
        if count > baseline.get(f"folder {folder}", 0):
            yield f"{folder}: {count} modules, at most {baseline.get(f'folder {folder}', MODULES_MAX)}; divide it by subject"


def read_baseline():
    entries = {}
    if BASELINE.exists():
        for line in BASELINE.read_text(encoding="utf-8").splitlines():
            if line and not line.startswith("#"):
                length, key = line.split(" ", 1)
                entries[key] = int(length)
    return entries


def main():
    baseline, seen, findings = read_baseline(), {}, []
    names = []
    for name, lines in sources():
        names.append(name)
        for check in (check_includes, check_header, check_text, check_effects, check_queries):
            findings.extend(check(name, lines))
        findings.extend(check_name(name))
        lengths = list(check_lengths(name, lines, baseline, seen))
        if "--update-baseline" not in sys.argv:
            findings.extend(lengths)
    texts = {name: "\n".join(lines) for name, lines in sources()}
    findings.extend(settings.check(texts[settings.HEADER], texts))
    folders = list(check_folders(names, baseline, seen))
    if "--update-baseline" not in sys.argv:
        findings.extend(folders)
    findings.extend(documents.findings())
    findings.extend(words.findings())
    if "--update-baseline" in sys.argv:
        text = "# What was longer than its limit when the rule came. It may shrink, not grow. (tests/tidy/tidy.py)\n"
        BASELINE.write_text(text + "".join(f"{seen[key]} {key}\n" for key in sorted(seen)), encoding="utf-8")
    for finding in findings:
        print(finding)
    print(f"tidy: {len(findings)} finding{'' if len(findings) == 1 else 's'}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
