#include "server/store/executions/event_table.hpp"

#include "server/postgres/array_literal.hpp"
#include "server/postgres/queries.hpp"
#include "server/postgres/session.hpp"
#include "server/store/executions/event_row.hpp"

namespace noetl::store {

void EventTable::insert(const std::vector<NewEventRow>& events) {
  postgres::ArrayLiteral ids, executions, commands, types, steps, nodes, epochs, statuses, payloads, metas, workers,
      claims;
  for (const auto& e : events) {
    ids.add(e.event_id.value);
    executions.add_or_null(e.execution_id.value);
    commands.add_or_null(e.queue_id.value);
    types.add(e.event_type);
    steps.add_or_null(e.step);
    nodes.add_or_null(e.node_id);
    epochs.add_or_null(e.epoch);
    statuses.add_or_null(e.status);
    payloads.add_or_null(e.payload);
    metas.add_or_null(e.meta);
    workers.add_or_null(e.worker_id);
    claims.add_or_null(e.claimed_at);
  }
  session_.run(queries::InsertEvents{.ids = ids.text(),
                                     .executions = executions.text_or_null(),
                                     .commands = commands.text_or_null(),
                                     .types = types.text(),
                                     .steps = steps.text_or_null(),
                                     .nodes = nodes.text_or_null(),
                                     .epochs = epochs.text_or_null(),
                                     .statuses = statuses.text_or_null(),
                                     .payloads = payloads.text_or_null(),
                                     .metas = metas.text_or_null(),
                                     .workers = workers.text_or_null(),
                                     .claimed_at = claims.text_or_null()});
}

std::vector<SentOutcome> EventTable::insert_once(const std::vector<SentEvent>& events) {
  postgres::ArrayLiteral ids, executions, types, steps, payloads, metas, workers;
  for (const auto& e : events) {
    ids.add(e.event_id.value);
    executions.add(e.execution_id.value);
    types.add(e.event_type);
    steps.add_or_null(e.step);
    payloads.add_or_null(e.payload);
    metas.add_or_null(e.meta);
    workers.add_or_null(e.worker_id);
  }
  std::vector<SentOutcome> outcomes;
  outcomes.reserve(events.size());
  for (const auto& row : session_.run(queries::InsertEventsOnce{.ids = ids.text(),
                         .executions = executions.text(),
                         .types = types.text(),
                         .steps = steps.text_or_null(),
                         .payloads = payloads.text_or_null(),
                         .metas = metas.text_or_null(),
                         .workers = workers.text_or_null()})) {
    const bool is_known_execution = row[0].as<bool>();
    outcomes.push_back(!is_known_execution ? SentOutcome::no_execution
                       : row[1].as<bool>() ? SentOutcome::added
                                           : SentOutcome::known);
  }
  return outcomes;
}

namespace {

std::vector<StoredEvent> events_of(const pqxx::result& rows) {
  std::vector<StoredEvent> found;
  for (const auto& row : rows) {
    StoredEvent event;
    event.row = event_row_of(row);
    event.node_id = row["node_id"].c_str();
    event.epoch = row["epoch"].as<int>();
    event.claimed_at = row["claimed_at"].c_str();
    event.claimed_ms = row["claimed_ms"].as<std::int64_t>();
    found.push_back(std::move(event));
  }
  return found;
}

}  // namespace

std::vector<StoredEvent> EventTable::list(base::ExecutionId execution_id, base::EventId from, int limit) {
  return events_of(
      session_.run(queries::ListEvents{.execution_id = execution_id.value, .first = from.value, .limit = limit}));
}

std::vector<StoredEvent> EventTable::begun_before(base::ExecutionId execution_id, base::EventId after,
                                                  std::int64_t unix_ms) {
  return events_of(session_.run(
      queries::AttemptsBegunBefore{.execution_id = execution_id.value, .after = after.value, .unix_ms = unix_ms}));
}

std::vector<StoredEvent> EventTable::running(base::ExecutionId execution_id) {
  return events_of(session_.run(queries::RunningAttempts{.execution_id = execution_id.value}));
}

}  // namespace noetl::store
