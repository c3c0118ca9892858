#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "tests/unit/loop/worker_fixture.hpp"

using namespace noetl;
using namespace noetl::loop_test;
using namespace std::chrono_literals;
using domain::Outcome;

TEST_CASE("without NATS commands are polled, run and reported, each once") {
  WorkerFixture fixture;
  for (int i = 1; i <= 1000; ++i) fixture.server.add(i);

  fixture.start();
  fixture.wait("all are reported", [&] { return fixture.server.reported() == 1000; });
  fixture.finish();

  CHECK(fixture.server.row(17).reports.size() == 1);
  CHECK(fixture.server.row(17).reports[0].result == R"({"id":17})");
  CHECK(fixture.worker->counts().completed == 1000);
  CHECK(fixture.server.reports < 1000);  // batches form by themselves
  CHECK(fixture.server.deregistrations == 1);
  CHECK(fixture.is_whole == true);
}

TEST_CASE("claims and reports that fail are repeated, and nothing is lost or run twice") {
  WorkerFixture fixture;
  for (int i = 1; i <= 100; ++i) fixture.server.add(i);
  fixture.server.claims_to_fail = 2;
  fixture.server.reports_to_fail = 2;
  fixture.server.report_replies_to_lose = 1;

  fixture.start();
  fixture.wait("all are reported", [&] { return fixture.server.reported() == 100; });
  fixture.finish();

  for (int i = 1; i <= 100; ++i) CHECK(fixture.server.row(i).epoch == 1);
  CHECK(fixture.worker->counts().completed == 100);
  CHECK(fixture.worker->counts().report_failures >= 3);
}

TEST_CASE("a throwing tool, a missing tool and an unstorable result each fail their own command only") {
  WorkerFixture fixture;
  fixture.server.add(1, "throwing");
  fixture.server.add(2, "unheard_of");
  fixture.server.add(3, "garbage");
  fixture.server.add(4);

  fixture.start();
  fixture.wait("all are reported", [&] { return fixture.server.reported() == 4; });
  fixture.finish();

  CHECK(fixture.server.row(1).reports[0].error->message == "tool 'throwing' threw: out of luck");
  CHECK(fixture.server.row(2).reports[0].error->kind == "not_found");
  CHECK(fixture.server.row(3).reports[0].error->message.find("cannot be stored") != std::string::npos);
  CHECK(fixture.server.row(3).reports[0].error->kind == "invalid_result");
  CHECK(fixture.server.row(4).reports[0].outcome == Outcome::completed);
}

TEST_CASE("one report that the server refuses does not hold up the others, and becomes a failure") {
  WorkerFixture fixture;
  fixture.settings.slots = 64;
  fixture.server.poison = 7;
  for (int i = 1; i <= 64; ++i) fixture.server.add(i);

  fixture.start();
  fixture.wait("all are reported", [&] { return fixture.server.reported() == 64; });
  fixture.finish();

  CHECK(fixture.server.row(7).reports[0].outcome == Outcome::failed);
  CHECK(fixture.server.row(7).reports[0].error->message.find("poison") != std::string::npos);
  CHECK(fixture.server.row(8).reports[0].outcome == Outcome::completed);
}

TEST_CASE("a server of the release before gets an error without the details that it does not know") {
  WorkerFixture fixture;
  fixture.server.knows_no_details = true;
  fixture.server.add(1, "failing");
  fixture.server.add(2);

  fixture.start();
  fixture.wait("both are reported", [&] { return fixture.server.reported() == 2; });
  fixture.finish();

  const auto& error = *fixture.server.row(1).reports[0].error;
  CHECK(error.message == "boom");
  CHECK(error.traceback == "in main");
  CHECK(error.details.empty());
  CHECK(fixture.server.row(2).reports[0].outcome == Outcome::completed);
}

TEST_CASE("a cancelled command's tool is stopped and reported as cancelled") {
  WorkerFixture fixture;
  fixture.server.add(1, "held");
  fixture.start();
  fixture.wait("it runs", [&] { return fixture.held->running() == 1; });

  fixture.server.to_cancel = 1;

  fixture.wait("it is reported", [&] { return fixture.server.reported() == 1; });
  CHECK(fixture.server.row(1).reports[0].outcome == Outcome::cancelled);
  fixture.finish();
}

TEST_CASE("a lost lease stops the tool and is not reported") {
  WorkerFixture fixture;
  fixture.server.add(1, "held");
  fixture.start();
  fixture.wait("it runs", [&] { return fixture.held->running() == 1; });

  fixture.server.to_lose = 1;

  fixture.wait("it is dropped", [&] { return fixture.worker->counts().lost == 1; });
  CHECK(fixture.held->running() == 0);
  CHECK(fixture.server.reported() == 0);
  fixture.finish();
}

TEST_CASE("when heartbeats fail for longer than the lease, running tools are stopped") {
  WorkerFixture fixture;
  fixture.server.add(1, "held");
  fixture.start();
  fixture.wait("it runs", [&] { return fixture.held->running() == 1; });

  fixture.server.are_heartbeats_failing = true;

  fixture.wait("it is dropped", [&] { return fixture.worker->counts().lost == 1; });
  CHECK(fixture.server.reported() == 0);
  fixture.finish();
}

TEST_CASE("a worker confirms each claim once") {
  WorkerFixture fixture;
  fixture.server.confirms_claims = true;
  fixture.server.add(1, "held");
  fixture.server.add(2);
  fixture.start();
  fixture.wait("one runs, one has ended",
               [&] { return fixture.held->running() == 1 && fixture.server.reported() == 1; });
  fixture.wait("all is said", [&] { return fixture.server.confirmed_claims() == fixture.server.made(); });
  const int before = fixture.server.heartbeats;
  fixture.wait("heartbeats go on", [&] { return fixture.server.heartbeats >= before + 3; });
  CHECK(fixture.server.confirmed_claims() == fixture.server.made());
  CHECK_FALSE(fixture.server.confirmed_claims().empty());
  fixture.held->let_go();
  fixture.finish();
}

TEST_CASE("a claim of which a command is dropped unreported is not confirmed") {
  WorkerFixture fixture;
  fixture.server.confirms_claims = true;
  fixture.server.poison = 1;
  fixture.server.is_failure_poison_too = true;
  fixture.server.are_heartbeats_failing = true;  // nothing is said before the report
  fixture.server.add(1);
  fixture.start();
  fixture.wait("its report is abandoned", [&] { return fixture.worker->counts().lost == 1; });
  fixture.server.are_heartbeats_failing = false;
  const int before = fixture.server.heartbeats;
  fixture.wait("heartbeats are answered", [&] { return fixture.server.heartbeats >= before + 3; });
  CHECK(fixture.server.made().size() == 1);
  CHECK(fixture.server.confirmed_claims().empty());
  fixture.finish();
}

TEST_CASE("an older server is told nothing of claims; one behind the same address is told again without them") {
  WorkerFixture fixture;
  SUBCASE("it does not say that it knows confirmations") {}
  SUBCASE("it refuses") {
    fixture.server.confirms_claims = true;
    fixture.server.refuses_confirmations = true;
  }
  fixture.server.add(1, "held");
  fixture.start();
  fixture.wait("it runs", [&] { return fixture.held->running() == 1; });
  const int before = fixture.server.heartbeats;
  fixture.wait("heartbeats go on", [&] { return fixture.server.heartbeats >= before + 20; });
  CHECK(fixture.server.confirmed_claims().empty());
  CHECK(fixture.worker->counts().heartbeat_failures == 0);
  CHECK(fixture.worker->counts().lost == 0);
  fixture.held->let_go();
  fixture.finish();
}

TEST_CASE("a worker that the server has forgotten registers again") {
  WorkerFixture fixture;
  fixture.start();
  fixture.wait("it is there", [&] { return fixture.server.heartbeats > 0; });

  fixture.server.has_forgotten_worker = true;

  fixture.wait("it registered again", [&] { return fixture.server.registrations == 2; });
  fixture.finish();
}

TEST_CASE("SIGTERM: what finishes within the grace is completed") {
  WorkerFixture fixture;
  fixture.settings.grace = 20s;
  fixture.server.add(1, "held");
  fixture.start();
  fixture.wait("it runs", [&] { return fixture.held->running() == 1; });

  fixture.thread.request_stop();
  fixture.wait("it drains", [&] { return fixture.server.heartbeats_draining > 0; });
  fixture.server.add(2);
  fixture.held->let_go();
  fixture.thread.join();

  CHECK(fixture.server.row(1).reports[0].outcome == Outcome::completed);
  CHECK(fixture.server.row(2).reports.empty());
  CHECK(fixture.is_whole == true);
}

TEST_CASE("SIGTERM: what does not finish within the grace is handed back") {
  WorkerFixture fixture;
  for (int i = 1; i <= 5; ++i) fixture.server.add(i, "held");
  fixture.start();
  fixture.wait("they run", [&] { return fixture.held->running() == 5; });

  fixture.finish();

  for (int i = 1; i <= 5; ++i) CHECK(fixture.server.row(i).releases == 1);
  CHECK(fixture.worker->counts().released == 5);
  CHECK(fixture.server.deregistrations == 1);
}

TEST_CASE("an operator's drain ends the worker as SIGTERM does") {
  WorkerFixture fixture;
  fixture.start();
  fixture.wait("it is there", [&] { return fixture.server.heartbeats > 0; });

  fixture.server.should_drain = true;

  fixture.wait("it is gone", [&] { return fixture.server.deregistrations == 1; });
  fixture.finish();
}

TEST_CASE("the end comes even when the server never takes the last reports") {
  WorkerFixture fixture;
  fixture.settings.flush_patience = 200ms;
  fixture.server.reports_to_fail = 1'000'000;
  fixture.server.add(1);
  fixture.start();
  fixture.wait("it was tried", [&] { return fixture.server.reports > 0; });

  fixture.finish();

  CHECK(fixture.is_whole == false);
}

TEST_CASE("slow tools take as many slots as there are and no more") {
  WorkerFixture fixture;
  fixture.settings.slots = 3;
  for (int i = 1; i <= 10; ++i) fixture.server.add(i, "held");
  fixture.start();
  fixture.wait("three run", [&] { return fixture.held->running() == 3; });
  CHECK(support::holds_for(200ms, [&] { return fixture.held->running() <= 3; }));

  fixture.held->let_go();

  fixture.wait("all are reported", [&] { return fixture.server.reported() == 10; });
  fixture.finish();
}

TEST_CASE("settings that can never work are refused") {
  ScriptedTransport server;
  const tools::Registry registry;
  loop::WorkerSettings settings;
  settings.slots = 0;
  CHECK_THROWS_AS(loop::Worker(settings, server, registry), std::invalid_argument);
  settings = {};
  settings.pool = "a.b";
  CHECK_THROWS_AS(loop::Worker(settings, server, registry), std::invalid_argument);
  settings = {};
  settings.worker_id = "a/b";
  CHECK_THROWS_AS(loop::Worker(settings, server, registry), std::invalid_argument);
}
