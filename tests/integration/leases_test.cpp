// Leases: one heartbeat renews all, names what was lost or cancelled, and frees what never arrived.
#include <doctest/doctest.h>

#include "server/attempts/reclaim_leases.hpp"
#include "server/catalog/register_playbook.hpp"
#include "server/executions/start_execution.hpp"
#include "server/queue/claim_commands.hpp"
#include "server/queue/worker_registry.hpp"
#include "tests/integration/test_server.hpp"

using namespace noetl;
using support::TestServer;

namespace {
wire::Heartbeat heartbeat(std::vector<domain::Lease> held) {
  wire::Heartbeat made;
  made.worker_id = "w";
  made.running = static_cast<int>(held.size());
  made.held = std::move(held);
  return made;
}
}  // namespace

TEST_CASE("a heartbeat renews the lease of everything that the worker holds") {
  TestServer server;
  server.add_worker("w");
  const auto command = server.claim("w", server.enqueue());
  server.run("update noetl.worker set lease_until = now() + interval '1 second'");

  const auto answer = queue::renew_leases(server.context, heartbeat({command.lease})).value();

  CHECK(answer.is_known);
  CHECK(answer.lost.empty());
  CHECK(server.number("select count(*) from noetl.worker where lease_until > now() + interval '4 seconds'") == 1);
}

TEST_CASE("a heartbeat names what the worker holds no more") {
  TestServer server;
  server.add_worker("w");
  const auto command = server.claim("w", server.enqueue());
  server.run("update noetl.queue set epoch = epoch + 1");

  const auto answer = queue::renew_leases(server.context, heartbeat({command.lease})).value();

  REQUIRE(answer.lost.size() == 1);
  CHECK(answer.lost[0] == command.lease.queue_id);
}

TEST_CASE("a command whose claim was never answered is freed by the next heartbeats, without an attempt") {
  TestServer server;
  server.add_worker("w");
  const auto lost_reply = server.enqueue();
  const auto held = server.claim("w", server.enqueue());
  (void)server.claim("w", lost_reply);
  server.run("update noetl.claim set claimed_at = now() - interval '7 seconds'");
  server.run("update noetl.queue set claimed_at = now() - interval '7 seconds'");

  (void)queue::renew_leases(server.context, heartbeat({held.lease}));

  CHECK(server.status_of(lost_reply) == "queued");
  CHECK(server.status_of(held.lease.queue_id) == "running");
  CHECK(server.number("select attempts from noetl.queue where queue_id = " + lost_reply.str()) == 0);
}

TEST_CASE("nothing is freed while a claim of the worker is still open") {
  TestServer server;
  server.add_worker("w");
  const auto id = server.enqueue();
  (void)server.claim("w", id);
  server.run("update noetl.claim set claimed_at = now() - interval '7 seconds'");
  server.run("update noetl.queue set claimed_at = now() - interval '7 seconds'");
  auto open = heartbeat({});
  open.has_claim_in_flight = true;

  (void)queue::renew_leases(server.context, open);

  CHECK(server.status_of(id) == "running");
}

TEST_CASE("a heartbeat that was held up for seconds frees nothing that its worker was given meanwhile") {
  TestServer server;
  server.add_worker("w");
  const auto id = server.enqueue();
  (void)server.claim("w", id);
  // The worker wrote the heartbeat right before that claim; it waited behind a full limit and for a connection.
  server.run("update noetl.claim set claimed_at = now() - interval '4 seconds'");
  server.run("update noetl.queue set claimed_at = now() - interval '4 seconds'");

  (void)queue::renew_leases(server.context, heartbeat({}));

  CHECK(server.status_of(id) == "running");
}

TEST_CASE("the commands of confirmed claims are not looked for; those that the worker holds stay its own") {
  TestServer server;
  server.add_worker("w");
  const auto confirmed = server.enqueue();
  const auto ended = server.enqueue();
  const auto unconfirmed = server.enqueue();
  const auto claimed = server.claim_ids("w", {confirmed, ended});
  REQUIRE(claimed.commands.size() == 2);
  REQUIRE(claimed.claim_id.is_set());
  const auto lost_reply = server.claim_ids("w", {unconfirmed});
  CHECK(server.claim_ids("w", {unconfirmed}).claim_id == base::ClaimId{});  // given before, by that one
  auto ending = claimed.commands[0];
  auto holding = claimed.commands[1];
  if (ending.lease.queue_id == confirmed) std::swap(ending, holding);
  (void)server.report(support::completed(ending));

  auto said = heartbeat({holding.lease});
  said.confirmed_claim_ids = {claimed.claim_id};
  CHECK(queue::renew_leases(server.context, said).value().lost.empty());

  CHECK(server.number("select count(*) from noetl.claim where claim_id = " + claimed.claim_id.str()) == 0);
  CHECK(server.number("select count(*) from noetl.claim where claim_id = " + lost_reply.claim_id.str()) == 1);
  CHECK(server.number("select count(*) from noetl.claim where queue_ids = array[" + confirmed.str() + "::bigint]") ==
        1);
  // Once more, and of another's: no row, nothing to say.
  CHECK(queue::renew_leases(server.context, said).value().is_known);
  CHECK(server.number("select count(*) from noetl.claim") == 2);

  // What it holds is found when it is gone.
  server.run("update noetl.worker set status = 'lost'");
  CHECK(attempts::reclaim_leases(server.context, std::nullopt, "gone").done == 2);
  CHECK(server.status_of(confirmed) == "queued");
  CHECK(server.status_of(unconfirmed) == "queued");
  CHECK(server.number("select count(*) from noetl.claim") == 0);
}

TEST_CASE("a command that was held when its claim was confirmed, and is not any more, is reclaimed all the same") {
  TestServer server;
  server.add_worker("w");
  const auto id = server.enqueue();
  const auto claimed = server.claim_ids("w", {id});
  auto said = heartbeat({claimed.commands.at(0).lease});
  said.confirmed_claim_ids = {claimed.claim_id};
  said.has_claim_in_flight = true;  // another: that says nothing of confirmed ones
  (void)queue::renew_leases(server.context, said);
  CHECK(server.number("select count(*) from noetl.claim where claim_id = " + claimed.claim_id.str()) == 0);
  server.run("update noetl.claim set claimed_at = now() - interval '7 seconds'");
  server.run("update noetl.queue set claimed_at = now() - interval '7 seconds'");

  (void)queue::renew_leases(server.context, heartbeat({}));

  CHECK(server.status_of(id) == "queued");
}

TEST_CASE("what a worker says of another's claims, or when it is not known any more, changes nothing") {
  TestServer server;
  server.add_worker("w");
  server.add_worker("other");
  const auto id = server.enqueue();
  const auto others = server.claim_ids("other", {id});
  auto said = heartbeat({});
  said.confirmed_claim_ids = {others.claim_id};
  (void)queue::renew_leases(server.context, said);
  CHECK(server.number("select count(*) from noetl.claim") == 1);

  said.worker_id = "other";
  server.run("update noetl.worker set status = 'lost'");
  CHECK_FALSE(queue::renew_leases(server.context, said).value().is_known);
  CHECK(server.number("select count(*) from noetl.claim") == 1);
}

TEST_CASE("an unknown or lost worker is told to register again") {
  TestServer server;

  CHECK_FALSE(queue::renew_leases(server.context, heartbeat({})).value().is_known);
  server.add_worker("w");
  server.run("update noetl.worker set status = 'lost'");
  CHECK_FALSE(queue::renew_leases(server.context, heartbeat({})).value().is_known);
}

TEST_CASE("the commands of a lost worker wait again, those without attempts left are dead") {
  TestServer server;
  server.add_worker("w");
  const auto again = server.enqueue(3);
  const auto last = server.enqueue(1);
  (void)server.claim("w", again);
  (void)server.claim("w", last);
  server.run("update noetl.worker set status = 'lost'");

  const int freed = attempts::reclaim_leases(server.context, std::nullopt, "gone").done;

  CHECK(freed == 2);
  CHECK(server.status_of(again) == "queued");
  CHECK(server.status_of(last) == "dead");
  CHECK(server.number("select count(*) from noetl.dead_letter where error_kind = 'worker_lost'") == 1);
  CHECK(server.number("select count(*) from noetl.claim") == 0);
}

TEST_CASE("a command whose execution cannot be read does not keep the others of its worker") {
  TestServer server;
  server.add_worker("w");
  (void)catalog::register_playbook(server.context, {support::single_step}).value();
  wire::ExecuteRequest request;
  request.path = "tests/single";
  (void)executions::start_execution(server.context, request).value();
  const base::CommandId unreadable{server.number("select queue_id from noetl.queue")};
  const auto plain = server.enqueue();
  (void)server.claim("w", unreadable);
  (void)server.claim("w", plain);
  server.run("update noetl.worker set status = 'lost'");
  server.run("update noetl.execution set state = '{}'");

  const auto outcome = attempts::reclaim_leases(server.context, std::nullopt, "gone");

  CHECK(outcome.done == 1);
  CHECK(outcome.left == 1);
  CHECK(outcome.why.find(unreadable.str()) != std::string::npos);
  CHECK(server.status_of(plain) == "queued");
  CHECK(server.status_of(unreadable) == "running");
}

TEST_CASE("a worker that deregisters hands back what it held") {
  TestServer server;
  server.add_worker("w");
  const auto id = server.enqueue();
  (void)server.claim("w", id);

  CHECK(queue::deregister_worker(server.context, {.worker_id = "w", .instance = {}, .by_force = false}));
  CHECK_FALSE(queue::deregister_worker(server.context, {.worker_id = "nobody", .instance = {}, .by_force = false}));

  CHECK(server.status_of(id) == "queued");
}

namespace {
wire::WorkerRegistration registration_of(const std::string& instance, const std::string& pool = "default") {
  wire::WorkerRegistration registration;
  registration.worker_id = "w";
  registration.pool = pool;
  registration.instance = instance;
  return registration;
}
queue::Deregistration leave(const std::string& instance, bool by_force = false) {
  return {.worker_id = "w", .instance = instance, .by_force = by_force};
}
}  // namespace

TEST_CASE("a name belongs to the process that registered it, until its lease is over") {
  TestServer server;
  REQUIRE(queue::register_worker(server.context, registration_of("p1")));
  wire::ClaimRequest claim;
  claim.worker_id = "w";
  claim.instance = "p1";
  claim.queue_ids = {server.enqueue()};
  const auto id = claim.queue_ids[0];
  REQUIRE(queue::claim_commands(server.context, claim, {}).value().commands.size() == 1);

  for (const std::string other : {"p2", ""}) {
    const auto refused = queue::register_worker(server.context, registration_of(other, "elsewhere"));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == base::ErrorCode::conflict);
    CHECK(refused.error().retry_after > std::chrono::milliseconds(1000));
    CHECK(queue::deregister_worker(server.context, leave(other)).error().code == base::ErrorCode::conflict);
    auto foreign = heartbeat({});
    foreign.instance = other;
    CHECK_FALSE(queue::renew_leases(server.context, foreign).value().is_known);
    claim.instance = other;
    claim.queue_ids = {id};  // what the worker holds is given to it again, but to nobody else
    CHECK(queue::claim_commands(server.context, claim, {}).error().code == base::ErrorCode::not_found);
  }
  CHECK(server.status_of(id) == "running");
  CHECK(server.number("select count(*) from noetl.worker where pool = 'default' and status = 'ready'") == 1);

  REQUIRE(queue::register_worker(server.context, registration_of("p1")));  // its answer was lost
  CHECK(server.status_of(id) == "running");

  server.run("update noetl.worker set lease_until = now()");
  CHECK(queue::register_worker(server.context, registration_of("p2")));
  CHECK(server.status_of(id) == "queued");
}

TEST_CASE("a worker deregisters itself, anybody does it by force or when its lease is over") {
  TestServer server;
  REQUIRE(queue::register_worker(server.context, registration_of("p1")));
  CHECK(queue::deregister_worker(server.context, leave("p1")));
  REQUIRE(queue::register_worker(server.context, registration_of("p2")));
  CHECK(queue::deregister_worker(server.context, leave("", true)));
  REQUIRE(queue::register_worker(server.context, registration_of("p3")));
  server.run("update noetl.worker set lease_until = now()");
  CHECK(queue::deregister_worker(server.context, leave("")));
}

TEST_CASE("a worker without an instance, an older one, is treated as before") {
  TestServer server;
  REQUIRE(queue::register_worker(server.context, registration_of("")));
  CHECK(queue::register_worker(server.context, registration_of("")));
  CHECK(queue::register_worker(server.context, registration_of("p1")));
}

TEST_CASE("a registered worker has the consumers of its pool made, before the first notification") {
  TestServer server;
  wire::WorkerRegistration registration;
  registration.worker_id = "w";
  registration.pool = "quiet";

  CHECK(queue::register_worker(server.context, registration));

  CHECK(server.notifier.pools() == std::vector<std::string>{"quiet"});
}
