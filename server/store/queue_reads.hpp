#pragma once
// QueueReads: what people and dashboards see of noetl.queue; read-only. One thread, as long as the session.
#include <optional>
#include <string>
#include <vector>

#include "shared/wire/command.hpp"

namespace noetl::store {

class Session;

class QueueReads {
 public:
  explicit QueueReads(Session& session) : session_(session) {}

  [[nodiscard]] std::optional<wire::CommandRow> find(base::CommandId queue_id);
  [[nodiscard]] std::vector<wire::CommandRow> list(const std::string& status, const std::string& pool,
                                                   base::CommandId before,
                                                   int limit);  // without context, result
  // From counters. `from` bounds the search for the oldest waiting one (see candidates_in_pool).
  [[nodiscard]] std::vector<wire::QueueDepth> depth(base::CommandId from);

 private:
  Session& session_;
};

}  // namespace noetl::store
