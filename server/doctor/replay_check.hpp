#pragma once
// Replay check: R5, and R7 item by item. Every execution is decided about anew from its log and compared with what is
// stored of it: state, status, end, commands, loop items and large results. One thread.
//
// What it cannot see: executions whose log begins before rows were numbered, that repeat an execution which is gone, or
// whose log is longer than `events_max`. They are counted. Decisions are those of this program: an execution that an
// older one has decided about differently is reported as different.
#include <cstdint>

#include "server/doctor/check.hpp"
#include "shared/base/ids.hpp"

namespace noetl::postgres {
class ConnectionPool;
}

namespace noetl::doctor {

struct ReplaySettings {
  std::int64_t executions_max = 0;  // the newest; 0: all
  std::int64_t events_max = 200'000;  // of one execution
};

[[nodiscard]] Check check_replays(postgres::ConnectionPool& connections, const ReplaySettings& settings);

}  // namespace noetl::doctor
