// Single requests that come at the same time: one transaction, each its own answer.
#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "server/catalog/register_playbook.hpp"
#include "server/postgres/errors.hpp"
#include "server/queue/submit_batcher.hpp"
#include "tests/integration/test_server.hpp"

using namespace noetl;
using support::TestServer;

namespace {

wire::NewCommand noop(std::string key = {}) {
  wire::NewCommand command;
  command.tool_kind = "noop";
  command.tool = R"({"kind":"noop"})";
  command.idempotency_key = std::move(key);
  return command;
}

// So many threads, each with its number.
void at_once(int threads, const std::function<void(int)>& work) {
  std::vector<std::jthread> all;
  for (int i = 0; i < threads; ++i) all.emplace_back(work, i);
}

}  // namespace

TEST_CASE("concurrent single enqueues are all stored and notified, one key once, in fewer transactions") {
  TestServer server;
  queue::SubmitBatcher submits(server.context);
  std::atomic<int> queued{0}, duplicates{0};
  const auto transactions = [&] { return server.number("select count(distinct xmin::text) from noetl.queue"); };

  at_once(16, [&](int thread) {
    for (int i = 0; i < 50; ++i) {
      const auto answer = submits.enqueue(noop(i % 10 == 0 ? "key-" + std::to_string(i) : ""));
      REQUIRE(answer.has_value());
      ++(answer->is_duplicate ? duplicates : queued);
    }
    (void)thread;
  });

  CHECK(queued == 16 * 45 + 5);
  CHECK(duplicates == 16 * 5 - 5);
  CHECK(server.number("select count(*) from noetl.queue") == queued);
  CHECK(server.notifier.notifications().size() == static_cast<std::size_t>(queued));
  CHECK(transactions() < queued);
}

TEST_CASE("a request that Postgres refuses fails alone, and those that came with it are stored") {
  TestServer server;
  queue::SubmitBatcher submits(server.context);
  std::atomic<int> stored{0}, refused{0};

  at_once(16, [&](int thread) {
    for (int i = 0; i < 20; ++i) {
      auto command = noop();
      if (thread == 3) command.available_at = "2026-02-30T00:00:00Z";
      try {
        if (submits.enqueue(std::move(command))) ++stored;
      } catch (const std::exception&) {  // the API checks times before: this stands for whatever it does not
        ++refused;
      }
    }
  });

  CHECK(stored == 300);
  CHECK(refused == 20);
  CHECK(server.number("select count(*) from noetl.queue") == 300);
}

TEST_CASE("what fails after the commit is an outcome that is unknown, and nothing is written twice") {
  // The notifier throws, as anything that follows a commit might.
  struct BrokenNotifier final : notify::RecordingNotifier {
    void notify(const std::vector<notify::Notification>&) override { throw std::runtime_error("broken"); }
  };
  TestServer server;
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
  (void)catalog::register_playbook(server.context, {support::single_step}).value();
  queue::SubmitBatcher submits(context);

  at_once(16, [&](int) {
    for (int i = 0; i < 10; ++i) {
      CHECK_THROWS_AS((void)submits.enqueue(noop()), postgres::Unavailable);
      wire::ExecuteRequest request;
      request.path = "tests/single";
      CHECK_THROWS_AS((void)submits.execute(request), postgres::Unavailable);
    }
  });

  CHECK(server.number("select count(*) from noetl.queue where execution_id is null") == 160);
  CHECK(server.number("select count(*) from noetl.execution") == 160);
}

TEST_CASE("concurrent executes each have their execution; an unknown playbook is only its own request's error") {
  TestServer server;
  (void)catalog::register_playbook(server.context, {support::single_step}).value();
  queue::SubmitBatcher submits(server.context);
  std::atomic<int> started{0}, unknown{0}, duplicates{0};

  at_once(12, [&](int thread) {
    for (int i = 0; i < 20; ++i) {
      wire::ExecuteRequest request;
      request.path = thread == 5 ? "t/nobody" : "tests/single";
      if (thread == 6 || thread == 7) request.idempotency_key = "run-" + std::to_string(i);
      const auto answer = submits.execute(request);
      if (!answer) {
        CHECK(answer.error().code == base::ErrorCode::not_found);
        ++unknown;
      } else {
        ++(answer->is_duplicate ? duplicates : started);
      }
    }
  });

  CHECK(unknown == 20);
  CHECK(duplicates == 20);
  CHECK(started == 200);
  CHECK(server.number("select count(*) from noetl.execution") == 200);
  CHECK(server.number("select count(*) from noetl.queue") == 200);
}
