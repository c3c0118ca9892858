// What follows a commit: the effects of a transaction, once, and only of one that is committed.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "server/attempts/report_events.hpp"
#include "server/decisions/duty_outcome.hpp"
#include "server/decisions/perform.hpp"
#include "server/dispatch/after_commit.hpp"
#include "server/postgres/session.hpp"
#include "tests/integration/test_server.hpp"

using namespace noetl;
using support::TestServer;

namespace {
notify::Notification notification(std::int64_t id) {
  notify::Notification made;
  made.queue_id = {id};
  made.pool = "default";
  return made;
}

dispatch::Effects effects_of(std::int64_t id) {
  dispatch::Effects effects;
  effects.notifications.push_back(notification(id));
  effects.dead_letters.push_back({.queue_id = {id},
                                  .execution_id = {},
                                  .step = "noop",
                                  .pool = "default",
                                  .epoch = 1,
                                  .attempts = 1,
                                  .error = "{}"});
  effects.work.dead.push_back({"default", "noop"});
  return effects;
}

void fail_with(postgres::Session& session, const std::string& state) {
  session.transaction().exec("do $$ begin raise exception 'lost' using errcode = '" + state + "'; end $$");
}
}  // namespace

TEST_CASE("the effects of a transaction are performed once it is committed") {
  TestServer server;
  decisions::commit(server.context, [&](postgres::Session&) {
    CHECK(server.notifier.notifications().empty());
    return effects_of(1);
  });

  CHECK(server.notifier.notifications().size() == 1);
  CHECK(server.notifier.dead_letters().size() == 1);
  CHECK(server.work_counts.read().pools.at({"default", "noop"}).dead == 1);
}

TEST_CASE("a transaction that fails has no effects, and one that is repeated has those of the last time") {
  TestServer server;
  CHECK_THROWS(decisions::commit(server.context, [&](postgres::Session& session) {
    auto effects = effects_of(1);
    fail_with(session, "P0001");
    return effects;
  }));
  CHECK(server.notifier.notifications().empty());

  int tries = 0;
  decisions::commit(server.context, [&](postgres::Session& session) {
    if (++tries < 3) fail_with(session, "40001");
    return effects_of(tries);
  });
  REQUIRE(server.notifier.notifications().size() == 1);
  CHECK(server.notifier.notifications()[0].queue_id == base::CommandId{3});
}

TEST_CASE("a report whose notification fails has an unknown outcome, and the same report again is a duplicate") {
  struct BrokenNotifier final : notify::RecordingNotifier {
    void notify(const std::vector<notify::Notification>&) override { throw std::runtime_error("broken"); }
  };
  TestServer server;
  server.add_worker("w");
  const auto command = server.claim("w", server.enqueue());
  BrokenNotifier broken;
  dispatch::ServerContext context{.connections = server.connections,
                                  .notifier = broken,
                                  .ids = server.ids,
                                  .playbooks = server.playbooks,
                                  .long_polls = server.long_polls,
                                  .dispatcher = server.dispatcher,
                                  .pool_rules = server.pool_rules,
                                  .work_counts = server.work_counts,
                                  .due_times = server.due_times,
                                  .settings = {}};
  wire::ReportRequest request;
  request.worker_id = "w";
  request.attempts.push_back(support::failed(command, "exception"));
  request.attempts.front().outcome = domain::Outcome::released;  // waits again at once: others are notified

  CHECK_THROWS_AS((void)attempts::report_events(context, request), postgres::Unavailable);
  CHECK(server.status_of(command.lease.queue_id) == "queued");
  const auto again = attempts::report_events(server.context, request).value();
  CHECK((again.verdicts[0].is_duplicate || again.verdicts[0].refused.has_value()));
  CHECK(server.status_of(command.lease.queue_id) == "queued");
}

TEST_CASE("what fails after one row's commit leaves that row, and the duty goes on; Postgres away ends the duty") {
  decisions::DutyOutcome outcome;
  outcome.attempt("the first", [] { dispatch::after_commit([] { throw std::runtime_error("unreadable"); }); });
  outcome.attempt("the second", [&] { ++outcome.done; });
  CHECK(outcome.left == 1);
  CHECK(outcome.done == 1);
  CHECK(outcome.why == "the first: it is written, but what follows failed: unreadable");

  CHECK_THROWS_AS(outcome.attempt("the third", [] { throw postgres::Unavailable("away"); }), postgres::Unavailable);
}
