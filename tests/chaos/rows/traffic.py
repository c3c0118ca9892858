"""Faults of the network between worker and server."""
from rows.row import Row
from stack import StackSettings


class RepliesDropped(Row):
    name = "replies"
    fault = "drop 10 % of the worker's HTTP replies"
    mark = "exactly-once recording"

    def settings(self, is_short):
        return StackSettings(gates=frozenset({"worker-server", "server-postgres"}), env=(("NOETL_DB_POOL_SIZE", "8"),))

    def run(self, trial):
        gates, since = trial.stack.links["worker-server"], trial.now()
        before = sum(gate.dropped for gate in gates)
        for gate in gates:
            gate.dropped_share = 0.1
        trial.pause(trial.scaled(4, 45))
        for gate in gates:
            gate.dropped_share = 0.0
        dropped = sum(gate.dropped for gate in gates) - before
        trial.probe()
        trial.figures |= {"replies dropped": dropped, "attempts ended as lost": trial.lost_attempts(since)}
        trial.expect(dropped >= trial.scaled(3, 50), f"only {dropped} replies were dropped: the row has shown little")
        # A worker that lost the replies to all heartbeats of a lease is lost like any other.
        trial.repeated_max = trial.lost_attempts(since)
