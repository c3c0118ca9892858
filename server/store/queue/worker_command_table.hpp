#pragma once
// WorkerCommandTable: noetl.worker_command through one session. One thread, as long as the session.
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "server/store/queue/worker_table.hpp"
#include "shared/wire/messages/worker.hpp"

namespace noetl::store {

struct PlacedWorkerCommand {
  wire::WorkerCommand command;
  std::string worker_id;
  std::chrono::milliseconds patience{0};  // after which no heartbeat takes it any more
};

struct StoredWorkerCommand {
  std::string name;
  std::string state;  // waiting, taken, answered, expired
  int status = 0;  // 0: it is not answered
  std::string answer;  // JSON text, or empty
  std::string created_at, taken_at, answered_at;  // RFC 3339, or empty
};

class WorkerCommandTable {
 public:
  explicit WorkerCommandTable(postgres::Session& session) : session_(session) {}

  // False: no such worker is alive, or wire::worker_commands_max of its commands wait.
  [[nodiscard]] bool place(const PlacedWorkerCommand& placed);
  // Oldest first. In a transaction.
  [[nodiscard]] std::vector<wire::WorkerCommand> take(const std::string& worker_id);
  void answer(const std::string& worker_id, const std::vector<wire::WorkerCommandAnswer>& answers);
  [[nodiscard]] std::optional<StoredWorkerCommand> find(const std::string& worker_id, base::WorkerCommandId id);
  // As WorkerTable::calling, for one command.
  [[nodiscard]] CallingWorker calling(const Caller& worker, base::CommandId queue_id);

 private:
  postgres::Session& session_;
};

}  // namespace noetl::store
