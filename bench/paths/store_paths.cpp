#include "bench/paths/store_paths.hpp"

#include <stdexcept>
#include <string_view>

#include "bench/paths/pure_paths.hpp"
#include "server/attempts/report_events.hpp"
#include "server/catalog/register_playbook.hpp"
#include "server/executions/start_execution.hpp"
#include "server/queue/claim_commands.hpp"
#include "server/queue/enqueue_commands.hpp"
#include "tests/integration/test_server.hpp"

namespace noetl::bench {
namespace {

constexpr std::size_t enqueued_count = 1000;
constexpr std::size_t claimed_count = 512;
constexpr std::size_t executions = 100;
constexpr std::size_t steps = 3;
constexpr const char* worker_id = "bench-1";

constexpr const char* three_steps_stored = R"(
apiVersion: noetl.io/v2
kind: Playbook
metadata: {name: three_steps, path: bench/three_steps}
workflow:
  - step: start
    tool: {kind: noop}
    next: [{step: middle}]
  - step: middle
    tool: {kind: noop}
    next: [{step: last}]
  - step: last
    tool: {kind: noop}
)";

constexpr std::size_t items = 400;
constexpr const char* loop_of_items = R"(
apiVersion: noetl.io/v2
kind: Playbook
metadata: {name: items, path: bench/items}
workflow:
  - step: start
    loop: {in: "{{ range(400) }}", iterator: item, spec: {mode: parallel, max_in_flight: 100}}
    tool: {kind: noop}
)";

std::vector<wire::NewCommand> no_ops(std::size_t count) {
  wire::NewCommand command;
  command.tool_kind = "noop";
  command.tool = R"({"kind":"noop"})";
  return {count, command};
}

void expect(std::size_t found, std::size_t expected, const char* what) {
  if (found != expected)
    throw std::runtime_error(std::string(what) + ": " + std::to_string(found) + " instead of " +
                             std::to_string(expected));
}

}  // namespace

// What one round leaves for its next part.
struct StorePaths::Server {
  support::TestServer server;
  std::vector<base::CommandId> waiting;
  std::vector<domain::ClaimedCommand> held;

  Server() {
    // Each of them would write at moments of its own: the first change of a page after a checkpoint writes the whole page.
    server.run("alter system set full_page_writes = off");
    server.run("alter system set autovacuum = off");
    server.run("alter system set checkpoint_timeout = '1h'");
    server.run("select pg_reload_conf()");
    server.run(
        "do $$ begin execute 'alter database ' || current_database() || ' set log_statement = ''all''';"
        " execute 'alter database ' || current_database() || ' set log_parameter_max_length = 0'; end $$");
    server.add_worker(worker_id);
    // Under callgrind everything takes fifty times as long.
    server.run("update noetl.worker set lease_until = now() + interval '1 day'");
    for (const char* playbook : {three_steps_stored, loop_of_items})
      (void)must(catalog::register_playbook(server.context, {playbook}), "register");
  }

  void enqueue(std::size_t count) {
    waiting.clear();
    for (const auto& command : must(queue::enqueue_commands(server.context, no_ops(count)), "enqueue"))
      waiting.push_back(command.queue_id);
    expect(waiting.size(), count, "enqueued");
  }

  void claim() {
    wire::ClaimRequest request;
    request.worker_id = worker_id;
    request.queue_ids = waiting;
    held = must(queue::claim_commands(server.context, request, {}), "claim").commands;
    expect(held.size(), waiting.size(), "claimed");
  }

  int report() {
    wire::ReportRequest request;
    request.worker_id = worker_id;
    for (const auto& command : held) request.attempts.push_back(support::completed(command));
    const auto answer = must(attempts::report_events(server.context, request), "report");
    for (const auto& verdict : answer.verdicts) {
      if (verdict.refused) throw std::runtime_error("report of " + verdict.queue_id.str() + ": " + verdict.message);
    }
    return answer.commands_generated;
  }

  // The commands of the notifications can be claimed next.
  void take_notified() {
    waiting.clear();
    for (const auto& notification : server.notifier.take()) waiting.push_back(notification.queue_id);
  }

  void execute(const char* path = "bench/three_steps", std::size_t count = executions) {
    wire::ExecuteRequest request;
    request.path = path;
    for (const auto& answer : executions::start_executions(server.context, std::vector(count, request)))
      (void)must(answer, "execute");
  }

  // A hundred items in a call, until nothing is notified any more.
  void play_loop() {
    std::size_t done = 0;
    for (take_notified(); !waiting.empty(); take_notified()) {
      done += waiting.size();
      claim();
      (void)report();
    }
    expect(done, items, "items");
  }

  void play_out() {
    for (std::size_t step = 0; step < steps; ++step) {
      take_notified();
      expect(waiting.size(), executions, "notified");
      claim();
      (void)report();
    }
  }

  // Rules of pools are read once a second: they shall be fresh, so that none of these statements falls into a round.
  void begin_round() {
    server.pool_rules.forget();
    (void)server.pool_rules.get();
    (void)server.notifier.take();
  }
};

StorePaths::StorePaths() : server_(std::make_unique<Server>()) {}
StorePaths::~StorePaths() = default;

std::vector<Path> StorePaths::paths() {
  auto& server = *server_;
  return {{.name = "server, 1000 commands enqueued",
           .unit = "command",
           .units = enqueued_count,
           .prepare = [&server] { server.begin_round(); },
           .run = [&server] { server.enqueue(enqueued_count); },
           .asks_postgres = true},
          {.name = "server, 512 commands claimed",
           .unit = "command",
           .units = claimed_count,
           .prepare =
               [&server] {
                 server.enqueue(claimed_count);
                 server.begin_round();
               },
           .run = [&server] { server.claim(); },
           .asks_postgres = true},
          {.name = "server, 512 commands reported",
           .unit = "command",
           .units = claimed_count,
           .prepare =
               [&server] {
                 server.enqueue(claimed_count);
                 server.claim();
                 server.begin_round();
               },
           .run = [&server] { (void)server.report(); },
           .asks_postgres = true},
          {.name = "server, 100 executions of three steps started",
           .unit = "execution",
           .units = executions,
           .prepare = [&server] { server.begin_round(); },
           .run = [&server] { server.execute(); },
           .asks_postgres = true},
          {.name = "server, 100 executions of three steps claimed and reported to their end",
           .unit = "execution",
           .units = executions,
           .prepare =
               [&server] {
                 server.begin_round();
                 server.execute();
               },
           .run = [&server] { server.play_out(); },
           .asks_postgres = true},
          {.name = "server, a loop of 400 items claimed and reported to its end",
           .unit = "item",
           .units = items,
           .prepare =
               [&server] {
                 server.begin_round();
                 server.execute("bench/items", 1);
               },
           .run = [&server] { server.play_loop(); },
           .asks_postgres = true}};
}

std::int64_t StorePaths::statements() const {
  const auto log = support::shared_postgres().log();
  std::int64_t count = 0;
  for (const std::string_view mark : {"LOG:  execute ", "LOG:  statement: "}) {
    for (auto at = log.find(mark); at != std::string::npos; at = log.find(mark, at + mark.size())) ++count;
  }
  return count;
}

std::int64_t StorePaths::wal_bytes() const {
  return server_->server.number("select (pg_current_wal_insert_lsn() - '0/0')::bigint");
}

int StorePaths::postgres_version() const {
  return static_cast<int>(server_->server.number("select current_setting('server_version_num')::int / 10000"));
}

}  // namespace noetl::bench
