#pragma once
// TestServer: a server without HTTP: a migrated database of its own, the context of every use case,
// and a notifier that records what was notified. Main thread makes it; use cases may run in any.
#include "server/catalog/playbook_cache.hpp"
#include "server/counts/work_counts.hpp"
#include "server/dispatch/dispatcher.hpp"
#include "server/dispatch/due_times.hpp"
#include "server/dispatch/long_polls.hpp"
#include "server/dispatch/pool_rules.hpp"
#include "server/dispatch/server_context.hpp"
#include "server/notify/recording_notifier.hpp"
#include "server/postgres/connection_pool.hpp"
#include "shared/wire/messages/claim.hpp"
#include "shared/wire/messages/command.hpp"
#include "shared/wire/messages/report.hpp"
#include "tests/support/postgres_cluster.hpp"
#include "tests/support/sql.hpp"

namespace noetl::support {

struct TestServer {
  TestServer();

  // Registers a worker whose lease lasts that long.
  void add_worker(const std::string& worker_id, const std::string& pool = "default");
  // One plain noop command; its id.
  base::CommandId enqueue(int max_attempts = 3, const std::string& idempotency_key = {});
  wire::ClaimAnswer claim_ids(const std::string& worker_id, std::vector<base::CommandId> queue_ids);
  // The lease of that command, which must be claimable.
  domain::ClaimedCommand claim(const std::string& worker_id, base::CommandId queue_id);
  wire::ReportVerdict report(const wire::AttemptReport& report, const std::string& worker_id = "w");
  std::string status_of(base::CommandId queue_id);
  std::int64_t number(const std::string& query) { return sql_number(database_url, query); }
  void run(const std::string& statement) { (void)sql(database_url, statement); }

  std::string database_url;
  postgres::ConnectionPool connections;
  notify::RecordingNotifier notifier;
  base::IdGenerator ids{7};
  catalog::PlaybookCache playbooks{connections};
  dispatch::LongPolls long_polls;
  dispatch::Dispatcher dispatcher;
  dispatch::PoolRules pool_rules{connections};
  counts::WorkCounts work_counts;
  dispatch::DueTimes due_times;
  dispatch::ServerContext context;
};

// A playbook of one step.
inline constexpr const char* single_step = R"(
apiVersion: noetl.io/v2
kind: Playbook
metadata: {name: single, path: tests/single}
workflow:
  - step: start
    tool: {kind: noop}
)";

wire::AttemptReport completed(const domain::ClaimedCommand& command, std::string result = "{\"status\":\"ok\"}");
wire::AttemptReport failed(const domain::ClaimedCommand& command, const std::string& kind);

}  // namespace noetl::support
