// How commands enter noetl.queue, beside the function noetl.enqueue of SQL and a redrive.
#include <algorithm>

#include "server/postgres/array_literal.hpp"
#include "server/postgres/queries.hpp"
#include "server/postgres/session.hpp"
#include "server/store/queue/queue_table.hpp"

namespace noetl::store {

namespace {
std::int32_t max_attempts_of(const wire::NewCommand& command, const wire::Pool* rules) {
  return command.max_attempts.value_or(rules != nullptr && rules->max_attempts ? *rules->max_attempts
                                                                               : wire::attempts_max_default);
}

// What a worker gets, put together as text: both parts are JSON that the API has checked.
std::string context_of(const wire::NewCommand& command) {
  return "{\"tool\":" + command.tool + ",\"input\":" + command.input + "}";
}

// How many commands an insert adds to each pool.
class PoolCounts {
 public:
  void add(const std::string& pool) { ++counts_[pool]; }
  [[nodiscard]] std::pair<std::string, std::string> names_and_counts() const {
    postgres::ArrayLiteral names, counts;
    for (const auto& [pool, count] : counts_) {
      names.add(pool);
      counts.add(count);
    }
    return {names.text(), counts.text()};
  }

 private:
  std::map<std::string, std::int64_t> counts_;
};
}  // namespace

void QueueTable::insert(const std::vector<NewExecutionCommand>& commands, const std::string& traceparent) {
  postgres::ArrayLiteral ids, executions, nodes, steps, kinds, pools, priorities, attempts, timeouts, delays, contexts,
      traces, frames;
  PoolCounts gained;
  bool is_empty = true;
  for (const auto& c : commands) {
    if (c.at_worker) continue;
    is_empty = false;
    ids.add(c.queue_id.value);
    executions.add(c.execution_id.value);
    nodes.add(c.node_id);
    steps.add(c.step);
    kinds.add(c.tool_kind);
    pools.add(c.pool);
    priorities.add_or_null(c.priority);
    attempts.add(c.max_attempts);
    timeouts.add_or_null(c.timeout.count());
    delays.add_or_null(c.delay.count());
    contexts.add(c.context);
    traces.add_or_null(traceparent);
    frames.add_or_null(c.frame);
    gained.add(c.pool);
  }
  if (is_empty) return;
  const auto [pool_names, pool_counts] = gained.names_and_counts();
  session_.run(queries::InsertCommands{.ids = ids.text(),
                                       .executions = executions.text(),
                                       .nodes = nodes.text(),
                                       .steps = steps.text(),
                                       .kinds = kinds.text(),
                                       .pools = pools.text(),
                                       .priorities = priorities.text_or_null(),
                                       .max_attempts = attempts.text(),
                                       .timeouts_ms = timeouts.text_or_null(),
                                       .delays_ms = delays.text_or_null(),
                                       .contexts = contexts.text(),
                                       .gained_pools = pool_names,
                                       .gained_counts = pool_counts,
                                       .traceparents = traces.text_or_null(),
                                       .frames = frames.text_or_null(),
                                       .times = std::nullopt,
                                       .retries = std::nullopt});
}

InsertedPlain QueueTable::insert_plain(const std::vector<wire::NewCommand>& commands,
                                       const std::vector<base::CommandId>& ids, const wire::PoolsByName& pools_by_name,
                                       const ClaimFor& claim_for) {
  postgres::ArrayLiteral id_list, kinds, pools, priorities, attempts, timeouts, times, delays, contexts, keys, traces,
      retries;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    const auto& c = commands[i];
    const auto known = pools_by_name.find(c.pool);
    const wire::Pool* rules = known == pools_by_name.end() ? nullptr : &known->second;
    id_list.add(ids[i].value);
    kinds.add(c.tool_kind);
    pools.add(c.pool);
    priorities.add_or_null(c.priority);
    attempts.add(max_attempts_of(c, rules));
    retries.add_or_null(c.retry.empty() && rules != nullptr ? rules->retry : c.retry);
    timeouts.add_or_null(c.timeout.count());
    times.add_or_null(c.available_at.value_or(std::string{}));
    delays.add_or_null(c.delay.value_or(std::chrono::milliseconds{0}).count());
    contexts.add(context_of(c));
    keys.add_or_null(c.idempotency_key);
    traces.add_or_null(c.traceparent);
  }
  if (keys.is_all_null() && claim_for.worker_id.empty()) {
    PoolCounts gained;
    for (const auto& c : commands) gained.add(c.pool);
    const auto [pool_names, pool_counts] = gained.names_and_counts();
    session_.run(queries::InsertCommands{.ids = id_list.text(),
                                         .executions = std::nullopt,
                                         .nodes = std::nullopt,
                                         .steps = std::nullopt,
                                         .kinds = kinds.text(),
                                         .pools = pools.text(),
                                         .priorities = priorities.text_or_null(),
                                         .max_attempts = attempts.text(),
                                         .timeouts_ms = timeouts.text_or_null(),
                                         .delays_ms = delays.text_or_null(),
                                         .contexts = contexts.text(),
                                         .gained_pools = pool_names,
                                         .gained_counts = pool_counts,
                                         .traceparents = traces.text_or_null(),
                                         .frames = std::nullopt,
                                         .times = times.text_or_null(),
                                         .retries = retries.text_or_null()});
    return {.inserted = ids, .claimed = {}};
  }
  const auto worker_id = claim_for.worker_id.empty() ? std::nullopt : std::optional(claim_for.worker_id);
  const auto rows = session_.run(queries::InsertPlainCommands{.ids = id_list.text(),
                                                              .kinds = kinds.text(),
                                                              .pools = pools.text(),
                                                              .priorities = priorities.text_or_null(),
                                                              .max_attempts = attempts.text(),
                                                              .timeouts_ms = timeouts.text_or_null(),
                                                              .times = times.text_or_null(),
                                                              .delays_ms = delays.text_or_null(),
                                                              .contexts = contexts.text(),
                                                              .keys = keys.text_or_null(),
                                                              .traceparents = traces.text_or_null(),
                                                              .retries = retries.text_or_null(),
                                                              .worker_id = worker_id,
                                                              .claim_id = claim_for.claim_id.value,
                                                              .instance = claim_for.instance});
  InsertedPlain made;
  made.inserted.reserve(rows.size());
  for (const auto& row : rows) {
    const base::CommandId id{row[0].as<std::int64_t>()};
    made.inserted.push_back(id);
    if (!worker_id || !row[1].as<bool>()) continue;
    const auto& c = commands[static_cast<std::size_t>(std::ranges::find(ids, id) - ids.begin())];
    const auto known = pools_by_name.find(c.pool);
    made.claimed.push_back({.lease = {id, 1},
                            .execution_id = {},
                            .step = c.tool_kind,
                            .node_id = {},
                            .tool_kind = c.tool_kind,
                            .attempt = 1,
                            .max_attempts = max_attempts_of(c, known == pools_by_name.end() ? nullptr : &known->second),
                            .timeout = c.timeout,
                            .context = context_of(c),
                            .traceparent = c.traceparent,
                            .priority = c.priority});
  }
  return made;
}

std::vector<std::optional<KeyedCommand>> QueueTable::of_keys(const std::vector<const wire::NewCommand*>& commands) {
  postgres::ArrayLiteral keys, pools, contexts;
  for (const auto* command : commands) {
    keys.add(command->idempotency_key);
    pools.add(command->pool);
    contexts.add(context_of(*command));
  }
  std::vector<std::optional<KeyedCommand>> found(commands.size());
  for (const auto& row :
       session_.run(queries::CommandsOfKeys{.keys = keys.text(), .pools = pools.text(), .contexts = contexts.text()})) {
    found[row["nth"].as<std::size_t>() - 1] = KeyedCommand{.queue_id = {row["queue_id"].as<std::int64_t>()},
                                                           .is_same = row["is_same"].as<bool>(),
                                                           .fingerprint = row["fingerprint"].c_str(),
                                                           .asked_fingerprint = row["asked_fingerprint"].c_str()};
  }
  return found;
}

}  // namespace noetl::store
