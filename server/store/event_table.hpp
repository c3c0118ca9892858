#pragma once
// EventTable: noetl.event through one session; append-only. One thread, as long as the session.
#include <string>
#include <vector>

#include "shared/wire/execution.hpp"

namespace noetl::store {

class Session;

struct NewEventRow {
  base::EventId event_id;
  base::ExecutionId execution_id;
  base::CommandId queue_id;
  std::string event_type, step, node_id;
  int epoch = 0;
  std::string status;
  std::string payload, meta;  // JSON text or empty
  std::string worker_id;
  std::string claimed_at;  // as Postgres printed it, or empty
};

// Of a sender that may send it again: it names the id.
struct SentEvent {
  base::EventId event_id;
  base::ExecutionId execution_id;
  std::string event_type, step;
  std::string payload, meta;  // JSON text or empty
  std::string worker_id;
};

// As stored: one row per attempt, not yet shown as NoETL's several events.
struct StoredEvent {
  wire::EventRow row;
  std::string node_id;
  int epoch = 0;
  std::string claimed_at;
};

class EventTable {
 public:
  explicit EventTable(Session& session) : session_(session) {}

  // Under ids that were made for them.
  void insert(const std::vector<NewEventRow>& events);
  // False when there is one of that id already.
  [[nodiscard]] bool insert_once(const SentEvent& event);
  // From that id on, in order.
  [[nodiscard]] std::vector<StoredEvent> list(base::ExecutionId execution_id, base::EventId from, int limit);

 private:
  Session& session_;
};

}  // namespace noetl::store
