// Plain commands that callers cancel, and how commands are found, on a real Postgres.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "server/catalog/register_playbook.hpp"
#include "server/executions/start_execution.hpp"
#include "server/postgres/session.hpp"
#include "server/queue/cancel_commands.hpp"
#include "server/queue/claim_commands.hpp"
#include "server/queue/enqueue_commands.hpp"
#include "server/queue/worker_registry.hpp"
#include "server/views/read_queue.hpp"
#include "tests/integration/test_server.hpp"

using namespace noetl;
using support::TestServer;
using Json = nlohmann::json;

namespace {

struct Queue : TestServer {
  Queue() { add_worker("w"); }

  base::CommandId enqueue_in(const std::string& pool, const std::string& kind = "noop", const std::string& key = {}) {
    wire::NewCommand command;
    command.tool_kind = kind;
    command.tool = R"({"kind":")" + kind + R"("})";
    command.pool = pool;
    command.idempotency_key = key;
    return queue::enqueue_commands(context, {command}).value().at(0).queue_id;
  }
  std::int64_t depth(const std::string& status) {
    return number(
        "select coalesce(sum(count), 0) from (select pool, status, count from noetl.queue_depth union all "
        "select pool, status, change from noetl.queue_change) c where status = '" +
        status + "'");
  }
  wire::CancelledCommands cancel(std::vector<base::CommandId> commands) {
    wire::CancelCommandsRequest request;
    request.queue_ids = std::move(commands);
    return queue::cancel_commands(context, request);
  }
  wire::CancelledCommands cancel(const wire::CommandFilter& filter, int limit = 1000, bool is_dry_run = false) {
    wire::CancelCommandsRequest request;
    request.filter = filter;
    request.has_filter = true;
    request.limit = limit;
    request.is_dry_run = is_dry_run;
    return queue::cancel_commands(context, request);
  }
  std::vector<base::CommandId> listed(const wire::CommandFilter& filter) {
    std::vector<base::CommandId> found;
    for (const auto& row : views::list_commands(context, filter, 100)) found.push_back(row.queue_id);
    return found;
  }
};

using Ids = std::vector<base::CommandId>;

}  // namespace

TEST_CASE("a command that waits is cancelled once, is never claimed, and says why") {
  Queue server;
  const auto id = server.enqueue();
  const auto answer = queue::cancel_command(server.context, id, "order was withdrawn").value();
  CHECK(answer.is_cancelled);
  CHECK(answer.status == "cancelled");
  CHECK(server.claim_ids("w", {id}).commands.empty());
  const auto row = views::get_command(server.context, id).value();
  CHECK(row.status == "cancelled");
  CHECK(row.attempts == 0);
  CHECK(Json::parse(row.error).at("message") == "cancelled on request: order was withdrawn");
  CHECK(server.depth("queued") == 0);
  CHECK(server.depth("cancelled") == 1);
  CHECK(server.number("select count(*) from noetl.event where event_type = 'command.cancelled' and epoch is null") ==
        1);

  const auto again = queue::cancel_command(server.context, id, {}).value();
  CHECK(!again.is_cancelled);
  CHECK(again.status == "cancelled");
  CHECK(server.depth("cancelled") == 1);
}

TEST_CASE("a command that runs is cancelled at once: its worker is told, and its report changes nothing") {
  Queue server;
  const auto id = server.enqueue();
  const auto held = server.claim("w", id);
  CHECK(queue::cancel_command(server.context, id, {}).value().is_cancelled);
  wire::Heartbeat heartbeat;
  heartbeat.worker_id = "w";
  heartbeat.held = {held.lease};
  const auto told = queue::renew_leases(server.context, heartbeat).value();
  CHECK(told.cancelled == Ids{id});
  const auto verdict = server.report(support::completed(held));
  CHECK(verdict.is_duplicate);
  CHECK(server.status_of(id) == "cancelled");
  CHECK(server.number("select count(*) from noetl.event where queue_id = " + id.str()) == 1);
  CHECK(server.depth("running") == 0);
}

TEST_CASE("what has ended stays as it is, unknown ids and steps of executions are refused") {
  Queue server;
  const auto done = server.enqueue();
  (void)server.report(support::completed(server.claim("w", done)));
  CHECK(queue::cancel_command(server.context, done, {}).value().status == "done");
  CHECK(queue::cancel_command(server.context, {77}, {}).error().code == base::ErrorCode::not_found);

  (void)catalog::register_playbook(server.context, {.content = support::single_step}).value();
  wire::ExecuteRequest request;
  request.path = "tests/single";
  const auto execution = executions::start_execution(server.context, request).value().execution_id;
  const base::CommandId step{server.number("select queue_id from noetl.queue where execution_id is not null")};
  const auto refused = queue::cancel_command(server.context, step, {});
  CHECK(refused.error().code == base::ErrorCode::conflict);
  CHECK(refused.error().message.find("noetlctl execution cancel " + execution.str()) != std::string::npos);

  const auto waiting = server.enqueue();
  const auto answer = server.cancel(Ids{done, step, waiting, {77}});
  CHECK(answer.queue_ids == Ids{waiting});
  REQUIRE(answer.refused.size() == 3);
  CHECK(server.status_of(step) == "queued");
  // A filter takes no steps.
  CHECK(server.cancel(wire::CommandFilter{}).queue_ids.empty());
}

TEST_CASE("a filter cancels what it takes, at most the limit, and a dry run nothing") {
  Queue server;
  server.add_worker("w-other", "other");
  Ids mine;
  for (int i = 0; i < 5; ++i) mine.push_back(server.enqueue_in("default"));
  const auto other = server.enqueue_in("other");
  const auto shell = server.enqueue_in("default", "shell");
  wire::CommandFilter filter;
  filter.pool = "default";
  filter.tool_kind = "noop";
  CHECK(server.cancel(filter, 1000, true).queue_ids == mine);
  CHECK(server.depth("cancelled") == 0);
  const auto first = server.cancel(filter, 3);
  CHECK(first.queue_ids == Ids(mine.begin(), mine.begin() + 3));
  CHECK(first.has_more);
  const auto rest = server.cancel(filter, 3);
  CHECK(rest.queue_ids == Ids(mine.begin() + 3, mine.end()));
  CHECK(!rest.has_more);
  CHECK(server.status_of(other) == "queued");
  CHECK(server.status_of(shell) == "queued");

  filter = {};
  filter.created_before = "2024-01-02T00:00:00Z";
  CHECK(server.cancel(filter).queue_ids.empty());
  filter = {};
  filter.created_after = "2024-01-02T00:00:00Z";
  filter.before = shell;
  CHECK(server.cancel(filter).queue_ids == Ids{other});
}

TEST_CASE("commands are found by key, execution, tool, and time") {
  Queue server;
  const auto keyed = server.enqueue_in("default", "noop", "order-17");
  const auto shell = server.enqueue_in("default", "shell");
  (void)catalog::register_playbook(server.context, {.content = support::single_step}).value();
  wire::ExecuteRequest request;
  request.path = "tests/single";
  const auto execution = executions::start_execution(server.context, request).value().execution_id;
  const base::CommandId step{server.number("select queue_id from noetl.queue where execution_id is not null")};

  wire::CommandFilter filter;
  filter.idempotency_key = "order-17";
  CHECK(server.listed(filter) == Ids{keyed});
  CHECK(views::get_command(server.context, keyed).value().idempotency_key == "order-17");
  filter.status = "done";
  CHECK(server.listed(filter).empty());
  filter = {};
  filter.execution_id = execution;
  CHECK(server.listed(filter) == Ids{step});
  filter.idempotency_key = "order-17";
  CHECK(server.listed(filter).empty());
  filter = {};
  filter.tool_kind = "shell";
  CHECK(server.listed(filter) == Ids{shell});
  filter = {};
  filter.after = keyed;
  CHECK(server.listed(filter) == Ids{step, shell});
  filter = {};
  filter.created_after = "2199-01-01T00:00:00Z";
  CHECK(server.listed(filter).empty());
  filter = {};
  filter.created_before = "2199-01-01T00:00:00Z";
  CHECK(server.listed(filter) == Ids{step, shell, keyed});
}

TEST_CASE("the oldest age of a pool grows, whatever other pools do") {
  Queue server;
  (void)server.enqueue_in("idle");
  const auto age = [&] {
    for (const auto& row : views::read_queue_depth(server.context)) {
      if (row.pool == "idle" && row.status == "queued") return row.oldest_age_seconds;
    }
    return -1.0;
  };
  // As if two minutes had passed: ids of that time, and a default pool that workers have polled since.
  server.run(
      "update noetl.queue set queue_id = queue_id - (120000::bigint << 22), created_at = created_at - interval '2 "
      "minutes'");
  wire::ClaimRequest claim;
  claim.worker_id = "w";
  claim.pool = "default";
  claim.slots = 1;
  (void)queue::claim_commands(server.context, claim, {});
  CHECK(age() >= 120);
  CHECK(age() >= 120);
}
