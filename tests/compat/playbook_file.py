"""A playbook on its way in: where it calls servers that only its authors have, it is pointed at ours."""
import json
import pathlib
import re

import yaml

# Hosts that playbooks name → what stands in for them. {stub} has a namespace for each run, so that counters are its own.
HOSTS = [
    (r"https?://[\w-]+\.test-server(\.svc(\.cluster\.local)?)?(:\d+)?", "{stub}"),
    (r"https?://(test-server|paginated-api)(\.[\w.-]+)?(:(5555|30555))?(?![\w.:-])", "{stub}"),
    (r"\b[\w-]+\.test-server\.svc\.cluster\.local(:\d+)?", "{stub_host}"),
    (r"https?://localhost:(5555|30555)", "{stub}"),
    (r"https?://(www\.)?httpbin\.org", "{stub}"),
    (r"https?://jsonplaceholder\.typicode\.com", "{stub}"),
    (r"https?://api\.open-meteo\.com", "{stub}"),
    (r"https?://en\.wikipedia\.org", "{stub}"),
    (r"https?://raw\.githubusercontent\.com/[\w./-]+/scripts/", "{stub}/files/"),
    (r"https?://noetl[\w-]*(\.noetl)?(\.svc(\.cluster\.local)?)?:8082", "{server}"),
    (r"https?://noetl[\w-]*\.noetl(\.svc(\.cluster\.local)?)?(?![\w.:-])", "{server}"),
    (r"https?://noetl[\w-]*(?![\w.:-])", "{server}"),
    (r"https?://(localhost|127\.0\.0\.1|host\.docker\.internal):(8082|30082)", "{server}"),
    (r"\bnats(\.nats)?(\.svc(\.cluster\.local)?)?:4222", "{nats_host}"),
    (r"\bpostgres[\w-]*\.[\w-]+(\.svc(\.cluster\.local)?):5432\b", "{pg_host}:{pg_port}"),
    (r"\bpostgres[\w-]*\.[\w-]+\.svc(\.cluster\.local)?(?![\w.])", "{pg_host}"),
    (r"(@|//)(postgres|localhost|127\.0\.0\.1):5432\b", r"\1{pg_host}:{pg_port}"),
    # Code that connects by itself: port=5432, "port": 5432, pg_port or 5432.
    (r"((?:\b|_)port[\"']?\s*(?:[=:]|or|,)\s*[\"']?)5432\b", r"\1{pg_port}"),
]
# Keys of a workload that say where a database is, and the values that mean NoETL's own.
PORT_KEY, HOST_KEY = re.compile(r"(^|_)port$", re.I), re.compile(r"(^|_)(db|pg|postgres|postgresql)_?host$", re.I)
PORTS, PG_HOSTS = ("5432", "54321", "30321"), ("postgres", "localhost", "127.0.0.1", "host.docker.internal")


class Playbook:
    """The text of one file, and what is known of it without running it. A value."""

    def __init__(self, path, name):
        self.path, self.name = pathlib.Path(path), name
        self.text = self.path.read_text(encoding="utf-8")
        try:
            found = yaml.safe_load(self.text)
        except yaml.YAMLError:
            found = None
        self.content = found if isinstance(found, dict) else {}

    @property
    def is_playbook(self):
        """A file that is no mapping may be a broken playbook; one of another kind is something else."""
        return not self.content or self.content.get("kind") == "Playbook" or "workflow" in self.content

    @property
    def catalog_path(self):
        """Under which others call it; nothing when the file says none."""
        metadata = self.content.get("metadata")
        metadata = metadata if isinstance(metadata, dict) else {}
        return metadata.get("path") or self.content.get("path") or metadata.get("name") or self.content.get("name")

    @property
    def steps(self):
        workflow = self.content.get("workflow")
        return [step["step"] for step in workflow if isinstance(step, dict) and "step" in step] if isinstance(
            workflow, list) else []

    def payload(self, places):
        """Overrides for what the workload says of hosts."""
        workload = self.content.get("workload")
        if not isinstance(workload, dict):
            return {}
        changed = {key: pointed(at_our_database(key, value, places), places) for key, value in workload.items()}
        return {key: value for key, value in changed.items() if value != workload[key]}

    def rewritten(self, places, extra=()):
        """The text, with hosts that no payload can reach replaced, and the replacements that a run asks for."""
        rest = {key: value for key, value in self.content.items() if key != "workload"}
        text = self.text
        if any(re.search(pattern, json.dumps(rest, default=str)) for pattern, _place in HOSTS):
            text = pointed(text, places)
        for old, new in extra:
            if old not in text:
                raise ValueError(f"{self.name}: the text to replace is not there: {old!r}")
            text = text.replace(old, new)
        return text


def at_our_database(key, value, places):
    """A port or a host of NoETL's Postgres under a key that says so, at any depth; a port keeps its type."""
    if isinstance(value, dict):
        return {inner: at_our_database(inner, one, places) for inner, one in value.items()}
    if isinstance(value, list):
        return [at_our_database(key, one, places) for one in value]
    if PORT_KEY.search(str(key)) and str(value) in PORTS and not isinstance(value, bool):
        return type(value)(places["pg_port"])
    if HOST_KEY.search(str(key)) and value in PG_HOSTS:
        return places["pg_host"]
    return value


def pointed(value, places):
    """Any value with the hosts in its texts replaced."""
    if isinstance(value, dict):
        return {key: pointed(one, places) for key, one in value.items()}
    if isinstance(value, list):
        return [pointed(one, places) for one in value]
    if not isinstance(value, str):
        return value
    for pattern, place in HOSTS:
        value = re.sub(pattern, lambda match, to=place: match.expand(to).format(**places), value)
    return value


def placed(value, places):
    """Any value with {stub}, {server}, {pg_port} … filled in; a text that is one name keeps the value's type."""
    if isinstance(value, dict):
        return {key: placed(one, places) for key, one in value.items()}
    if isinstance(value, list):
        return [placed(one, places) for one in value]
    if not isinstance(value, str):
        return value
    whole = re.fullmatch(r"\{(\w+)\}", value)
    if whole and whole.group(1) in places:
        return places[whole.group(1)]
    return re.sub(r"\{(\w+)\}", lambda match: str(places.get(match.group(1), match.group(0))), value)


def find_playbooks(folder):
    """Every playbook below a folder, in order."""
    folder = pathlib.Path(folder)
    files = sorted(path for path in folder.rglob("*") if path.suffix in (".yaml", ".yml") and path.is_file())
    found = [Playbook(path, path.relative_to(folder).as_posix()) for path in files]
    return [playbook for playbook in found if playbook.is_playbook]
