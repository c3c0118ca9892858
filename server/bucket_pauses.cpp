#include "server/bucket_pauses.hpp"

#include <utility>

#include "server/queue/pause.hpp"
#include "shared/telemetry/log.hpp"

namespace noetl::server {

// With every look, not with every change: the lead may have been another's, and a resume by the API ends with the next look.
void BucketPauses::apply(const service::ConfigKeys& keys) {
  if (!is_leading_()) return;
  auto read = service::pool_pauses_of(keys);
  faults_.tell(read.faults);
  const auto changed = queue::pause_pools_by(
      context_, {.by = by_, .paused = std::move(read.paused), .unclear = std::move(read.unclear)});
  for (const auto& [pool, is_paused] : changed)
    telemetry::log_info("queue", is_paused ? "pool paused" : "pool resumed", {{"pool", pool}, {"by", by_}});
}

}  // namespace noetl::server
