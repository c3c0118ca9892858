"""What the product itself has, read from where it is written down: settings, routes, metrics, names in JetStream."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def text_of(path):
    return (ROOT / path).read_text(encoding="utf-8")


def settings():
    """Environment variables of every setting (docs/reference/configuration.md is generated and checked)."""
    names = set()
    for line in text_of("docs/reference/configuration.md").splitlines():
        cells = line.split(" | ")
        if line.startswith("| `") and len(cells) >= 5:
            names.update(re.findall(r"`([A-Z][A-Z0-9_]+)`", cells[1]))
    return names


def endpoints():
    """{(method, path)} and {operation id} of the server's table."""
    table = text_of("server/api/routes/endpoints.cpp")
    rows = re.findall(r'\.method = "([A-Z]+)", \.path = "([^"]+)", \.operation_id = "([^"]+)"', table)
    return {(method, path) for method, path, _id in rows}, {operation for _method, _path, operation in rows}


def metrics():
    """{name: kind} of what the server makes, histograms with their three series."""
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "server").rglob("*.cpp")]
    constants = {}
    for source in sources:
        constants.update(re.findall(r'constexpr (?:auto|std::string_view) (\w+) = "(noetl_\w+)"', source))
    found = {}
    for source in sources:
        for kind, literal, constant in re.findall(r'\b(gauge|counter|histogram)s?(?:_from)?\(\s*(?:"(noetl_\w+)"|(\w+)\s*,)', source):
            name = literal or constants.get(constant)
            if name:
                found[name] = kind
    for name in [name for name, kind in found.items() if kind == "histogram"]:
        del found[name]
        found.update({name + suffix: "histogram" for suffix in ("_bucket", "_sum", "_count")})
    return found


def jetstream_names():
    """The constants of shared/wire/subjects.hpp."""
    return dict(re.findall(r'constexpr std::string_view (\w+) = "([^"]+)"', text_of("shared/wire/subjects.hpp")))
