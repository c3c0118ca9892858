#pragma once
// ServerContext: what every use case works with. Built once by run_server and passed by reference; its members
// may be used from any thread. A use case is one transaction: load, decide, write, commit,
// perform. World failures (Postgres away) leave as exceptions of the store and are caught by the API.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "shared/base/ids.hpp"

namespace noetl::counts {
class WorkCounts;
}
namespace noetl::postgres {
class ConnectionPool;
}
namespace noetl::notify {
class Notifier;
}

namespace noetl::catalog {
class PlaybookCache;
}

namespace noetl::dispatch {

class DueTimes;
class Dispatcher;
class PoolRules;
class LongPolls;

struct ContextSettings {
  std::chrono::milliseconds heartbeat_interval{1000};
  std::chrono::milliseconds lease{5000};
  std::chrono::milliseconds ack_wait{30'000};  // of the notifications' consumers
  std::int64_t pools_max = 64;  // that workers make by registering
  std::int64_t workers_max = 10'000;
  std::chrono::milliseconds pool_idle_time{600'000};  // without a worker and commands: then a pool's consumers go
  std::size_t result_inline_bytes_max = 4096;  // larger results leave the execution's state
  std::string nats_stream = "NOETL_COMMANDS";
  std::string nats_subject = "noetl.commands";  // of the default pool
  std::string nats_consumer = "noetl-worker-pool";  // of the default pool
};

struct ServerContext {
  postgres::ConnectionPool& connections;
  notify::Notifier& notifier;
  base::IdGenerator& ids;
  catalog::PlaybookCache& playbooks;
  LongPolls& long_polls;
  Dispatcher& dispatcher;
  PoolRules& pool_rules;
  counts::WorkCounts& work_counts;
  DueTimes& due_times;
  const ContextSettings settings;
};

}  // namespace noetl::dispatch
