#pragma once
// EventTable: noetl.event through one session; append-only. One thread, as long as the session.
#include <cstdint>
#include <string>
#include <vector>

#include "shared/wire/messages/execution.hpp"

namespace noetl::postgres {
class Session;
}

namespace noetl::store {

struct NewEventRow {
  base::EventId event_id;
  base::ExecutionId execution_id;
  base::CommandId queue_id;
  std::string event_type, step, node_id;
  int epoch = 0;
  std::string status;
  std::string payload, meta;  // JSON text or empty
  std::string worker_id;
  std::string claimed_at;  // as Postgres printed it, "-123 microseconds" before now, or empty
};

// Of a sender that may send it again: it names the id.
struct SentEvent {
  base::EventId event_id;
  base::ExecutionId execution_id;
  std::string event_type, step;
  std::string payload, meta;  // JSON text or empty
  std::string worker_id;
};

enum class SentOutcome : std::uint8_t { added, known, no_execution };

// As stored: one row per attempt, not yet shown as NoETL's several events.
struct StoredEvent {
  wire::EventRow row;
  std::string node_id;
  int epoch = 0;
  std::string claimed_at;
  std::int64_t claimed_ms = 0;  // the same since 1970; 0: it was not claimed
};

class EventTable {
 public:
  explicit EventTable(postgres::Session& session) : session_(session) {}

  // Under ids that were made for them.
  void insert(const std::vector<NewEventRow>& events);
  // Of different ids; in their order. known: there is one of that id already.
  [[nodiscard]] std::vector<SentOutcome> insert_once(const std::vector<SentEvent>& events);
  // From that id on, in order.
  [[nodiscard]] std::vector<StoredEvent> list(base::ExecutionId execution_id, base::EventId from, int limit);
  // Attempts whose rows come after `after`, and which had begun by then; without payload and meta, in no order.
  [[nodiscard]] std::vector<StoredEvent> begun_before(base::ExecutionId execution_id, base::EventId after,
                                                      std::int64_t unix_ms);
  // Attempts that run now, which have no row yet.
  [[nodiscard]] std::vector<StoredEvent> running(base::ExecutionId execution_id);

 private:
  postgres::Session& session_;
};

}  // namespace noetl::store
