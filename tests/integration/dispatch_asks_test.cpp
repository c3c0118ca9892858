// Whether a worker that waits is still there: asked before a transaction and never within it.
#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <thread>

#include "server/catalog/register_playbook.hpp"
#include "server/dispatch/dispatcher.hpp"
#include "server/executions/start_execution.hpp"
#include "tests/integration/test_server.hpp"
#include "tests/support/wait_until.hpp"

using namespace noetl;
using support::TestServer;
using namespace std::chrono_literals;

namespace {
constexpr const char* two_steps = R"(
apiVersion: noetl.io/v2
kind: Playbook
metadata: {name: two, path: tests/two}
workflow:
  - step: start
    tool: {kind: noop}
    next: [{step: second}]
  - step: second
    tool: {kind: noop}
)";

// Its answer to whether it is there is not fresh any more.
struct WaitingWorker {
  std::string worker_id;
  std::stop_source stop;
  std::future<dispatch::Dispatcher::Dispatched> dispatched;

  WaitingWorker(dispatch::Dispatcher& dispatcher, std::string name, std::function<bool()> is_there)
      : worker_id(std::move(name)) {
    const auto before = dispatcher.waiting();
    dispatched = std::async(std::launch::async, [this, &dispatcher, is_there = std::move(is_there)] {
      static const std::string pool = "default", instance;
      return dispatcher.wait(
          {.pool = pool, .worker_id = worker_id, .instance = instance, .slots = 4, .is_there = is_there},
          std::chrono::steady_clock::now() + 60s, stop.get_token());
    });
    support::wait_until("it waits", 15s, [&] { return dispatcher.waiting() > before; });
    support::wait_until("its answer is old", 5s, [since = std::chrono::steady_clock::now()] {
      return std::chrono::steady_clock::now() - since > 2 * dispatch::Dispatcher::fresh_for;
    });
  }
  ~WaitingWorker() { stop.request_stop(); }
};
}  // namespace

TEST_CASE("who has gone is first in line until the first are asked, and then the next one is") {
  dispatch::Dispatcher dispatcher;
  std::atomic<bool> is_first_there{true};
  WaitingWorker gone(dispatcher, "gone", [&] { return is_first_there.load(); });
  WaitingWorker there(dispatcher, "there", [] { return true; });
  is_first_there = false;

  dispatcher.ask_first_in_line();

  CHECK(gone.dispatched.get().commands.empty());
  auto reservation = dispatcher.reserve_unasked("default", 1);
  REQUIRE(reservation);
  CHECK(reservation->worker_id() == "there");
  CHECK_FALSE(dispatcher.reserve_unasked("default", 1));
}

TEST_CASE("a fresh answer is not asked for again, and a reservation by the last answer asks nobody") {
  dispatch::Dispatcher dispatcher;
  std::atomic<int> asked{0};  // by this thread: the worker's own asks as well, now and then
  const WaitingWorker worker(dispatcher, "w", [&, here = std::this_thread::get_id()] {
    if (std::this_thread::get_id() == here) ++asked;
    return true;
  });

  dispatcher.ask_first_in_line();
  const int once = asked;
  CHECK(once <= 1);
  const auto reservation = dispatcher.reserve_unasked("default", 1);

  CHECK(reservation);
  CHECK(asked == once);
}

TEST_CASE("no worker that waits is asked while a transaction is open, and one that has gone is given nothing") {
  TestServer server;
  server.add_worker("w");
  server.add_worker("gone");
  (void)catalog::register_playbook(server.context, {two_steps}).value();
  std::atomic<int> asked_within{0};
  std::atomic<bool> is_gone{false};
  const auto is_there = [&] {
    asked_within += static_cast<int>(
        server.number("select count(*) from pg_stat_activity where datname = current_database() and state like "
                      "'idle in transaction%'"));
    return !is_gone;
  };
  wire::ExecuteRequest request;
  request.path = "tests/two";

  WaitingWorker first(server.dispatcher, "w", is_there);
  REQUIRE(executions::start_execution(server.context, request));
  const auto started = first.dispatched.get().commands;
  REQUIRE(started.size() == 1);
  WaitingWorker second(server.dispatcher, "w", is_there);
  CHECK_FALSE(server.report(support::completed(started[0])).refused);
  CHECK(second.dispatched.get().commands.size() == 1);

  WaitingWorker gone(server.dispatcher, "gone", is_there);
  is_gone = true;
  REQUIRE(executions::start_execution(server.context, request));
  CHECK(gone.dispatched.get().commands.empty());
  CHECK(server.number("select count(*) from noetl.queue where worker_id = 'gone'") == 0);
  CHECK(asked_within == 0);
}
