#include "server/views/read_queue.hpp"

#include "server/dispatch/long_polls.hpp"
#include "server/migrations/migrations.hpp"
#include "server/notify/notifier.hpp"
#include "server/postgres/connection_pool.hpp"
#include "server/postgres/errors.hpp"
#include "server/store/queue/queue_reads.hpp"
#include "server/store/queue/wait_statements.hpp"
#include "server/store/upkeep/upkeep_statements.hpp"
#include "server/waiting/wait_reason.hpp"

namespace noetl::views {

namespace {
template <class Row>
void explain(const waiting::Reason& reason, Row& row) {
  row.wait_reason = reason.code;
  row.wait_message = reason.message;
}
}  // namespace

std::vector<wire::QueueDepth> read_queue_depth(dispatch::ServerContext& context) {
  std::vector<wire::QueueDepth> rows;
  context.connections.run_one([&](postgres::Session& session) {
    store::QueueReads reads(session);
    rows = reads.depth();
    std::map<std::string, waiting::CommandFacts> next;  // by pool: what would be claimed next, or is due first
    std::map<std::string, std::string> tools;
    for (auto& row : rows) {
      if (row.status != "queued" || row.count <= 0) continue;
      const auto watermark = dispatch::LongPolls::watermark_now();
      const auto oldest = reads.oldest_waiting(row.pool, context.long_polls.lower_bound(row.pool));
      context.long_polls.raise_lower_bound(row.pool, oldest.first_fresh, watermark);
      row.oldest_age_seconds = oldest.age_seconds;
      // Nothing of all that: what the counters still have was just claimed.
      if (oldest.tool_kind.empty() && oldest.due_at.empty() && !oldest.is_postponed) continue;
      next[row.pool] = {.pool = {},
                        .tool_kind = oldest.tool_kind,
                        .due_at = oldest.due_at,
                        .is_execution_paused = oldest.due_at.empty() && oldest.is_postponed};
      tools[row.pool] = oldest.tool_kind;
    }
    if (next.empty()) return;
    for (auto& [pool, facts] : store::WaitStatements(session).of_pools(tools)) next[pool].pool = std::move(facts);
    for (auto& row : rows) {
      const auto found = row.status == "queued" ? next.find(row.pool) : next.end();
      if (found != next.end()) explain(waiting::reason_of(found->second), row);
    }
  });
  return rows;
}

base::Result<wire::CommandRow> get_command(dispatch::ServerContext& context, base::CommandId queue_id) {
  std::optional<wire::CommandRow> row;
  context.connections.run_one([&](postgres::Session& session) {
    row = store::QueueReads(session).find(queue_id);
    if (!row || row->status != "queued") return;
    if (const auto facts = store::WaitStatements(session).of_command(queue_id))
      explain(waiting::reason_of(*facts), *row);
  });
  if (row) return std::move(*row);
  return base::failure(base::ErrorCode::not_found, "no command has queue_id " + queue_id.str(), "/queue_id");
}

std::vector<wire::CommandRow> list_commands(dispatch::ServerContext& context, const wire::CommandFilter& filter,
                                            int limit) {
  std::vector<wire::CommandRow> rows;
  context.connections.run_one(
      [&](postgres::Session& session) { rows = store::QueueReads(session).list(filter, limit); });
  return rows;
}

Readiness check_readiness(dispatch::ServerContext& context) {
  Readiness readiness;
  readiness.has_nats = context.notifier.is_connected();
  readiness.wants_nats = context.notifier.is_wanted();
  try {
    context.connections.run_one([&](postgres::Session& session) {
      readiness.schema_version = store::UpkeepStatements(session).schema_version();
    });
    readiness.has_postgres = true;
    // A newer program migrates while this one still serves: migrations stay compatible with the version before, and a
    // server that called itself unready would be taken out of the balancer in the middle of an update.
    readiness.is_schema_current = readiness.schema_version >= static_cast<int>(migrations::known_migrations().size());
    if (!readiness.is_schema_current) {
      readiness.message = "the database is at migration " + std::to_string(readiness.schema_version) +
                          ", this program knows " + std::to_string(migrations::known_migrations().size());
    } else if (readiness.wants_nats && !readiness.has_nats) {
      readiness.message = "NATS is away: workers poll, notifications wait";
    }
  } catch (const std::exception& error) {
    readiness.message = postgres::told_by(error);
  }
  return readiness;
}

}  // namespace noetl::views
