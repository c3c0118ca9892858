// Commands of a notification beyond the slots: prefetched while they are short, handed back, passed on.
#include <doctest/doctest.h>

#include "tests/unit/loop/notification_fixture.hpp"

using namespace noetl;
using namespace noetl::loop_test;
using namespace std::chrono_literals;

TEST_CASE("a notification of many may go through the hands of many who have no slot") {
  NotificationFixture fixture;
  OtherWorker other(fixture.settings.nats, 2);
  fixture.notify_together(1, 32);
  for (int hands = 0; hands < 200; ++hands) {
    const auto given = other.pull->fetch(1, 5s).value();
    REQUIRE(given.size() == 1);
    given.front().nak(0ms);
  }

  fixture.start_subscribed();

  fixture.wait("all are reported", [&] { return fixture.server.reported() == 32; });
  fixture.wait_answered();
  fixture.finish();
}

TEST_CASE(
    "a server of the release before, which takes no slots beside ids, is asked for as many ids as there are slots") {
  NotificationFixture fixture;
  fixture.server.knows_no_slots = true;
  fixture.settings.slots = 2;
  fixture.settings.prefetch_max = 0;
  fixture.notify_together(1, 8, "held");

  fixture.start_subscribed();

  fixture.wait("two run", [&] { return fixture.held->running() == 2; });
  int claimed = 0;
  for (int i = 1; i <= 8; ++i) claimed += fixture.server.row(i).epoch;
  CHECK(claimed == 2);
  fixture.held->let_go();
  fixture.wait("all are reported", [&] { return fixture.server.reported() == 8; });
  fixture.wait_answered();
  fixture.finish();
}

TEST_CASE("while commands take less than milliseconds, many more are claimed at a time than there are slots") {
  NotificationFixture fixture;
  fixture.settings.slots = 2;
  fixture.notify_together(1, 512, "throwing");

  fixture.start_subscribed();

  fixture.wait("all are reported", [&] { return fixture.server.reported() == 512; });
  CHECK(fixture.server.claims < 512 / 8);
  for (int i = 1; i <= 512; ++i) CHECK(fixture.server.row(i).epoch == 1);
  fixture.wait_answered();
  fixture.finish();
}

TEST_CASE("what was prefetched goes to others when those before it take long after all") {
  NotificationFixture fixture;
  fixture.settings.slots = 2;
  fixture.notify_together(1, 64, "throwing");
  fixture.start_subscribed();
  fixture.wait("commands are known to be short", [&] { return fixture.server.reported() == 64; });

  fixture.notify_together(101, 102, "held");
  fixture.wait("its slots are full", [&] { return fixture.held->running() == 2; });
  fixture.notify_together(201, 220, "throwing");
  fixture.wait("they are claimed", [&] { return fixture.server.row(220).epoch == 1; });
  fixture.wait("they are handed back", [&] { return fixture.worker->counts().released == 20; });
  CHECK(support::holds_for(300ms, [&] { return fixture.server.row(220).epoch == 1; }));
  CHECK(!fixture.server.row(201).is_running);

  fixture.held->let_go();
  fixture.wait("all are reported", [&] { return fixture.server.reported() == 86; });
  fixture.wait_answered();
  fixture.finish();
}

TEST_CASE("tools that answer at once say nothing of how long the others take") {
  NotificationFixture fixture;
  fixture.settings.slots = 3;
  fixture.notify_together(1, 2, "held");
  fixture.start_subscribed();
  fixture.wait("two run", [&] { return fixture.held->running() == 2; });
  fixture.notify_together(11, 74);
  fixture.wait("the others go through the third slot", [&] { return fixture.server.reported() == 64; });

  fixture.notify_together(101, 140, "held");

  fixture.wait("all slots are taken", [&] { return fixture.held->running() == 3; });
  CHECK(support::holds_for(400ms, [&] { return fixture.worker->counts().claimed == 67; }));
  CHECK(fixture.worker->counts().released == 0);
  fixture.held->let_go();
  fixture.wait("all are reported", [&] { return fixture.server.reported() == 106; });
  fixture.finish();
}

TEST_CASE("a worker that is told so prefetches nothing") {
  NotificationFixture fixture;
  fixture.settings.slots = 2;
  fixture.settings.prefetch_max = 0;
  fixture.notify_together(1, 64, "throwing");
  fixture.start_subscribed();
  fixture.wait("all are reported", [&] { return fixture.server.reported() == 64; });

  fixture.notify_together(101, 110, "held");
  fixture.wait("its slots are full", [&] { return fixture.held->running() == 2; });
  CHECK(support::holds_for(200ms, [&] { return fixture.worker->counts().claimed == 66; }));

  fixture.held->let_go();
  fixture.wait("all are reported", [&] { return fixture.server.reported() == 74; });
  fixture.finish();
}
