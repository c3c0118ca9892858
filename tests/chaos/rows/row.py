"""What every row has: its fault and pass mark in words, the stack that it needs, and the fault itself."""
from stack import StackSettings


class Row:
    name = ""  # of --only
    fault = ""
    mark = ""
    is_in_short = True  # part of the form for CI
    per_second = 80  # commands of the load
    kinds = None  # of the load; all when not said

    def settings(self, is_short):
        return StackSettings()

    def run(self, trial):
        """Injects the fault into a stack under load, takes it away again, and says by trial.expect what was not held.
        Whatever it started or changed besides is back to normal at the end: the next row may use the same stack."""
        raise NotImplementedError


class ReplicatedRow(Row):
    """A row about the stream of notifications with three replicas."""

    def stream_at(self, stack, number):
        """What the nats-server of that number answers of the stream. Raises OSError, RuntimeError or ValueError when it does not."""
        raise NotImplementedError

    def stream(self, stack):
        for number, one in enumerate(stack.nats):
            if one.is_running():
                try:
                    if found := self.stream_at(stack, number).get("cluster"):
                        return found
                except (OSError, RuntimeError, ValueError):
                    continue  # no leader yet: nobody answers
        return {}

    def leader(self, stack):
        return self.stream(stack).get("leader")

    def replicas(self, stack):
        return [one for one in self.stream(stack).get("replicas", []) if one.get("current")]
