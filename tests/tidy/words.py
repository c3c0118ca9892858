#!/usr/bin/env python3
"""Private words: what the field has a word for is called by it, in code, comments and documents.

The glossary in docs/internals/architecture.md translates. Files that quote history are left out: decision records,
numbered migrations and the schema made from them, released sections of the changelog. tidy.py runs this; run alone
it prints the findings.
"""
import re
import sys

import documents

# Pattern → the field's word.
BANNED = {
    r"doorbells?": "notification",
    r"rung|ringing": "notified, notifying",
    r"hand(?:s|ed|ing)?[ _-]?overs?": "direct dispatch",
    r"lulls?": "idle gate",
    r"gathering": "group commit",
    r"claim(?:s|ed|ing)?[ _-]ahead": "prefetch",
    r"lease[ _-]?(?:book|keeper)": "held leases, heartbeat sender",
    r"stand(?:s|ing)?[ _-]by": "poll for direct dispatch",
    r"given[ _-]up": "dropped, abandoned",
    r"put[ _-]off": "postponed",
    r"untold": "unreported",
    r"occurrence": "result of a node",
    r"happening": "event",
    r"the seed": "NoETL v1",
}
# A word may be part of a name: HandOver, was_rung, hand_overs_max.
PATTERNS = [(re.compile(rf"(?<![A-Za-z])(?:{pattern})(?![a-z])", re.I), word) for pattern, word in BANNED.items()]
# Names that are stored, or that the release before knows: they stay, the glossary lists them.
STORED = re.compile(r"noetl\.doorbell\b|notification\.given_up\b|execution_untold\b|decisions/\S+|\b\d{4}-[\w-]+\.md\b")
SKIPPED = (documents.DECISIONS, "sql/migrations/", "sql/schema.sql", "LICENSE", "bench/results/", "bench/plots/", "tests/chaos/results/",
           "tests/deploy/live/results/", "tests/compat/", "tests/fuzz/corpus/", "tests/clients/", "tests/tidy/words")
# What was renamed is quoted there by its old name.
CHANGELOG, QUOTED = "CHANGELOG.md", re.compile(r"`[^`]*`")


def unreleased(text):
    """The part of the changelog above its first release, which is all that may still change."""
    released = re.search(r"^## \[\d", text, re.M)
    return text[:released.start()] if released else text


def findings():
    for name in documents.tracked():
        if name.startswith(SKIPPED) or not name.endswith(tuple(documents.TEXT)):
            continue
        text = documents.text_of(name)
        for place, line in [(name, name), *((f"{name}:{number}", line) for number, line in
                                            enumerate((unreleased(text) if name == CHANGELOG else text).splitlines(), 1))]:
            said = STORED.sub("", line)
            if name == CHANGELOG:
                said = QUOTED.sub("", said)
            for pattern, word in PATTERNS:
                if found := pattern.search(said):
                    yield f"{place}: '{found.group(0)}' is a private word; the field says: {word}"


if __name__ == "__main__":
    found = list(findings())
    print(*found, sep="\n")
    sys.exit(1 if found else 0)
