// Why what waits does not run, as the API says it of commands, pools and executions.
#include <doctest/doctest.h>

#include "server/catalog/register_playbook.hpp"
#include "server/executions/cancel_execution.hpp"
#include "server/executions/start_execution.hpp"
#include "server/queue/enqueue_commands.hpp"
#include "server/queue/pause.hpp"
#include "server/views/read_executions.hpp"
#include "server/views/read_queue.hpp"
#include "tests/integration/pause_fixture.hpp"
#include "tests/integration/test_server.hpp"

using namespace noetl;
using namespace std::chrono_literals;
using support::TestServer;

namespace {
wire::NewCommand command_for(const std::string& pool, std::chrono::milliseconds delay = 0ms) {
  wire::NewCommand command;
  command.tool_kind = "noop";
  command.tool = R"({"kind":"noop"})";
  command.pool = pool;
  if (delay.count() > 0) command.delay = delay;
  return command;
}

base::CommandId enqueue(TestServer& server, const wire::NewCommand& command) {
  return queue::enqueue_commands(server.context, {command}).value().front().queue_id;
}

wire::CommandRow command(TestServer& server, base::CommandId id) {
  return views::get_command(server.context, id).value();
}

wire::QueueDepth queued(TestServer& server, const std::string& pool) {
  for (const auto& row : views::read_queue_depth(server.context)) {
    if (row.pool == pool && row.status == "queued") return row;
  }
  return {};
}

std::vector<base::ExecutionId> listed(TestServer& server, const std::string& status) {
  wire::ExecutionFilter filter;
  filter.status = status;
  std::vector<base::ExecutionId> found;
  for (const auto& row : views::list_executions(server.context, filter)) found.push_back(row.execution_id);
  return found;
}

bool says(const std::string& text, const std::string& words) { return text.find(words) != std::string::npos; }
}  // namespace

TEST_CASE("a command says why it waits: no worker, no tool, all busy, paused, due later, a retry") {
  TestServer server;

  const auto lonely = enqueue(server, command_for("nobody"));
  CHECK(command(server, lonely).wait_message == "no worker in pool 'nobody'");
  CHECK(queued(server, "nobody").wait_reason == "no_worker");

  server.add_worker("w", "p");
  const auto waits = enqueue(server, command_for("p"));
  CHECK(command(server, waits).wait_reason == "next");
  server.run("update noetl.worker set running = slots");
  CHECK(command(server, waits).wait_reason == "slots_busy");
  CHECK(queued(server, "p").wait_reason == "slots_busy");
  server.run("update noetl.worker set running = 0, tools = '{http,shell}'");
  CHECK(command(server, waits).wait_message == "no worker of pool 'p' has the tool 'noop'");
  CHECK(queued(server, "p").wait_message == "no worker of pool 'p' has the tool 'noop'");
  server.run("update noetl.worker set should_drain = true");
  CHECK(command(server, waits).wait_reason == "workers_draining");
  server.run("update noetl.worker set should_drain = false, tools = '{noop}'");
  CHECK(command(server, waits).wait_reason == "next");
  server.run("update noetl.worker set tools = '{}'");  // does not say which it has
  CHECK(command(server, waits).wait_reason == "next");

  (void)queue::pause_pool(server.context, "p", true);
  CHECK(says(command(server, waits).wait_message, "pool 'p' is paused since 20"));
  CHECK(queued(server, "p").wait_reason == "pool_paused");
  (void)queue::pause_pool(server.context, "p", false);

  const auto held = server.claim("w", waits);
  CHECK(command(server, waits).wait_reason.empty());
  CHECK(command(server, waits).wait_message.empty());
  (void)server.report(support::failed(held, "connection"));
  CHECK(command(server, waits).wait_reason == "retry_at");
  CHECK(says(command(server, waits).wait_message, "(attempt 2 of 3)"));
  CHECK(says(queued(server, "p").wait_message, "due at 20"));

  const auto later = enqueue(server, command_for("p", 3600s));
  CHECK(command(server, later).wait_reason == "due_at");
  CHECK(command(server, later).wait_message == "due at " + command(server, later).available_at);
  CHECK(queued(server, "default").wait_reason.empty());
}

TEST_CASE("a pool paused twice is paused since the first time, and a resumed one since no time") {
  TestServer server;
  (void)queue::pause_pool(server.context, "p", true);
  server.run("update noetl.pool set paused_at = '2026-01-31T12:00:00Z'");

  CHECK(says(queue::pause_pool(server.context, "p", true).paused_at, "2026-01-31T12:00:00"));
  CHECK(queue::pause_pool(server.context, "p", false).paused_at.empty());
  CHECK_FALSE(says(queue::pause_pool(server.context, "p", true).paused_at, "2026-01-31"));
}

TEST_CASE("an execution that runs and does nothing says why; one whose command runs says nothing") {
  TestServer server;
  const auto id = support::execute(server, "tests/single");
  const auto execution = [&] { return views::get_execution(server.context, id).value(); };

  CHECK(execution().wait_message == "no worker in pool 'default'");
  server.add_worker("w");
  CHECK(execution().wait_reason == "next");
  (void)queue::pause_execution(server.context, {.execution_id = id, .is_paused = true, .cascade = true}).value();
  CHECK(execution().wait_reason == "execution_paused");
  CHECK(queued(server, "default").wait_reason == "execution_paused");
  (void)queue::pause_execution(server.context, {.execution_id = id, .is_paused = false, .cascade = true}).value();
  const auto held = server.claim("w", support::queued_of(server, id));
  CHECK(execution().wait_reason.empty());
  (void)server.report(support::completed(held));
}

TEST_CASE("a caller says which called playbook it waits for, and that one says why") {
  TestServer server;
  server.add_worker("w");
  const auto id = support::execute(server, "tests/calling");
  (void)server.report(support::completed(server.claim("w", support::queued_of(server, id))));
  const auto child = support::child_of(server, id);

  const auto caller = views::get_execution(server.context, id).value();

  CHECK(caller.wait_reason == "called_playbook");
  CHECK(caller.wait_message == "waits for execution " + child.str() + " of playbook 'tests/single'");
  CHECK(views::get_execution(server.context, child).value().wait_reason == "next");
}

TEST_CASE(
    "a delayed execution is scheduled until it is due, has not started before, and its duration does not count the "
    "wait") {
  TestServer server;
  wire::ExecuteRequest request;
  request.path = "tests/single";
  request.delay = 3600s;
  const auto id = support::execute(server, request);

  const auto waiting = views::get_execution(server.context, id).value();

  CHECK(waiting.status == "SCHEDULED");
  CHECK(waiting.started_at.empty());
  CHECK_FALSE(waiting.created_at.empty());
  CHECK(waiting.wait_reason == "due_at");
  CHECK_FALSE(waiting.due_at.empty());
  CHECK(says(waiting.wait_message, "due at " + waiting.due_at.substr(0, 16)));
  CHECK(waiting.duration_seconds == 0);
  server.run(
      "update noetl.execution set started_at = now() - interval '1 hour', due_at = now() - interval '10 seconds' where "
      "execution_id = " +
      id.str());
  const auto began = views::get_execution(server.context, id).value();
  CHECK(began.status == "RUNNING");
  CHECK(began.started_at == began.due_at);
  CHECK(began.duration_seconds >= 10);
  CHECK(began.duration_seconds < 60);
}

TEST_CASE("the answer to a delayed execution says that it is scheduled, unless it is over at once") {
  TestServer server;
  (void)catalog::register_playbook(server.context,
                                   {"apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: t, path: "
                                    "tests/toolless}\nworkflow:\n  - step: start\n"})
      .value();
  const auto start = [&](const std::string& path, std::chrono::milliseconds delay) {
    wire::ExecuteRequest request;
    request.path = path;
    request.delay = delay;
    return executions::start_execution(server.context, request).value();
  };

  (void)support::execute(server, "tests/single");
  CHECK(start("tests/single", 1h).is_scheduled);
  CHECK_FALSE(start("tests/single", 0ms).is_scheduled);
  CHECK_FALSE(start("tests/toolless", 1h).is_scheduled);
}

TEST_CASE("executions are listed as scheduled until they are due, and as running from then") {
  TestServer server;
  wire::ExecuteRequest request;
  request.path = "tests/single";
  request.delay = 3600s;
  const auto later = support::execute(server, request);
  const auto now = support::execute(server, "tests/single");

  CHECK(listed(server, "scheduled") == std::vector{later});
  CHECK(listed(server, "SCHEDULED") == std::vector{later});
  CHECK(listed(server, "running") == std::vector{now});
  CHECK(listed(server, "") == std::vector{now, later});
  server.run("update noetl.execution set due_at = now() where execution_id = " + later.str());
  CHECK(listed(server, "scheduled").empty());
  CHECK(listed(server, "running") == std::vector{now, later});
}

TEST_CASE(
    "an execution that was cancelled before it was due has never started; one without commands starts and ends at "
    "once") {
  TestServer server;
  wire::ExecuteRequest request;
  request.path = "tests/single";
  request.delay = 3600s;
  const auto id = support::execute(server, request);
  (void)executions::cancel_execution(server.context, {.execution_id = id, .reason = {}, .cascade = true}).value();

  const auto cancelled = views::get_execution(server.context, id).value();

  CHECK(cancelled.status == "CANCELLED");
  CHECK(cancelled.started_at.empty());
  CHECK_FALSE(cancelled.finished_at.empty());
  CHECK(listed(server, "cancelled") == std::vector{id});
  CHECK(listed(server, "scheduled").empty());
  server.run("update noetl.execution set status = 'completed' where execution_id = " + id.str());
  const auto over = views::get_execution(server.context, id).value();
  CHECK(over.started_at == over.finished_at);
}
