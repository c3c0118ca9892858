#pragma once
// FeedTable: what the publisher of events reads and keeps, through one session. One thread, as long as the session.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shared/wire/messages/execution.hpp"

namespace noetl::postgres {
class Session;
}

namespace noetl::store {

struct FeedSnapshot {
  std::string snapshot;  // pg_snapshot
  std::int64_t now_ms = 0;  // of Postgres' clock
};

// Events that became visible between two snapshots.
struct FeedRange {
  std::string before, upto;
  std::int64_t low = 0;  // ids from here on
  std::int64_t after = 0;  // beyond this one
  std::int64_t until = 0;  // and before this one
  int limit = 0;
};

struct FeedEvent {
  wire::EventRow row;
  std::string path;  // of the playbook; empty: it is not known any more
};

struct KeptPosition {
  std::string position;
  std::int64_t revision = 0;
};

class FeedTable {
 public:
  explicit FeedTable(postgres::Session& session) : session_(session) {}

  [[nodiscard]] FeedSnapshot snapshot();
  // In the order of ids.
  [[nodiscard]] std::vector<FeedEvent> events(const FeedRange& range);
  [[nodiscard]] std::optional<KeptPosition> load(const std::string& name);
  // The new revision; nothing: another has saved since.
  [[nodiscard]] std::optional<std::int64_t> save(const std::string& name, const KeptPosition& kept);

 private:
  postgres::Session& session_;
};

}  // namespace noetl::store
