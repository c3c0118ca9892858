#!/usr/bin/env python3
"""Rules of the documents: every link and every reference resolves, no sentence is longer than 40 words, no line
of prose wider than 140 columns, every page is listed, decision records have one form.

Checked in every tracked file: "docs/…" paths, decision numbers, and R-numbers of the guarantees. Checked in Markdown: links with
their anchors, paths of the tree, file:line. tidy.py runs this; run alone it prints the findings of the documents only.
"""
import functools
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
WORDS_MAX = 40
COLUMNS_MAX = 140
GUARANTEES = "docs/concepts/guarantees.md"
INDEX = "docs/README.md"
DECISIONS = "docs/internals/decisions/"
DECISION_LINES_MAX = 60
# Documents whose sentences or lines are still too long. The list may shrink, not grow.
LONG_SENTENCES = ()

# Folders whose paths are named in prose.
TREES = ("server", "worker", "shared", "cli", "tests", "bench", "deploy", "k8s", "sql", "examples", "cmake", "docs")
# Names in documents that look like paths of the tree.
NOT_PATHS = {"bench/three_steps/POOL"}
TEXT = {".md", ".cpp", ".hpp", ".py", ".sql", ".txt", ".cmake", ".yaml", ".yml", ".json", ".sh", ".conf", ".env", ".service", ".js", ""}
# Generated, data that quotes others, or frozen by a checksum.
SKIPPED = ("sql/migrations/", "tests/fuzz/corpus/", "tests/compat/playbooks/", "tests/deploy/rendered/", "tests/deploy/schema/", "bench/peers/", "bench/plots/", "tests/tidy/documents", "tests/tidy/words")

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
DOCUMENT = re.compile(r"(?<![\w/.:-])docs/[\w/-]*[\w-](?:\.\w+)*")
HEADING_OF = re.compile(r"(?<![\w/.:-])(docs/[\w/-]+\.md), \"([^\"]+)\"")
DECISION = re.compile(r"\b[Dd]ecisions? (\d{4})\b")
GUARANTEE = re.compile(r"(?<![\w.])R(\d{1,2})\b(?![.\w])")
TREE_PATH = re.compile(r"(?<![\w/.:$<-])((?:" + "|".join(TREES) + r")/[\w./-]*[\w/])(?::(\d+))?(?![\w<{*])")
FENCE = re.compile(r"^([ \t]*)(```|~~~).*?^\1\2[ \t]*$", re.M | re.S)
ABBREVIATIONS = re.compile(r"\b(?:e\.g|i\.e|etc|vs|cf|No|St)\.")


@functools.cache
def tracked():
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z"], capture_output=True, check=True, text=True)
    return tuple(name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file())


@functools.cache
def text_of(name):
    return (ROOT / name).read_text(encoding="utf-8", errors="replace")


def without_fences(text):
    """The text with its fenced blocks emptied, line for line."""
    return FENCE.sub(lambda match: "\n" * match.group(0).count("\n"), text)


def anchor_of(heading):
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").strip().lower()
    return re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", plain))


@functools.cache
def anchors_of(name):
    found, seen = set(), {}
    for line in without_fences(text_of(name)).splitlines():
        match = re.match(r"#{1,6}\s+(.*?)\s*#*$", line)
        if match:
            anchor = anchor_of(match.group(1))
            count = seen.get(anchor, 0)
            seen[anchor] = count + 1
            found.add(anchor if count == 0 else f"{anchor}-{count}")
        found.update(re.findall(r'<a (?:id|name)="([^"]+)"', line))
    return frozenset(found)


def check_links(name):
    for number, line in enumerate(without_fences(text_of(name)).splitlines(), 1):
        for target in LINK.findall(re.sub(r"`[^`]*`", "", line) if "](" not in line else line):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            file = ((ROOT / name).parent / path).resolve() if path else ROOT / name
            if not file.exists():
                yield f"{name}:{number}: the link {target} leads nowhere"
                continue
            document = file.relative_to(ROOT).as_posix()
            if anchor and document.endswith(".md") and anchor not in anchors_of(document):
                yield f"{name}:{number}: {document} has no heading #{anchor}"


@functools.cache
def exists(path):
    """A file, a folder, a file without its suffix, or the beginning of a numbered one (docs/internals/decisions/0010)."""
    whole = ROOT / path.rstrip("/")
    if whole.exists():
        return True
    return any(other.startswith(path + ".") for other in tracked()) or \
        bool(re.search(r"/\d{4}$", path)) and any(other.startswith(path) for other in tracked())


def check_references(name):
    is_document = name.endswith(".md")
    text = text_of(name)
    guarantees = text_of(GUARANTEES)
    for number, line in enumerate(text.splitlines(), 1):
        for path in () if is_document else DOCUMENT.findall(line):
            if not exists(path):
                yield f"{name}:{number}: {path} does not exist"
        for path, heading in HEADING_OF.findall(line):
            if exists(path) and anchor_of(heading) not in anchors_of(path):
                yield f"{name}:{number}: {path} has no heading \"{heading}\""
        for decision in DECISION.findall(line):
            if not exists(f"docs/internals/decisions/{decision}"):
                yield f"{name}:{number}: there is no decision {decision}"
        for guarantee in GUARANTEE.findall(line) if name.endswith((".md", ".py", ".cpp", ".hpp", ".sql", ".txt")) else ():
            if not re.search(rf"\bR{guarantee}\b", guarantees):
                yield f"{name}:{number}: {GUARANTEES} has no R{guarantee}"


def check_paths(name):
    """Paths of the tree that prose names."""
    for number, line in enumerate(without_fences(text_of(name)).splitlines(), 1):
        for path, at in TREE_PATH.findall(re.sub(r"\]\([^)]*\)", "]", line)):
            if path in NOT_PATHS:
                continue
            if not exists(path.rstrip(".")):
                yield f"{name}:{number}: {path} does not exist"
            elif at and int(at) > len(text_of(path).splitlines()):
                yield f"{name}:{number}: {path} has no line {at}"


def sentences(text):
    """(line, sentence) of the prose of a Markdown text: paragraphs, items of lists, cells of tables."""
    text = re.sub(r"<!--.*?-->", lambda match: "\n" * match.group(0).count("\n"), without_fences(text), flags=re.S)
    blocks, current, start = [], [], 0
    for number, line in enumerate([*text.splitlines(), ""], 1):
        stripped = line.strip()
        is_item = re.match(r"(?:[-*+]|\d+\.)\s", stripped)
        is_apart = not stripped or stripped.startswith(("#", "|", ">")) or line.startswith("    ") and not current
        if current and (is_apart or is_item):
            blocks.append((start, " ".join(current)))
            current = []
        if stripped.startswith("|"):
            blocks += [(number, cell) for cell in re.split(r"(?<!\\)\|", stripped)]
        elif not is_apart:
            if not current:
                start = number
            current.append(stripped)
    for number, block in blocks:
        block = re.sub(r"`[^`]*`", "code", block)
        block = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", block)
        block = ABBREVIATIONS.sub("and", block)
        for sentence in re.split(r"(?<=[.!?:;])[)*\"”]*\s+(?=[^a-z\d])|(?<=[.!?])[)*\"”]*\s+", block):
            yield number, sentence


def check_sentences(name):
    for number, sentence in sentences(text_of(name)):
        words = [word for word in sentence.split() if re.search(r"\w", word)]
        if len(words) > WORDS_MAX:
            yield f"{name}:{number}: a sentence of {len(words)} words: {' '.join(words[:9])} …"


def check_widths(name):
    for number, line in enumerate(without_fences(text_of(name)).splitlines(), 1):
        if len(line) <= COLUMNS_MAX or line.lstrip().startswith(("|", "![", "<!--")) or line.startswith("    "):
            continue
        # A piece of code or a link cannot be broken.
        if " " in re.sub(r"`[^`]*`|!?\[[^\]]*\]\([^)]*\)", "x", line.strip()):
            yield f"{name}:{number}: a line of {len(line)} columns; wrap prose at {COLUMNS_MAX} or less"


def has_short_sentences(name):
    is_page = name in ("README.md", "CONTRIBUTING.md", "bench/README.md") or name.startswith("docs/") and name.endswith(".md")
    return is_page and name not in LONG_SENTENCES


def check_decisions():
    """Context, decision, consequences, on one screen, and in the index of its folder."""
    index = f"{DECISIONS}README.md"
    for name in tracked():
        if not name.startswith(DECISIONS) or name == index:
            continue
        lines = text_of(name).splitlines()
        if len(lines) > DECISION_LINES_MAX:
            yield f"{name}: {len(lines)} lines; a decision record has at most {DECISION_LINES_MAX}"
        for part in ("Context", "Decision", "Consequences"):
            if f"## {part}" not in lines:
                yield f"{name}: a decision record has a section '## {part}'"
        if f"]({name.removeprefix(DECISIONS)})" not in text_of(index):
            yield f"{index}: {name} is not listed"


def check_index():
    """Every page stands in docs/README.md."""
    pages = [name for name in tracked() if name.startswith("docs/") and name.endswith(".md") and name != INDEX and not name.startswith(DECISIONS)]
    for name in pages:
        if f"]({name.removeprefix('docs/')}" not in text_of(INDEX):
            yield f"{INDEX}: {name} is not listed"


def findings():
    if (ROOT / INDEX).exists():
        yield from check_index()
    yield from check_decisions()
    for name in tracked():
        if pathlib.Path(name).suffix not in TEXT or name.startswith(SKIPPED) or name in ("LICENSE",):
            continue
        yield from check_references(name)
        if name.endswith(".md"):
            yield from check_links(name)
            yield from check_paths(name)
        if has_short_sentences(name):
            yield from check_sentences(name)
            yield from check_widths(name)
    for name in LONG_SENTENCES:
        if (ROOT / name).exists() and not [*check_sentences(name), *check_widths(name)]:
            yield f"tests/tidy/documents.py: {name} obeys; take it off LONG_SENTENCES"


if __name__ == "__main__":
    found = list(findings())
    print("\n".join(found))
    print(f"documents: {len(found)} findings")
    sys.exit(1 if found else 0)
