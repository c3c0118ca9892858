#include "server/decisions/write_batch.hpp"

#include <algorithm>

#include "server/decisions/event_view.hpp"
#include "server/store/queue/at_worker_statements.hpp"
#include "shared/domain/json_text.hpp"
#include "shared/engine/command_context.hpp"
#include "shared/json/object_writer.hpp"

namespace noetl::decisions {

namespace {
template <class T>
void move_to_end(std::vector<T>& into, std::vector<T>& from) {
  into.insert(into.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

}  // namespace

std::string WriteBatch::add_commands(dispatch::ServerContext& context, base::ExecutionId execution_id,
                                     std::vector<engine::NewCommand> new_commands) {
  std::string issued;
  std::size_t shown = 0;
  for (auto& command : new_commands) {
    const base::CommandId queue_id{context.ids.next()};
    if (shown++ < base::IdGenerator::block_max) {  // no more of them can be shown
      issued += issued.empty() ? '[' : ',';
      json::ObjectWriter one;
      one.text("node_id", command.node_id)
          .id("queue_id", queue_id)
          .text("step", command.step)
          .text("tool_kind", command.tool_kind);
      issued += one.finish();
    }
    effects.notifications.push_back({.queue_id = queue_id,
                                     .execution_id = execution_id,
                                     .step = command.step,
                                     .pool = command.pool,
                                     .priority = command.priority,
                                     .epoch = 0,
                                     .redelivery = 0,
                                     .delay = command.delay});
    auto context_text = engine::command_context(command);
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
                        .context = std::move(context_text),
                        .frame = std::move(command.frame)});
  }
  return issued.empty() ? issued : issued + ']';
}

void WriteBatch::add_events(dispatch::ServerContext& context, base::ExecutionId execution_id,
                            const std::vector<engine::NewEvent>& new_events, const std::string& meta_of_first) {
  bool is_first = true;
  for (const auto& event : new_events) {
    const int shown = is_first && !meta_of_first.empty() ? events_shown_of(commands.size()) : 1;
    events.push_back({.event_id = {context.ids.next_block(shown)},
                      .execution_id = execution_id,
                      .queue_id = {},
                      .event_type = event.event_type,
                      .step = event.step,
                      .node_id = {},
                      .epoch = 0,
                      .status = event.status,
                      .payload = event.payload.is_null() ? std::string{} : event.payload.text(),
                      .meta = is_first ? meta_of_first : std::string{},
                      .worker_id = {},
                      .claimed_at = {}});
    is_first = false;
  }
}

std::vector<log_notes::LeftResult> WriteBatch::add_results(dispatch::ServerContext& context,
                                                           const domain::Playbook& playbook,
                                                           base::ExecutionId execution_id, engine::Decision& decision) {
  auto still_large = engine::move_out_large(playbook, decision.state, context.settings.result_inline_bytes_max,
                                            [&] { return base::ResultId{context.ids.next()}; });
  std::vector<log_notes::LeftResult> left;
  for (auto* list : {&decision.large_results, &still_large}) {
    for (auto& large : *list) {
      left.push_back({large.step, large.result_id});
      results.push_back({large.result_id, execution_id, std::move(large.step), std::move(large.json)});
    }
  }
  return left;
}

std::string_view WriteBatch::result_text(base::ResultId id) const {
  const auto found =
      std::find_if(results.rbegin(), results.rend(), [&](const auto& one) { return one.result_id == id; });
  return found == results.rend() ? std::string_view() : std::string_view(found->value);
}

store::NewExecutionCommand* WriteBatch::find_command(base::CommandId id) {
  const auto found = std::ranges::find(commands, id, &store::NewExecutionCommand::queue_id);
  return found == commands.end() ? nullptr : &*found;
}

void WriteBatch::put_at_worker(store::NewExecutionCommand& command, store::AtWorker at_worker) {
  std::erase_if(effects.notifications,
                [&](const notify::Notification& notification) { return notification.queue_id == command.queue_id; });
  command.at_worker = std::move(at_worker);
}

void WriteBatch::add_loops(base::ExecutionId execution_id, const std::vector<engine::NewLoop>& loops,
                           const std::vector<engine::LoopOutcome>& outcomes) {
  for (const auto& loop : loops) {
    int index = loop.first;
    for (const auto& item : loop.items)
      loop_items.push_back({execution_id, loop.loop, index++, domain::json_text(item)});
  }
  for (const auto& outcome : outcomes) {
    ended_loop_items.push_back(
        {execution_id, outcome.loop, outcome.index, outcome.is_completed, outcome.result.text()});
  }
}

void WriteBatch::write_loops(postgres::Session& session) {
  if (!loop_items.empty()) store::ExecutionTable(session).insert_loop_items(loop_items);
  if (!ended_loop_items.empty()) store::ExecutionTable(session).end_loop_items(ended_loop_items);
  loop_items.clear();
  ended_loop_items.clear();
}

void WriteBatch::write(postgres::Session& session) {
  write_loops(session);
  if (!children.empty()) (void)store::ExecutionTable(session).insert(children);
  if (!results.empty()) store::ExecutionTable(session).insert_results(results);
  // Before the update: the last of them may have ended the execution.
  if (!worker.worker_id.empty()) store::AtWorkerStatements(session).insert(commands, traceparent, worker);
  if (!updates.empty()) store::ExecutionTable(session).update(updates);
  if (!commands.empty()) store::QueueTable(session).insert(commands, traceparent);
  if (!events.empty()) store::EventTable(session).insert(events);
}

void WriteBatch::dispatch(dispatch::ServerContext& context, postgres::Session& session) {
  const std::string* pool = nullptr;
  std::vector<base::CommandId> ids;
  for (const auto& notification : effects.notifications) {
    if (notification.delay.count() > 0) continue;
    if (notification.priority < 0 || (pool != nullptr && *pool != notification.pool)) return;
    pool = &notification.pool;
    ids.push_back(notification.queue_id);
  }
  if (ids.empty()) return;
  auto reservation = context.dispatcher.reserve_unasked(*pool, ids.size());
  if (!reservation) return;
  const base::ClaimId claim_id{context.ids.next()};
  // With slots: when something of a higher priority waits in the pool, the worker is given that.
  auto claimed = store::QueueTable(session).claim({reservation->worker_id(), reservation->instance()}, ids, claim_id,
                                                  static_cast<int>(ids.size()));
  for (auto& notification : effects.notifications) {
    notification.is_dispatched =
        std::ranges::any_of(claimed, [&](const auto& one) { return one.lease.queue_id == notification.queue_id; });
  }
  effects.direct_dispatch.emplace(std::move(*reservation), std::move(claimed), claim_id);
}

void WriteBatch::append(WriteBatch more) {
  move_to_end(commands, more.commands);
  move_to_end(events, more.events);
  move_to_end(results, more.results);
  move_to_end(updates, more.updates);
  move_to_end(children, more.children);
  move_to_end(loop_items, more.loop_items);
  move_to_end(ended_loop_items, more.ended_loop_items);
  move_to_end(effects.ended_children, more.effects.ended_children);
  move_to_end(effects.notifications, more.effects.notifications);
  effects.work.append(std::move(more.effects.work));
}

}  // namespace noetl::decisions
