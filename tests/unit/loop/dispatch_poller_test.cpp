// Commands that the server dispatches directly, beside notifications.
#include <doctest/doctest.h>

#include "tests/unit/loop/notification_fixture.hpp"

using namespace noetl;
using namespace noetl::loop_test;
using namespace std::chrono_literals;

namespace {
struct DispatchFixture : NotificationFixture {
  DispatchFixture() {
    server.dispatches_directly = true;
    settings.slots = 2;
    settings.poll_patience = 5s;  // so that nothing here waits for the end of one
  }
  void wait_for_dispatch() {
    wait("it waits for dispatch", [&] { return server.dispatch_polls_waiting == 1; });
  }
  // Its last poll lasts until something comes: the end of the worker waits for it.
  void finish_by_dispatch() {
    server.dispatch(9999);
    finish();
  }
};
}  // namespace

TEST_CASE("an idle worker polls for direct dispatch, runs what it gets, and polls again") {
  DispatchFixture fixture;
  fixture.start_subscribed();

  for (int i = 1; i <= 50; ++i) {
    fixture.wait_for_dispatch();
    fixture.server.dispatch(i);
    fixture.wait("it is reported", [&] { return !fixture.server.row(i).reports.empty(); });
  }

  CHECK(fixture.worker->counts().dispatched == 50);
  CHECK(fixture.worker->counts().notifications == 0);
  CHECK(fixture.server.claims == 0);
  fixture.finish_by_dispatch();
}

TEST_CASE("it polls for the slots that are free, and not without one") {
  DispatchFixture fixture;
  fixture.start_subscribed();
  fixture.wait_for_dispatch();

  fixture.server.dispatch(1, "held");
  fixture.wait("one runs", [&] { return fixture.held->running() == 1; });
  fixture.wait_for_dispatch();
  fixture.server.dispatch(2, "held");
  fixture.wait("both run", [&] { return fixture.held->running() == 2; });
  const int asked = fixture.server.dispatch_polls;
  CHECK(support::holds_for(300ms, [&] { return fixture.server.dispatch_polls == asked; }));

  fixture.held->let_go();
  fixture.wait_for_dispatch();
  fixture.finish_by_dispatch();
}

TEST_CASE("what comes while a direct dispatch has filled the slots goes to others at once") {
  DispatchFixture fixture;
  fixture.settings.slots = 1;
  fixture.settings.fetch_patience = 20s;  // what it has asked for stays asked for
  fixture.start_subscribed();
  fixture.wait_for_dispatch();
  fixture.server.dispatch(1, "held");
  fixture.wait("it runs", [&] { return fixture.held->running() == 1; });
  OtherWorker other(fixture.settings.nats, 0);

  fixture.add_and_notify(2, "held");

  const auto given = other.pull->fetch(1, 10s).value();
  REQUIRE(given.size() == 1);
  CHECK(fixture.server.row(2).epoch == 0);
  given.front().nak(0ms);
  fixture.held->let_go();
  fixture.wait("both are reported", [&] { return fixture.server.reported() == 2; });
  CHECK(fixture.worker->counts().released == 0);
  fixture.server.dispatch(9999);
  fixture.finish_fetching();
}

TEST_CASE("the notification of what was dispatched is acked, and nobody claims") {
  DispatchFixture fixture;
  fixture.start_subscribed();

  notify::Notification notification{.queue_id = {7}, .execution_id = {}, .step = "noop", .pool = "default"};
  notification.is_dispatched = true;
  fixture.notifier->notify({notification});

  fixture.wait("it came", [&] { return fixture.worker->counts().notifications == 1; });
  fixture.wait_answered();
  CHECK(fixture.server.claims == 0);
  CHECK(fixture.number("num_redelivered") == 0);
  fixture.finish_by_dispatch();
}

TEST_CASE("what arrives more than a second after it was claimed is not begun: it may be another's by now") {
  DispatchFixture fixture;
  fixture.server.dispatch_late_ms = 1200;
  fixture.start_subscribed();
  fixture.wait_for_dispatch();

  fixture.server.dispatch(1);
  fixture.wait("the answer came", [&] { return fixture.server.dispatch_polls == 2; });

  CHECK(fixture.server.row(1).epoch == 1);
  CHECK(fixture.server.row(1).reports.empty());
  CHECK(fixture.worker->counts().claimed == 0);
  fixture.server.dispatch_late_ms = 0;
  fixture.finish_by_dispatch();
}

TEST_CASE("a worker without the setting, and one of an older server, come by notification alone") {
  DispatchFixture fixture;
  SUBCASE("switched off") { fixture.settings.takes_direct_dispatch = false; }
  SUBCASE("an older server") { fixture.server.dispatches_directly = false; }
  SUBCASE("without NATS, where it polls for everything") { fixture.settings.uses_nats = false; }
  if (fixture.settings.uses_nats)
    fixture.start_subscribed();
  else
    fixture.start();

  fixture.add_and_notify(1);
  fixture.wait("it is reported", [&] { return fixture.server.reported() == 1; });

  CHECK(fixture.server.dispatch_polls == 0);
  fixture.finish();
}

TEST_CASE("an older server behind the same address, which does not know the field, is not asked again and again") {
  DispatchFixture fixture;
  fixture.server.dispatch_late_ms = -1;
  fixture.start_subscribed();
  fixture.wait("it asked", [&] { return fixture.server.dispatch_polls == 1; });

  CHECK(support::holds_for(500ms, [&] { return fixture.server.dispatch_polls == 1; }));
  fixture.add_and_notify(1);
  fixture.wait("it is reported", [&] { return fixture.server.reported() == 1; });
  fixture.finish();
}
