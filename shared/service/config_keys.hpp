#pragma once
// The keys that a configuration bucket may have (docs/operations/monitor.md#settings-at-run-time): log levels of programs, pauses of pools.
// Values; any thread. FaultLog: one thread.
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/telemetry/log.hpp"

namespace noetl::service {

using ConfigKeys = std::map<std::string, std::string>;  // key → value

// A key that nobody reads, or whose value it may not have.
struct ConfigFault {
  std::string key, value;
  std::string allowed;  // "trace, debug, …"; of an unknown key: the keys that there are
};

struct LogLevelRead {
  std::optional<telemetry::LogLevel> level;  // nothing: no key sets it
  std::string key;  // the one that sets it
  std::vector<ConfigFault> faults;  // then the level stays as it is
};

// "worker.log_level", "worker.<id>.log_level": that of one program counts before that of all.
[[nodiscard]] std::vector<std::string> log_level_keys(std::string_view program, std::string_view id);
[[nodiscard]] LogLevelRead log_level_of(const ConfigKeys& keys, std::string_view program, std::string_view id);

struct PoolPausesRead {
  std::set<std::string> paused;
  std::set<std::string> unclear;  // with a value that is none: they stay as they are
  std::vector<ConfigFault> faults;  // of pools, and keys that nobody reads
};

// "pool.<name>.paused": true or false.
[[nodiscard]] PoolPausesRead pool_pauses_of(const ConfigKeys& keys);

// Tells each fault once, and again when it had gone meanwhile.
class FaultLog {
 public:
  void tell(const std::vector<ConfigFault>& faults);

 private:
  std::set<std::pair<std::string, std::string>> told_;
};

}  // namespace noetl::service
