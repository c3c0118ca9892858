"""Random faults for some minutes on one stack: several may overlap, and all are over before the oracle looks."""
import signal
import time

from processes import wait_until
from rows.jetstream import CONSUMERS, STREAM, has_stream_and_consumer, notification
from rows.row import Row
from stack import StackSettings

LEASE_SECONDS = 3.0


class RandomFaults(Row):
    name = "random"
    fault = "random faults, one after another"
    mark = "lost 0, recorded once, everything accepted ends"
    is_in_short = False

    def __init__(self, seconds):
        self.seconds = seconds

    def settings(self, is_short):
        return StackSettings(workers=4, lease_seconds=LEASE_SECONDS, gates=frozenset({"worker-server", "server-postgres", "worker-nats"}))

    def run(self, trial):
        faults = [self.kill_worker, self.stop_worker, self.kill_server, self.stop_nats, self.delete_stream, self.delete_consumer,
                  self.restart_postgres, self.cut_backends, self.stall_postgres, self.garbage, self.drop_replies, self.delay_replies, self.cut_nats]
        until, counts, since = time.monotonic() + self.seconds, {}, trial.now()
        while time.monotonic() < until:
            fault = trial.random.choice(faults)
            counts[fault.__name__] = counts.get(fault.__name__, 0) + 1
            fault(trial)
            trial.pause(trial.random.uniform(0.2, 3))
        for server in trial.stack.servers:
            server.await_ready()
        wait_until("stream and consumer", lambda: has_stream_and_consumer(trial.stack.nats[0]), 30)
        trial.probe()
        trial.figures |= {name.replace("_", " "): count for name, count in sorted(counts.items())}
        trial.repeated_max = trial.rerun_since(since)

    def kill_worker(self, trial):
        worker = trial.random.choice(trial.stack.workers)
        worker.kill()
        trial.pause(trial.random.uniform(0, 2))
        worker.start()

    def stop_worker(self, trial):
        worker = trial.random.choice(trial.stack.workers)
        worker.send(signal.SIGSTOP)
        trial.pause(trial.random.uniform(0, LEASE_SECONDS * 2))
        worker.send(signal.SIGCONT)

    def kill_server(self, trial):
        server = trial.random.choice(trial.stack.servers)
        server.kill()
        trial.pause(trial.random.uniform(0, 3))
        self.start_server(server)

    @staticmethod
    def start_server(server):
        """It ends at once while Postgres is away, as it should: whoever runs it starts it again."""
        def is_up():
            if not server.is_running():
                server.start(is_awaited=False)
            return server.stack.call("GET", "/livez", port=server.port)[0] == 200
        wait_until(f"{server.name} to live", is_up, 30, 0.1)

    def stop_nats(self, trial):
        nats = trial.stack.nats[0]
        nats.kill()
        trial.pause(trial.random.uniform(0, 5))
        nats.start()

    def delete_stream(self, trial):
        trial.stack.nats[0].request(f"$JS.API.STREAM.DELETE.{STREAM}")

    def delete_consumer(self, trial):
        trial.stack.nats[0].request(f"$JS.API.CONSUMER.DELETE.{STREAM}.{trial.random.choice(CONSUMERS)}")

    def restart_postgres(self, trial):
        postgres = trial.stack.postgres
        if trial.random.random() < 0.5:
            postgres.stop(2)
        else:
            postgres.stop(signal.SIGQUIT)  # immediate: as a crash, its log is replayed at start
        trial.pause(trial.random.uniform(0, 3))
        postgres.start()

    def cut_backends(self, trial):
        trial.stack.gates.cut(trial.stack.links["server-postgres"])

    def stall_postgres(self, trial):
        gate = trial.stack.links["server-postgres"]
        gate.is_stalled = True
        trial.pause(trial.random.uniform(0, LEASE_SECONDS * 1.5))
        gate.is_stalled = False

    def garbage(self, trial):
        for _ in range(50):
            trial.stack.nats[0].publish("noetl.commands", trial.random.choice([b"{", b"\xff", b"x" * 5000, notification(trial.random.getrandbits(60))]))

    def drop_replies(self, trial):
        self.turn(trial, "dropped_share", trial.random.uniform(0.05, 0.4), 0.0)

    def delay_replies(self, trial):
        self.turn(trial, "delay", trial.random.uniform(0.01, 0.4), 0.0)

    def turn(self, trial, knob, value, back):
        for gate in trial.stack.links["worker-server"]:
            setattr(gate, knob, value)
        trial.pause(trial.random.uniform(1, 5))
        for gate in trial.stack.links["worker-server"]:
            setattr(gate, knob, back)

    def cut_nats(self, trial):
        gate = trial.stack.links["worker-nats"]
        gate.is_closed = True
        trial.stack.gates.cut(gate)
        trial.pause(trial.random.uniform(0, 4))
        gate.is_closed = False
