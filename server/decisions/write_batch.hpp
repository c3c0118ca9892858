#pragma once
// WriteBatch: what the engine's decisions of one transaction come to in rows, collected so that each
// table is written once however many executions were decided about. One thread.
#include <string>
#include <string_view>
#include <vector>

#include "server/decisions/log_notes.hpp"
#include "server/dispatch/effects.hpp"
#include "server/dispatch/server_context.hpp"
#include "server/store/executions/event_table.hpp"
#include "server/store/executions/execution_table.hpp"
#include "server/store/queue/queue_table.hpp"
#include "shared/engine/engine.hpp"

namespace noetl::decisions {

struct WriteBatch {
  std::vector<store::NewExecutionCommand> commands;
  std::vector<store::NewEventRow> events;
  std::vector<store::StoredResult> results;
  std::vector<store::ExecutionUpdate> updates;
  std::vector<store::NewExecution> children;  // executions that callers of this transaction have begun
  std::vector<store::NewLoopItem> loop_items;
  std::vector<store::EndedLoopItem> ended_loop_items;
  dispatch::Effects effects;  // what the transaction gives when all is written
  std::string traceparent;
  store::ClaimFor worker;  // of the commands that are at a worker

  // The commands of a decision get ids. Gives the JSON list of them for the event that caused them.
  std::string add_commands(dispatch::ServerContext& context, base::ExecutionId execution_id,
                           std::vector<engine::NewCommand> commands);
  void add_events(dispatch::ServerContext& context, base::ExecutionId execution_id,
                  const std::vector<engine::NewEvent>& events, const std::string& meta_of_first = {});
  void add_loops(base::ExecutionId execution_id, const std::vector<engine::NewLoop>& loops,
                 const std::vector<engine::LoopOutcome>& outcomes);
  // Those that the engine has moved out of the state, then those that are still too large for it. Gives all of them.
  std::vector<log_notes::LeftResult> add_results(dispatch::ServerContext& context, const domain::Playbook& playbook,
                                                 base::ExecutionId execution_id, engine::Decision& decision);
  // A command that is about to be written; null: none of these.
  [[nodiscard]] store::NewExecutionCommand* find_command(base::CommandId id);
  // It is at its worker: nobody is told of it.
  void put_at_worker(store::NewExecutionCommand& command, store::AtWorker at_worker);
  // Of a result that is about to be written; empty for any other.
  [[nodiscard]] std::string_view result_text(base::ResultId id) const;
  // Loop rows at once, so that what follows in this transaction can read them.
  void write_loops(postgres::Session& session);
  // Inserts events, commands and results and updates executions; each only when there are any.
  void write(postgres::Session& session);
  // After write(): what is due at once is claimed for a worker that waits for as much; its notifications say so then.
  void dispatch(dispatch::ServerContext& context, postgres::Session& session);
  void append(WriteBatch more);
};

}  // namespace noetl::decisions
