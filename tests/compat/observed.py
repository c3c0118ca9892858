"""What an execution did, read from the server's API alone."""
from http_json import Refused

EVENTS_PER_PAGE = 1000
# Events that say that a step was entered; which of them there are depends on whether it has a tool.
ENTERED = ("command.issued", "child.requested", "step.enter", "step.exit")


class Observed:
    """One execution after its end. A value."""

    def __init__(self, execution, events, children):
        self.execution_id = execution["execution_id"]
        self.status = execution["status"]
        self.seconds = execution.get("duration") or 0.0
        self.error = execution.get("error")
        self.result = execution.get("result")
        self.variables = execution.get("variables") or {}
        self.events, self.children = events, children

    @property
    def entered(self):
        """Names of steps in the order in which they were entered first."""
        return list(dict.fromkeys(event["step"] for event in self.events
                                  if event["event_type"] in ENTERED and event["step"]))

    def attempts(self, step):
        """Attempts of its tools; sinks are not counted."""
        return sum(1 for event in self.events if event["event_type"] == "command.started" and event["step"] == step
                   and "!sink" not in event["node"])

    @property
    def skipped(self):
        return {event["step"] for event in self.events if event["event_type"] == "step.skipped"}

    def results(self, steps):
        """Result of each of these steps that has one."""
        return {step: self.variables[step] for step in steps if step in self.variables and step in self.entered}

    @property
    def error_text(self):
        if not self.error:
            return ""
        if not isinstance(self.error, dict):
            return str(self.error)
        where = f"{self.error['step']}: " if self.error.get("step") else ""
        return f"{where}{self.error.get('kind', '')}: {self.error.get('message', self.error)}"


def brief(event):
    """Without its payload, which may be megabytes."""
    payload = event.get("payload")
    return {"event_type": event["event_type"], "step": event["step"],
            "node": str(payload.get("node_id", "")) if isinstance(payload, dict) else ""}


def read_events(client, execution_id):
    events, after = [], None
    while True:
        path = f"/api/v2/executions/{execution_id}/events?limit={EVENTS_PER_PAGE}"
        page = client.get(path + (f"&after={after}" if after else ""))
        events += [brief(event) for event in page["events"]]
        after = page.get("next_after")
        if not after or not page["events"]:
            return events


def observe(client, execution_id):
    execution = client.get(f"/api/v2/executions/{execution_id}")
    children = client.get(f"/api/v2/executions?parent_execution_id={execution_id}&limit=1000")["executions"]
    return Observed(execution, read_events(client, execution_id), children)


def issued(client, execution_id, step):
    """Has a command of this step been issued?"""
    try:
        page = client.get(f"/api/v2/executions/{execution_id}/events?event_type=command.issued&step={step}&limit=1")
    except Refused:
        return False
    return bool(page["events"])
