"""What each user of NATS may do, and what not even a reply subject lets it do: the configurations of deploy/nats on real nats-servers,
the production one as a cluster of three with TLS. NOETL_TEST_NATS_SERVER names another nats-server than the one in PATH."""
import os
import tempfile
import unittest

import nats_client
from nats_client import ROOT

PROGRAM = os.environ.get("NOETL_TEST_NATS_SERVER") or nats_client.machine.find_program("nats-server")
VERSION = nats_client.version_of(PROGRAM)
POOL, BATCH = "noetl-worker-pool", "noetl-worker-pool-batch"
ADVISORY = "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.NOETL_COMMANDS"
NEXT = "$JS.API.CONSUMER.MSG.NEXT.NOETL_COMMANDS."
CONFIG = "$KV.noetl_config.worker.log_level"

# Where an answer of JetStream would do harm, if it came there with JetStream's own rights.
REPLIES = [
    "$JS.API.STREAM.DELETE.NOETL_DEAD", "$JS.API.STREAM.PURGE.NOETL_DEAD", "$JS.API.STREAM.DELETE.NOETL_COMMANDS",
    "$JS.API.STREAM.PURGE.NOETL_COMMANDS", f"$JS.API.CONSUMER.DELETE.NOETL_COMMANDS.{BATCH}", "$JS.API.ACCOUNT.PURGE.PLAYBOOKS",
    "$JS.API.ACCOUNT.PURGE.NOETL", "$JS.API.STREAM.PURGE.ORDERS", "$JS.API.STREAM.DELETE.ORDERS", "noetl.commands", "noetl.commands.batch",
    "noetl.dead.default", f"{ADVISORY}.{POOL}", NEXT + BATCH, "$JS.API.CONSUMER.MSG.NEXT.NOETL_DEAD.spy", "_INBOX_server.test", "_INBOX.test",
    "$SYS.REQ.SERVER.PING", "orders.new"]

REFUSED_PUBLISH = {
    "server": ["$JS.API.STREAM.DELETE.NOETL_COMMANDS", "$JS.API.STREAM.PURGE.NOETL_DEAD", "$JS.API.STREAM.CREATE.MINE", "$JS.API.ACCOUNT.PURGE.PLAYBOOKS",
               "$JS.API.CONSUMER.DELETE.NOETL_DEAD." + POOL, "$JS.API.CONSUMER.CREATE.NOETL_DEAD", "other.subject", "$SYS.REQ.SERVER.PING",
               "$JS.API.CONSUMER.CREATE.NOETL_EVENTS", "$JS.API.STREAM.DELETE.NOETL_EVENTS", "$JS.API.STREAM.PURGE.NOETL_EVENTS", "$JS.API.STREAM.UPDATE.NOETL_EVENTS",
               "$KV.noetl_config.worker.log_level", "$JS.API.STREAM.DELETE.KV_noetl_config", "$JS.API.STREAM.PURGE.KV_noetl_config"],
    "worker": ["noetl.commands", "noetl.commands.batch", "noetl.dead.default", "$JS.API.INFO", "$JS.API.STREAM.INFO.NOETL_COMMANDS",
               "$JS.API.STREAM.DELETE.NOETL_COMMANDS", "$JS.API.STREAM.PURGE.NOETL_COMMANDS", "$JS.API.STREAM.MSG.GET.NOETL_COMMANDS",
               "$JS.API.CONSUMER.CREATE.NOETL_COMMANDS", "$JS.API.CONSUMER.DELETE.NOETL_COMMANDS." + POOL, "$JS.API.STREAM.CREATE.MINE",
               "$JS.API.CONSUMER.MSG.NEXT.NOETL_DEAD.spy", "$JS.API.ACCOUNT.PURGE.NOETL", f"{ADVISORY}.{POOL}", "_INBOX_server.test", "other.subject",
               "noetl.workflow.execute.s", "health.noetl-server", "noetl.pod.x.health", "noetl.events.a.playbook.completed",
               "noetl.cluster.cmd.w.drain", "noetl.cluster.cmd.w.deploy", "noetl.cluster.cmd.w-1.cancel", "NOETL_BATCH.cmd.w.drain", "noetl.cluster.other",
               CONFIG, "$JS.API.STREAM.INFO.KV_noetl_config", "$JS.API.STREAM.PURGE.KV_noetl_config", "$JS.API.DIRECT.GET.KV_other.$KV.other.key"],
    "worker-batch": ["noetl.cluster.cmd.w.drain", "noetl.cluster.cmd.w.inject", "NOETL_BATCH.cmd.w.drain"],
    "operator": ["noetl.cluster.register", "noetl.cluster.claim.w", "noetl.cluster.cancel.w", "noetl.cluster.inject.w", "noetl.cluster.report.w", "noetl.workflow.execute.s", "noetl.commands", "noetl.dead.default", f"{ADVISORY}.{POOL}", "_INBOX_server.test", "other.subject",
                 "$JS.API.STREAM.DELETE.NOETL_DEAD", "$JS.API.CONSUMER.CREATE.NOETL_DEAD", NEXT + POOL, "$JS.ACK.NOETL_COMMANDS.x.1.1.1.1.1",
                 "noetl.events.a.playbook.completed", "$JS.API.CONSUMER.CREATE.NOETL_EVENTS", CONFIG],
    "playbook": ["$JS.API.ACCOUNT.PURGE.NOETL", "$JS.API.SERVER.REMOVE", "$JS.API.META.LEADER.STEPDOWN"],
    "producer": ["noetl.commands", "noetl.dead.default", "noetl.cluster.register", "noetl.cluster.cmd.w.drain", "noetl.cluster.cmd.w.deploy", "noetl.workflow.answer.s",
                 "noetl.workflow.execute.s.t", "$JS.API.INFO", "$JS.API.STREAM.INFO.NOETL_EXECUTIONS", "$JS.API.STREAM.PURGE.NOETL_EXECUTIONS",
                 "$JS.API.CONSUMER.MSG.NEXT.NOETL_EXECUTIONS.noetl-server", "$JS.ACK.NOETL_EXECUTIONS.noetl-server.1.1.1.1.1", "_INBOX_server.test",
                 "health.noetl-server", "other.subject", "noetl.events.a.playbook.completed", CONFIG, "$JS.API.DIRECT.GET.KV_noetl_config." + CONFIG],
    "observer": ["NOETL.API.STREAM.DELETE.NOETL_DEAD", "NOETL.API.STREAM.PURGE.NOETL_DEAD", "NOETL.API.CONSUMER.DELETE.NOETL_COMMANDS." + POOL,
                 "NOETL.API.STREAM.MSG.GET.NOETL_COMMANDS", "NOETL.API.STREAM.LEADER.STEPDOWN.NOETL_DEAD", "noetl.commands", "noetl.workflow.execute.s",
                 "noetl.workflow.submit.s", "noetl.cluster.cmd.w.drain", "noetl.cluster.cmd.w.checkpoint", "NOETL_BATCH.cmd.w.ping", "$JS.API.INFO", "_INBOX.test", "other.subject",
                 "noetl.events.a.playbook.completed", "$JS.API.CONSUMER.CREATE.NOETL_EVENTS", "$JS.API.STREAM.MSG.GET.NOETL_EVENTS",
                 "NOETL.API." + CONFIG, "NOETL.API.DIRECT.GET.KV_noetl_config." + CONFIG,
                 "NOETL.API.CONSUMER.CREATE.NOETL_EVENTS", "NOETL.API.CONSUMER.DURABLE.CREATE.NOETL_EVENTS.mine", "NOETL.API.CONSUMER.DELETE.NOETL_EVENTS.observer",
                 "NOETL.API.CONSUMER.MSG.NEXT.NOETL_EVENTS.other", "NOETL.API.CONSUMER.MSG.NEXT.NOETL_COMMANDS." + POOL,
                 "$JS.ACK.NOETL_EVENTS.other.1.1.1.1.1", "$JS.ACK.NOETL_COMMANDS.x.1.1.1.1.1"],
}
REFUSED_SUBSCRIBE = {
    "server": [">", "_INBOX.>", "_INBOX_default.>", "noetl.>", "$JS.API.>", "$JS.ACK.>", "$KV.>"],
    "worker": [">", "_INBOX.>", "_INBOX_server.>", "_INBOX_batch.>", "noetl.>", "$JS.API.>", "$JS.ACK.>", "$JS.EVENT.>",
               "noetl.cluster.>", "noetl.cluster.claim.>", "noetl.workflow.execute.*", "health.noetl-server", "noetl.events.>", "$KV.>"],
    "worker-batch": ["_INBOX_default.>", "noetl.commands", "noetl.cluster.>"],
    "operator": [">", "_INBOX_server.>", "$JS.API.>", "$JS.ACK.>", "$KV.noetl_config.>"],
    "producer": [">", "noetl.>", "noetl.cluster.cmd.>", "noetl.events.>", "noetl.workflow.execute.*", "noetl.workflow.submit.*", "_INBOX_server.>", "$JS.API.>", "$JS.ACK.>", "$KV.noetl_config.>"],
    "observer": [">", "noetl.>", "noetl.cluster.cmd.>", "noetl.workflow.answer.*", "_INBOX.>", "_INBOX_server.>", "$JS.API.>", "$KV.noetl_config.>"],
}
# Permitted to the user and imported by nobody: JetStream does not hear it.
UNHEARD = {
    "worker": [NEXT + BATCH, "$JS.API.CONSUMER.INFO.NOETL_COMMANDS." + BATCH],
    "worker-batch": [NEXT + POOL, "$JS.API.CONSUMER.INFO.NOETL_COMMANDS." + POOL],
    "operator": ["NOETL.API." + verb for verb in (
        "STREAM.CREATE.MINE", "STREAM.UPDATE.NOETL_COMMANDS", "CONSUMER.CREATE.NOETL_COMMANDS", "CONSUMER.CREATE.NOETL_DEAD",
        "CONSUMER.DURABLE.CREATE.NOETL_DEAD.spy", "CONSUMER.MSG.NEXT.NOETL_COMMANDS." + POOL, "STREAM.RESTORE.MINE", "STREAM.SNAPSHOT.NOETL_DEAD",
        "ACCOUNT.PURGE.PLAYBOOKS", "META.LEADER.STEPDOWN", "STREAM.PEER.REMOVE.NOETL_DEAD",
        "CONSUMER.CREATE.NOETL_EVENTS", "CONSUMER.MSG.NEXT.NOETL_EVENTS.other")],
}


def stream_of(name, subjects, replicas):
    return {"name": name, "subjects": subjects, "storage": "file", "num_replicas": replicas, "retention": "limits", "max_age": 3600 * 10 ** 9}


class Accounts:
    """One configuration with what lives on it; the tests are those of both."""
    configuration = ""
    servers_count = 1

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="noetl-accounts")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.servers = nats_client.Servers(cls.folder.name, cls.text(), cls.servers_count, PROGRAM)
        cls.addClassCleanup(cls.servers.stop)
        cls.servers.wait_ready()
        server, playbook = cls.servers.line("server"), cls.servers.line("playbook")
        replicas = cls.servers_count
        for line, name, subjects in ((server, "NOETL_COMMANDS", ["noetl.commands", "noetl.commands.>"]), (server, "NOETL_DEAD", ["noetl.dead.>"]),
                                     (server, "NOETL_EXECUTIONS", ["noetl.workflow.submit.*"]), (server, "NOETL_EVENTS", ["noetl.events.>"]),
                                     (server, "NOETL_COMMANDS_ADVISORIES", [ADVISORY + ".*"]), (playbook, "ORDERS", ["orders.>"])):
            cls.made(line.api("STREAM.CREATE." + name, stream_of(name, subjects, replicas)))
        cls.made(server.api("STREAM.CREATE.KV_noetl_config", {**stream_of("KV_noetl_config", ["$KV.noetl_config.>"], replicas), "max_age": 0,
                                                              "max_msgs_per_subject": 5, "discard": "new", "allow_direct": True}))
        for durable in (POOL, POOL + ":lane1", POOL + ":lane2", BATCH, BATCH + ":lane1", BATCH + ":lane2"):
            pool, lane = ("batch" if durable.startswith(BATCH) else "default"), durable.rpartition(":")[2] if ":" in durable else ""
            subject = ".".join(part for part in ("noetl.commands", "" if pool == "default" and not lane else pool, lane) if part)
            cls.made(server.api(f"CONSUMER.DURABLE.CREATE.NOETL_COMMANDS.{durable}", {"stream_name": "NOETL_COMMANDS", "config": {
                "durable_name": durable, "ack_policy": "explicit", "ack_wait": 30 * 10 ** 9, "max_deliver": 3, "filter_subject": subject}}))
        cls.made(server.api("CONSUMER.DURABLE.CREATE.NOETL_COMMANDS_ADVISORIES.upkeep", {"stream_name": "NOETL_COMMANDS_ADVISORIES", "config": {
            "durable_name": "upkeep", "ack_policy": "explicit"}}))
        for durable in ("observer", "other"):
            cls.made(server.api("CONSUMER.DURABLE.CREATE.NOETL_EVENTS." + durable, {"stream_name": "NOETL_EVENTS", "config": {
                "durable_name": durable, "ack_policy": "explicit", "filter_subject": "noetl.events.>"}}))
        cls.made(playbook.api("CONSUMER.DURABLE.CREATE.ORDERS.spy", {"stream_name": "ORDERS", "config": {"durable_name": "spy", "ack_policy": "explicit"}}))
        for line, subject, number in ((server, "noetl.dead.default", 5), (server, "noetl.commands.batch", 5), (playbook, "orders.new", 5)):
            for _one in range(number):
                cls.made(nats_client.json.loads(line.ask(subject, {"queue_id": "1"})[0][2]))
        server.close()
        playbook.close()

    @classmethod
    def text(cls):
        return (ROOT / cls.configuration).read_text(encoding="utf-8")

    @staticmethod
    def made(answer):
        if not answer or "error" in answer:
            raise AssertionError(f"JetStream refused what the harness needs: {answer}")

    def line(self, user, number=0):
        line = self.servers.line(user, number)
        self.addCleanup(line.close)
        return line

    def state(self):
        """All that an attack could change, as its owners see it."""
        operator, playbook = self.line("operator"), self.line("playbook")
        seen = {}
        for line, names in ((operator, ("NOETL_COMMANDS", "NOETL_DEAD", "NOETL_COMMANDS_ADVISORIES", "KV_noetl_config")), (playbook, ("ORDERS",))):
            for name in names:
                answer = line.api("STREAM.INFO." + name)
                state = answer.get("state", {})
                seen[name] = {key: state.get(key) for key in ("messages", "first_seq", "last_seq", "consumer_count")} or answer
        batch = self.line("worker-batch").api("CONSUMER.INFO.NOETL_COMMANDS." + BATCH)
        seen[BATCH] = (batch["num_pending"], batch["delivered"]["consumer_seq"])
        operator.close()
        playbook.close()
        return seen

    def publish_notifications(self, count):
        server = self.line("server")
        for _one in range(count):
            self.made(nats_client.json.loads(server.ask("noetl.commands", {"queue_id": "1"})[0][2]))

    def test_a_producer_submits_requests_and_hears_what_became_of_them(self):
        server = self.line("server")
        self.made(server.api("CONSUMER.DURABLE.CREATE.NOETL_EXECUTIONS.noetl-server", {"stream_name": "NOETL_EXECUTIONS", "config": {
            "durable_name": "noetl-server", "ack_policy": "explicit", "filter_subject": "noetl.workflow.submit.*"}}))
        for number in range(self.servers_count):
            producer = self.line("producer", number)
            producer.send(b"SUB noetl.workflow.answer.* 9000")
            producer.flush()
            self.made(nats_client.json.loads(producer.ask("noetl.workflow.submit.s", {"message_id": "1"})[0][2]))
            subject, reply, _body = server.ask("$JS.API.CONSUMER.MSG.NEXT.NOETL_EXECUTIONS.noetl-server", {"batch": 1, "expires": 5 * 10 ** 9})[0]
            self.assertEqual("noetl.workflow.submit.s", subject)
            server.publish(reply, b"+ACK")
            server.publish("noetl.workflow.answer.s", b"{}")
            server.flush()
            while not any(number == 9000 for number, _message in producer.messages):
                producer.take_line()
            self.assertEqual([], producer.refusals + server.refusals)

    def test_the_server_publishes_events_which_operators_and_observers_hear_and_workers_do_not(self):
        server, worker = self.line("server"), self.line("worker")
        listeners = [self.line(user, number) for user in ("operator", "observer") for number in range(self.servers_count)]
        for line in listeners:
            line.send(b"SUB noetl.events.> 9000")
            line.flush()
        stored = nats_client.json.loads(server.ask("noetl.events.etl/orders.playbook.completed", {"event_id": "1"})[0][2])
        self.made(stored)
        self.assertEqual("NOETL_EVENTS", stored["stream"])
        self.assertIn("message", server.api("STREAM.MSG.GET.NOETL_EVENTS", {"seq": stored["seq"]}))
        for line in listeners:
            while not any(number == 9000 for number, _message in line.messages):
                line.take_line()
            self.assertEqual([], line.refusals)
        worker.send(b"SUB noetl.events.> 9000")
        worker.flush()
        self.assertEqual(1, len(worker.refusals))
        self.assertEqual([], server.refusals)

    def test_an_operator_commands_a_worker_of_each_pool_and_a_playbook_none(self):
        for user, sent in (("worker", "noetl.cluster.cmd.w-1.ping"), ("worker-batch", "NOETL_BATCH.cmd.w-1.ping")):
            with self.subTest(user=user):
                worker, operator, playbook = self.line(user), self.line("operator", self.servers_count - 1), self.line("playbook")
                worker.send(b"SUB noetl.cluster.cmd.w-1.* 7")
                worker.flush()
                playbook.publish(sent, b"{}")
                playbook.flush()
                operator.send(f"SUB {operator.prefix}.answers 8".encode())
                operator.flush()
                worker.socket.settimeout(10)
                operator.socket.settimeout(10)

                def arrives(worker=worker, operator=operator, sent=sent):
                    operator.publish(sent, b"{}", f"{operator.prefix}.answers")
                    operator.flush()
                    return nats_client.messages_for(worker, 0.5)
                heard = []
                nats_client.machine.wait_until("the command", lambda heard=heard: heard or heard.extend(arrives()) or heard)
                subject, reply, _body = heard[0]
                self.assertEqual("noetl.cluster.cmd.w-1.ping", subject)
                worker.publish(reply, b"the answer")
                worker.flush()
                answers = []
                nats_client.machine.wait_until("the answer", lambda answers=answers, operator=operator: answers.extend(
                    body for _subject, _reply, body in nats_client.messages_for(operator, 0.5)) or b"the answer" in answers)
                self.assertEqual([], worker.refusals + operator.refusals)

    def test_an_observer_follows_the_events_by_its_consumer_and_nothing_it_names_as_reply_subject_does_harm(self):
        server = self.line("server")
        for number in range(2):
            self.made(nats_client.json.loads(server.ask("noetl.events.etl/orders.playbook.started", {"event_id": str(number)})[0][2]))
        before, next_one = self.state(), "NOETL.API.CONSUMER.MSG.NEXT.NOETL_EVENTS.observer"
        for number in range(self.servers_count):
            observer = self.line("observer", number)
            (_subject, reply, _body), = observer.ask(next_one, {"batch": 1, "expires": 5 * 10 ** 9})
            self.assertTrue(reply.startswith("$JS.ACK.NOETL_EVENTS.observer."), reply)
            observer.publish(reply, b"-NAK" if number + 1 < self.servers_count else b"+ACK")
            observer.flush()
            self.assertEqual([], observer.refusals)
        nats_client.machine.wait_until("the acknowledgement", lambda: server.api("CONSUMER.INFO.NOETL_EVENTS.observer")["ack_floor"]["consumer_seq"] > 0)
        self.attack_by_reply(self.line("observer"), [(next_one, b'{"batch":1,"no_wait":true}'), ("NOETL.API.CONSUMER.INFO.NOETL_EVENTS.observer", b"")])

        self.assertTrue(nats_client.holds_for(1.0, lambda: self.state() == before), f"{before} became {self.state()}")

    def test_an_operator_puts_settings_which_workers_and_the_server_read(self):
        operator = self.line("operator")
        self.made(nats_client.json.loads(operator.ask("NOETL.API." + CONFIG, b"debug")[0][2]))
        self.assertTrue(operator.ask("NOETL.API.DIRECT.GET.KV_noetl_config." + CONFIG)[0][2].endswith(b"debug"))
        for user, number in ((user, number) for user in ("server", "worker", "worker-batch") for number in range(self.servers_count)):
            line = self.line(user, number)
            nats_client.machine.wait_until("each copy to have it", lambda reader=line: reader.ask(
                "$JS.API.DIRECT.GET.KV_noetl_config." + CONFIG)[0][2].endswith(b"debug"))
            self.assertEqual([], line.refusals)

    def test_a_worker_takes_notifications_and_answers_them(self):
        self.publish_notifications(6)
        for number in range(self.servers_count):
            worker = self.line("worker", number)
            floor = worker.api("CONSUMER.INFO.NOETL_COMMANDS." + POOL)["ack_floor"]["consumer_seq"]

            taken = worker.ask(NEXT + POOL, {"batch": 2, "no_wait": True, "expires": 10 ** 9}, most=2)
            for _subject, reply, _body in taken:
                self.assertTrue(reply.startswith("$JS.ACK."), reply)
                worker.publish(reply, b"+ACK")
            worker.flush()

            self.assertEqual(2, len(taken))
            nats_client.machine.wait_until("the acknowledgements", lambda line=worker, before=floor:
                                           line.api("CONSUMER.INFO.NOETL_COMMANDS." + POOL)["ack_floor"]["consumer_seq"] >= before + 2)
            self.assertEqual([], worker.refusals)

    def test_a_worker_is_told_that_nothing_is_there(self):
        worker = self.line("worker")

        answers = worker.ask(NEXT + POOL + ":lane2", {"batch": 1, "no_wait": True})

        self.assertIn(b"404", answers[0][2][:20])

    def test_a_delivery_handed_back_comes_again(self):
        self.publish_notifications(1)
        worker = self.line("worker")
        (_subject, reply, body), = worker.ask(NEXT + POOL, {"batch": 1})
        worker.publish(reply, b"-NAK")
        (_subject, again, same), = worker.ask(NEXT + POOL, {"batch": 1, "expires": 5 * 10 ** 9})
        worker.publish(again, b"+ACK")
        worker.flush()

        self.assertEqual(body, same)

    def test_publishing_elsewhere_is_refused(self):
        for user, subjects in REFUSED_PUBLISH.items():
            line = self.line(user)
            for subject in subjects:
                with self.subTest(user=user, subject=subject):
                    self.assertTrue(line.is_refused(f"PUB {subject} 0\r\n"))

    def test_listening_elsewhere_is_refused(self):
        for user, subjects in REFUSED_SUBSCRIBE.items():
            line = self.line(user)
            for subject in subjects:
                with self.subTest(user=user, subject=subject):
                    self.assertTrue(line.is_refused(f"SUB {subject} 9999"))

    def test_what_an_account_does_not_import_is_not_heard(self):
        before = self.state()
        body = nats_client.json.dumps({"stream_name": "NOETL_DEAD", "batch": 1, "config": {
            "name": "MINE", "durable_name": "spy", "deliver_subject": "noetl.commands"}}).encode()
        for user, subjects in UNHEARD.items():
            line = self.line(user)
            line.send(f"SUB {line.prefix}.* 9999".encode())
            for number, subject in enumerate(subjects):
                line.publish(subject, body, f"{line.prefix}.{number}")
            line.flush()
            self.assertEqual([], line.refusals)
            heard = nats_client.messages_for(line, 1.0)

            # 503: nobody there; 10039: no JetStream in the account, 10038: it wants no body.
            answered = {subjects[int(inbox.rpartition(".")[2])]: body for inbox, _reply, body in heard
                        if b"503" not in body[:20] and b'"err_code":10039' not in body and b'"err_code":10038' not in body}
            self.assertEqual({}, answered, user)
        self.assertEqual(before, self.state())

    def attack_by_reply(self, line, requests):
        for reply in REPLIES:
            for subject, body in requests:
                line.publish(subject, body, reply)
        line.flush()
        # The requests themselves are allowed. nats-server 2.15 looks at the reply subject as well.
        self.assertEqual([], [one for one in line.refusals if "with Reply" not in one])

    def test_a_reply_subject_of_a_worker_does_nothing(self):
        self.publish_notifications(1)
        worker = self.line("worker")
        (_subject, ack, _body), = worker.ask(NEXT + POOL, {"batch": 1})
        before = self.state()

        self.attack_by_reply(worker, [(NEXT + POOL, b'{"batch":1,"no_wait":true}'), (NEXT + POOL + ":lane1", b'{"batch":100000,"no_wait":true}'),
                                      (NEXT + POOL, b'{"batch":1,"expires":500000000}'), ("$JS.API.CONSUMER.INFO.NOETL_COMMANDS." + POOL, b""), ("$JS.API.DIRECT.GET.KV_noetl_config." + CONFIG, b""), (ack, b'+NXT {"batch":1,"no_wait":true}'), (ack, b"+WPI")])

        self.assertTrue(nats_client.holds_for(1.0, lambda: self.state() == before), f"{before} became {self.state()}")

    def test_what_is_delivered_to_a_reply_subject_stays_with_the_worker(self):
        self.publish_notifications(3)
        worker = self.line("worker")
        before = self.state()

        for reply in ("noetl.commands", "noetl.commands.batch", "noetl.dead.default", "orders.new", "$JS.API.STREAM.PURGE.NOETL_DEAD"):
            worker.publish(NEXT + POOL, b'{"batch":3,"no_wait":true}', reply)
        worker.flush()

        self.assertTrue(nats_client.holds_for(1.0, lambda: self.state() == before), f"{before} became {self.state()}")

    def served(self, count):
        """What the server hears of `count` requests, each answered on the reply subject that it came with."""
        server = self.line("server")
        for number, subject in enumerate(("noetl.cluster.>", "health.noetl-server"), 1):
            server.send(f"SUB {subject} noetl-server {number}".encode())
        server.flush()
        yield
        server.socket.settimeout(10)
        heard = []
        while len(heard) < count:
            server.take_line()
            heard, server.messages = heard + [one for _number, one in server.messages], []
        for _subject, reply, _body in heard:
            server.publish(reply, b"the answer")
        server.flush()
        self.assertEqual([], server.refusals)
        yield [subject for subject, _reply, _body in heard]

    def test_a_worker_asks_the_server_and_nobody_listens_to_it(self):
        operator = self.line("operator")
        operator.send(b"SUB noetl.> 9999")
        operator.flush()
        served = self.served(1)
        next(served)
        worker = self.line("worker")
        worker.send(f"SUB {worker.prefix}.answers 7".encode())
        worker.publish("noetl.cluster.heartbeat.w-1", b'{"held":[]}', f"{worker.prefix}.answers")
        worker.flush()

        self.assertEqual(["noetl.cluster.heartbeat.w-1"], next(served))
        worker.socket.settimeout(10)
        while not worker.messages:
            worker.take_line()
        self.assertEqual(b"the answer", worker.messages[0][1][2])
        self.assertEqual([], [one for one in nats_client.messages_for(operator, 0.5) if one[0].startswith("noetl.cluster")])

    def test_an_answer_of_the_server_stays_with_who_asked(self):
        before = self.state()
        served = self.served(len(REPLIES))
        next(served)
        worker = self.line("worker")
        for reply in REPLIES:
            worker.publish("noetl.cluster.claim.w-1", b"{}", reply)
        worker.flush()
        self.assertEqual([], [one for one in worker.refusals if "with Reply" not in one])
        if worker.refusals:
            return  # nats-server 2.15 looks at the reply subject as well

        self.assertEqual(len(REPLIES), len(next(served)))
        self.assertTrue(nats_client.holds_for(1.0, lambda: self.state() == before), f"{before} became {self.state()}")

    def test_a_reply_subject_of_an_operator_does_nothing(self):
        operator = self.line("operator")
        before = self.state()

        self.attack_by_reply(operator, [("NOETL.API.STREAM.INFO.NOETL_COMMANDS", b""), ("NOETL.API.STREAM.NAMES", b""),
                                        ("NOETL.API.STREAM.MSG.GET.NOETL_DEAD", b'{"seq":1}'), ("NOETL.API.DIRECT.GET.KV_noetl_config." + CONFIG, b""), ("NOETL.API.CONSUMER.INFO.NOETL_COMMANDS." + POOL, b"")])

        self.assertTrue(nats_client.holds_for(1.0, lambda: self.state() == before), f"{before} became {self.state()}")

    def test_an_operator_looks_at_everything_and_mends(self):
        operator = self.line("operator")

        self.assertEqual({"NOETL_COMMANDS", "NOETL_DEAD", "NOETL_COMMANDS_ADVISORIES", "NOETL_EXECUTIONS", "NOETL_EVENTS", "KV_noetl_config"}, set(operator.api("STREAM.NAMES")["streams"]))
        self.assertEqual("NOETL_DEAD", operator.api("STREAM.INFO.NOETL_DEAD")["config"]["name"])
        self.assertIn(POOL, operator.api("CONSUMER.NAMES.NOETL_COMMANDS")["consumers"])
        self.assertIn("message", operator.api("STREAM.MSG.GET.NOETL_DEAD", {"seq": 1}))
        self.assertTrue(operator.api("STREAM.PURGE.NOETL_COMMANDS_ADVISORIES").get("success"))

    def test_playbooks_do_as_they_like_in_their_account_and_in_no_other(self):
        playbook = self.line("playbook")
        before = self.state()
        playbook.ask("orders.new", {"id": 1})
        for subject in ("noetl.commands", "noetl.dead.default", "_INBOX_server.test", ADVISORY + "." + POOL, CONFIG):
            playbook.publish(subject, b"{}")
        for name in ("NOETL_COMMANDS", "NOETL_DEAD"):
            self.assertEqual(404, playbook.api("STREAM.INFO." + name)["error"]["code"])
            self.assertEqual(404, playbook.api("STREAM.DELETE." + name)["error"]["code"])
        after = self.state()

        self.assertEqual(before.pop("ORDERS")["messages"] + 1, after.pop("ORDERS")["messages"])
        self.assertEqual(before, after)

    def test_nobody_deletes_streams_of_other_accounts(self):
        if VERSION < (2, 10, 27):
            self.skipTest(f"nats-server {VERSION} answers $JS.API.ACCOUNT.PURGE to everybody (CVE-2025-30215): docs/operations/deploy.md says so")
        before = self.state()
        for user, subject in (("playbook", "$JS.API.CONSUMER.MSG.NEXT.ORDERS.none"), ("playbook", "$JS.API.STREAM.INFO.ORDERS"),
                              ("server", "$JS.API.CONSUMER.MSG.NEXT.NOETL_COMMANDS_ADVISORIES.upkeep")):
            line = self.line(user)
            for victim in ("NOETL", "PLAYBOOKS", "SYS"):
                line.publish(subject, b'{"batch":1,"no_wait":true}' if "NEXT" in subject else b"", "$JS.API.ACCOUNT.PURGE." + victim)
            line.flush()

        self.assertTrue(nats_client.holds_for(1.0, lambda: self.state() == before), f"{before} became {self.state()}")


class ComposeTest(Accounts, unittest.TestCase):
    configuration = "deploy/nats/nats-server.compose.conf"

    def test_the_attack_works_from_inside_the_account_so_that_this_table_would_see_it(self):
        """The user `server` is in the account of the streams, where a reply subject has JetStream's rights: nobody else may be."""
        server = self.line("server")
        server.publish("noetl.dead.default", b"{}")
        server.publish("$JS.API.CONSUMER.MSG.NEXT.NOETL_COMMANDS_ADVISORIES.upkeep", b'{"batch":1,"no_wait":true}', "$JS.API.STREAM.PURGE.NOETL_DEAD")
        server.flush()
        if any("with Reply" in one for one in server.refusals):
            return  # nats-server 2.15 looks at the reply subject as well

        nats_client.machine.wait_until("the purge", lambda: self.state()["NOETL_DEAD"]["messages"] == 0)
        self.made(nats_client.json.loads(server.ask("noetl.dead.default", {"queue_id": "1"})[0][2]))


class ProductionTest(Accounts, unittest.TestCase):
    configuration = "deploy/nats/nats-server.conf"
    servers_count = 3

    def test_nothing_is_said_without_tls(self):
        with self.assertRaises((nats_client.Refused, OSError)):
            nats_client.Line(self.servers.ports[0], "worker", "worker-secret").close()


if __name__ == "__main__":
    unittest.main()
