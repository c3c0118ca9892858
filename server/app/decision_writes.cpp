#include "server/app/decision_writes.hpp"

#include <set>

#include "server/app/event_view.hpp"
#include "server/app/waiting_claims.hpp"

namespace noetl::app {

std::string DecisionWrites::add_commands(Parts& parts, base::ExecutionId execution_id,
                                         std::vector<engine::NewCommand> new_commands) {
  auto issued = domain::Json::array();
  for (auto& command : new_commands) {
    const base::CommandId queue_id{parts.ids.next()};
    issued.push_back({{"queue_id", queue_id.str()}, {"step", command.step}, {"node_id", command.node_id},
                      {"tool_kind", command.tool_kind}});
    if (command.delay.count() == 0) {
      rings.push_back({.queue_id = queue_id, .execution_id = execution_id, .step = command.step, .pool = command.pool,
                       .priority = command.priority, .epoch = 0, .round = 0});
    }
    const domain::Json context{{"tool", std::move(command.tool)}, {"input", std::move(command.input)}};
    commands.push_back({.queue_id = queue_id,
                        .execution_id = execution_id,
                        .node_id = std::move(command.node_id),
                        .step = std::move(command.step),
                        .tool_kind = std::move(command.tool_kind),
                        .pool = std::move(command.pool),
                        .priority = command.priority,
                        .max_attempts = command.max_attempts,
                        .timeout = command.timeout,
                        .delay = command.delay,
                        .context = context.dump(-1, ' ', false, domain::Json::error_handler_t::replace)});
  }
  return issued.empty() ? std::string{} : issued.dump();
}

void DecisionWrites::add_events(Parts& parts, base::ExecutionId execution_id,
                                const std::vector<engine::NewEvent>& new_events, const std::string& meta_of_first) {
  bool is_first = true;
  for (const auto& event : new_events) {
    const int shown = is_first && !meta_of_first.empty() ? events_shown_of(commands.size()) : 1;
    events.push_back({.event_id = {parts.ids.next_block(shown)},
                      .execution_id = execution_id,
                      .queue_id = {},
                      .event_type = event.event_type,
                      .step = event.step,
                      .node_id = {},
                      .epoch = 0,
                      .status = event.status,
                      .payload = event.payload.is_null()
                                     ? std::string{}
                                     : event.payload.dump(-1, ' ', false, domain::Json::error_handler_t::replace),
                      .meta = is_first ? meta_of_first : std::string{},
                      .worker_id = {},
                      .claimed_at = {}});
    is_first = false;
  }
}

std::map<std::string, base::ResultId> DecisionWrites::add_results(Parts& parts, base::ExecutionId execution_id,
                                                                  engine::State& state) {
  std::map<std::string, base::ResultId> references;
  for (auto& large : engine::move_out_large(state, parts.rules.result_inline_bytes_max,
                                            [&] { return base::ResultId{parts.ids.next()}; })) {
    references[large.step] = large.result_id;
    results.push_back({large.result_id, execution_id, std::move(large.step), std::move(large.json)});
  }
  return references;
}

void DecisionWrites::write(store::Session& session) const {
  if (!results.empty()) store::ExecutionTable(session).insert_results(results);
  if (!updates.empty()) store::ExecutionTable(session).update(updates);
  if (!commands.empty()) store::QueueTable(session).insert(commands, traceparent);
  if (!events.empty()) store::EventTable(session).insert(events);
}

void ring(Parts& parts, const std::vector<notify::Ring>& rings) {
  if (rings.empty()) return;
  parts.notifier.ring(rings);
  std::set<std::string> pools;
  for (const auto& one : rings) pools.insert(one.pool);
  parts.waiting_claims.wake(pools);
}

}  // namespace noetl::app
