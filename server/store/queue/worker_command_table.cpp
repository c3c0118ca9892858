#include "server/store/queue/worker_command_table.hpp"

#include <algorithm>

#include "server/postgres/array_literal.hpp"
#include "server/postgres/queries.hpp"
#include "server/postgres/session.hpp"

namespace noetl::store {

bool WorkerCommandTable::place(const PlacedWorkerCommand& placed) {
  return !session_
              .run(queries::PlaceWorkerCommand{.command_id = placed.command.command_id.value,
                                               .worker_id = placed.worker_id,
                                               .name = placed.command.name,
                                               .body = placed.command.body,
                                               .patience_ms = static_cast<std::int64_t>(placed.patience.count()),
                                               .waiting_max = static_cast<std::int64_t>(wire::worker_commands_max)})
              .empty();
}

std::vector<wire::WorkerCommand> WorkerCommandTable::take(const std::string& worker_id) {
  session_.run(queries::ClearHasCommands{.worker_id = worker_id});
  std::vector<wire::WorkerCommand> taken;
  for (const auto& row : session_.run(queries::TakeWorkerCommands{.worker_id = worker_id}))
    taken.push_back({.command_id = {row["command_id"].as<std::int64_t>()},
                     .name = postgres::text_of(row["name"]),
                     .body = postgres::text_of(row["body"])});
  std::ranges::sort(taken, {}, &wire::WorkerCommand::command_id);
  return taken;
}

void WorkerCommandTable::answer(const std::string& worker_id, const std::vector<wire::WorkerCommandAnswer>& answers) {
  postgres::ArrayLiteral ids, statuses, texts;
  for (const auto& answer : answers) {
    ids.add(answer.command_id.value);
    statuses.add(answer.status);
    texts.add(answer.body);
  }
  session_.run(queries::AnswerWorkerCommands{
      .worker_id = worker_id, .ids = ids.text(), .statuses = statuses.text(), .answers = texts.text()});
}

std::optional<StoredWorkerCommand> WorkerCommandTable::find(const std::string& worker_id, base::WorkerCommandId id) {
  const auto rows = session_.run(queries::WorkerCommand{.worker_id = worker_id, .command_id = id.value});
  if (rows.empty()) return std::nullopt;
  const auto& row = rows[0];
  return StoredWorkerCommand{.name = postgres::text_of(row["name"]),
                             .state = postgres::text_of(row["state"]),
                             .status = row["status"].as<int>(),
                             .answer = postgres::text_of(row["answer"]),
                             .created_at = postgres::text_of(row["created_at"]),
                             .taken_at = postgres::text_of(row["taken_at"]),
                             .answered_at = postgres::text_of(row["answered_at"])};
}

CallingWorker WorkerCommandTable::calling(const Caller& worker, base::CommandId queue_id) {
  const auto rows = session_.run(
      queries::WorkerOfCommand{.worker_id = worker.worker_id, .instance = worker.instance, .queue_id = queue_id.value});
  if (rows.empty() || !rows[0]["is_worker"].as<bool>()) return {};
  return {.is_worker = true, .is_holder = rows[0]["is_holder"].as<bool>()};
}

}  // namespace noetl::store
