"""Faults of NATS: JetStream only carries notifications, so none of them may cost work."""
import json
import shutil
import time

from processes import wait_until
from rows.row import ReplicatedRow, Row
from stack import StackSettings

STREAM = "NOETL_COMMANDS"
CONSUMERS = ["noetl-worker-pool", "noetl-worker-pool:lane1", "noetl-worker-pool:lane2"]  # one for each lane
HEAL_SECONDS = 20


def has_stream_and_consumer(nats):
    try:
        return ("config" in nats.request(f"$JS.API.STREAM.INFO.{STREAM}")
                and all("config" in nats.request(f"$JS.API.CONSUMER.INFO.{STREAM}.{one}") for one in CONSUMERS))
    except (OSError, RuntimeError, ValueError):
        return False


def delivered(nats):
    return sum(nats.request(f"$JS.API.CONSUMER.INFO.{STREAM}.{one}")["delivered"]["consumer_seq"] for one in CONSUMERS)


def notifications_come(trial, nats, patience=HEAL_SECONDS):
    """Seconds until a command is started by its notification, and not by a poll or a sweep."""
    start = time.monotonic()
    while time.monotonic() - start < patience:
        before = delivered(nats)
        if trial.probe() < 0.5 and delivered(nats) > before:
            return time.monotonic() - start
    trial.problems.append(f"no notification came within {patience} s")
    return patience


def measure_outage(trial, start_fault, end_fault, seconds):
    """Throughput before, during and after; enqueueing must go on throughout. The load's own commands count besides."""
    stack, count = trial.stack, trial.scaled(2000, 20000)
    trial.drained_per_second(500)
    before = trial.drained_per_second(count)
    refused = dict(trial.load.refused)
    begun = time.monotonic()
    start_fault()
    during = trial.drained_per_second(count)
    trial.pause(max(0.0, seconds - (time.monotonic() - begun)))
    probes = [trial.probe() for _ in range(5)]
    failed = {status: n - refused.get(status, 0) for status, n in trial.load.refused.items() if n > refused.get(status, 0)}
    end_fault()
    return before, during, count, failed, probes, stack


def judge_outage(trial, before, during, after, failed):
    trial.figures["commands a second"] = f"before {before:.0f}, during {during:.0f}, after {after:.0f}"
    trial.figures["enqueues refused"] = sum(failed.values())
    trial.expect(not failed, f"enqueueing failed meanwhile: {failed}")
    # The short form shows that work goes on and comes to its end: a rate of two seconds beside other tests says nothing.
    if trial.is_short:
        return
    trial.expect(during >= before / 2, f"{during:.0f} commands a second by fallback, less than half of {before:.0f}")
    trial.expect(after >= before / 2, f"{after:.0f} commands a second afterwards, less than half of {before:.0f}")


class NatsStopped(Row):
    name = "nats_stop"
    fault = "stop NATS under load for a minute, start it again"
    mark = "enqueueing never fails, throughput at least half by fallback, back to normal by itself"

    def run(self, trial):
        stack, nats = trial.stack, trial.stack.nats[0]
        degraded = []

        def stop():
            nats.kill()
            start = time.monotonic()
            wait_until("/readyz to say degraded", stack.is_degraded, 10)
            degraded.append(time.monotonic() - start)

        before, during, count, failed, probes, _ = measure_outage(trial, stop, nats.start, trial.scaled(2, 60))
        healed = notifications_come_again(trial, nats)
        after = trial.drained_per_second(count)
        judge_outage(trial, before, during, after, failed)
        trial.figures |= {"notifications back after": f"{healed:.1f} s"}
        trial.spread("probes meanwhile", probes)


def notifications_come_again(trial, nats):
    start = time.monotonic()
    wait_until("stream and consumer", lambda: has_stream_and_consumer(nats), HEAL_SECONDS)
    wait_until("/readyz without degraded", lambda: not any(trial.stack.is_degraded(one) for one in trial.stack.servers), HEAL_SECONDS)
    notifications_come(trial, nats)
    return time.monotonic() - start


class Vanished(Row):
    """Something in JetStream goes away under load."""

    def take_away(self, trial, nats):
        raise NotImplementedError

    def run(self, trial):
        nats, healed, waits = trial.stack.nats[0], [], []
        for _ in range(trial.scaled(1, 4)):
            trial.pause(trial.random.uniform(0.3, 1))
            self.take_away(trial, nats)
            start = time.monotonic()
            waits.append(trial.probe())
            wait_until("stream and consumer", lambda: has_stream_and_consumer(nats), HEAL_SECONDS)
            notifications_come(trial, nats)
            healed.append(time.monotonic() - start)
        trial.spread("a command meanwhile took", waits)
        longest = trial.spread("made again, and notifications come, after", healed)
        trial.expect(longest <= HEAL_SECONDS, f"healed after {longest:.1f} s")


class StreamDeleted(Vanished):
    name = "stream_delete"
    fault = "delete the stream"
    mark = "lost 0, re-created by itself"
    is_in_short = False

    def take_away(self, trial, nats):
        nats.request(f"$JS.API.STREAM.DELETE.{STREAM}")


class ConsumerDeleted(Vanished):
    name = "consumer_delete"
    fault = "delete the consumer"
    mark = "lost 0, re-created by itself"

    def take_away(self, trial, nats):
        nats.request(f"$JS.API.CONSUMER.DELETE.{STREAM}.{trial.random.choice(CONSUMERS)}")


class StoreWiped(Vanished):
    name = "store_wipe"
    fault = "wipe the JetStream store"
    mark = "lost 0, re-created by itself"

    def take_away(self, trial, nats):
        nats.kill()
        shutil.rmtree(nats.store)
        nats.start()


class BadNotifications(Row):
    name = "notifications"
    fault = "duplicate, reordered, corrupt and oversized notifications"
    mark = "acked or terminated, no slot held, counted"

    def run(self, trial):
        stack, nats = trial.stack, trial.stack.nats[0]
        known = [row[0] for row in stack.sql("select queue_id from noetl.queue order by random() limit %s", trial.scaled(100, 500))]
        later = [trial.enqueue({"kind": "noop"}, delay_ms=2000) for _ in range(20)]
        sent = 0
        garbage = [b"", b"{", b"[]", b"null", b"\xff\xfe\x00", b"{}", b'{"queue_id":"x"}', b'{"queue_id":"-1"}', b'{"queue_id":1e400}',
                   b'{"queue_id":"99999999999999999999"}', b"[" * 50_000, b"x" * 5000, b"y" * 900_000,
                   json.dumps({"execution_id": "0", "queue_id": "7", "step": "s" * 100_000, "server_url": "http://x"}).encode()]
        for _ in range(trial.scaled(1, 10)):
            real = [notification(one) for one in known + later for _ in range(3)]
            unknown = [notification(trial.random.getrandbits(62)) for _ in range(50)]
            messages = real + unknown + garbage * 3
            trial.random.shuffle(messages)
            for message in messages:
                nats.publish("noetl.commands", message)
            sent += len(messages)
        waits = [trial.probe() for _ in range(5)]
        wait_until("the delayed commands", lambda: trial.is_done(later), 20)
        early = stack.value("select count(*) from noetl.queue where queue_id = any(%s) and claimed_at < created_at + interval '1900 ms'", later)
        trial.load.stop()
        wait_until("nothing left unacknowledged", lambda: (lambda info: info["num_ack_pending"] == 0 and info["num_pending"] == 0)(
            nats.request(f"$JS.API.CONSUMER.INFO.{STREAM}.{CONSUMERS[0]}")), 60, 0.1)
        told = sum(worker.log().count("dropped a message that is no notification") for worker in stack.workers)
        trial.figures |= {"sent": sent, "corrupt ones told of": told, "started early": early}
        longest = trial.spread("probes meanwhile", waits)
        trial.expect(told > 0, "no worker told of the corrupt notifications")
        trial.expect(early == 0, f"{early} delayed commands were started before their time")
        trial.expect(longest < 5, f"a probe took {longest:.1f} s")


def notification(queue_id):
    return json.dumps({"execution_id": "0", "queue_id": str(queue_id), "step": "noop", "server_url": "http://127.0.0.1:1"}).encode()


class LeaderKilled(ReplicatedRow):
    name = "nats_cluster"
    fault = "three nats-servers in a cluster, kill the stream's leader"
    mark = "no stall beyond the election"
    is_in_short = False  # three nats-servers need some 15 s to agree at start

    def settings(self, is_short):
        return StackSettings(nats=3, env=(("NOETL_NATS_REPLICAS", "3"),))

    def run(self, trial):
        stack, calm, waits, elected = trial.stack, [], [], []
        wait_until("a stream with three replicas", lambda: len(self.replicas(stack)) == 2, 30)
        for _ in range(trial.scaled(1, 4)):
            calm += [trial.probe() for _ in range(20)]
            leader = wait_until("a leader", lambda: self.leader(stack), 30)
            victim = next(one for one in stack.nats if one.name == leader)
            victim.kill()
            start = time.monotonic()
            new = None
            while time.monotonic() - start < 15:
                waits.append(trial.probe())
                if new is None and (found := self.leader(stack)) not in (None, leader):
                    new = time.monotonic() - start
                if new is not None and time.monotonic() - start > new + 2:
                    break
            trial.expect(new is not None, "no new leader of the stream within 15 s")
            elected.append(new or 15.0)
            victim.start()
            wait_until("three replicas again", lambda: len(self.replicas(stack)) == 2, 30)
        trial.spread("probes before", calm)
        election = trial.spread("elected after", elected)
        longest = trial.spread("probes during", waits)
        trial.expect(longest <= max(election, 2.0), f"a command took {longest:.1f} s, longer than the election of {election:.1f} s")

    def stream_at(self, stack, number):
        return stack.nats[number].request(f"$JS.API.STREAM.INFO.{STREAM}", patience=0.3)


class StoreFull(Row):
    name = "store_full"
    fault = "disk of the JetStream store full"
    mark = "enqueueing never fails, throughput at least half by fallback, back to normal by itself"
    is_in_short = False

    def settings(self, is_short):
        return StackSettings(nats_limits=", max_file_store: 64MB")

    def run(self, trial):
        nats, stack = trial.stack.nats[0], trial.stack
        # What fills it is not ours to purge: another stream of the same store.
        nats.request("$JS.API.STREAM.CREATE.FILLER", {"name": "FILLER", "subjects": ["filler"], "storage": "file"})

        def fill():
            chunk = b"PUB filler 60000\r\n" + b"z" * 60_000 + b"\r\n"
            for _ in range(40):  # 96 MB: more than there is room for
                nats.exchange(chunk * 40, False)
            small = b"PUB filler 100\r\n" + b"z" * 100 + b"\r\n"
            nats.exchange(small * 2000, False)
            failed = sum(server.metric("noetl_notifications_failed_total") for server in stack.servers)
            trial.enqueue({"kind": "noop"})
            wait_until("notifications to fail", lambda: sum(server.metric("noetl_notifications_failed_total") for server in stack.servers) > failed, 15)

        def empty():
            answer = nats.request("$JS.API.STREAM.DELETE.FILLER")
            trial.expect(answer.get("success"), f"the filler was not deleted: {answer}")

        before, during, count, failed, probes, _ = measure_outage(trial, fill, empty, trial.scaled(2, 30))
        healed = notifications_come_again(trial, nats)
        after = trial.drained_per_second(count)
        judge_outage(trial, before, during, after, failed)
        trial.figures |= {"notifications back after": f"{healed:.1f} s"}
        trial.spread("probes meanwhile", probes)
