#pragma once
// What both families of worker routes (ours and NoETL's worker/pool) show of a worker. Any thread.
#include <string>
#include <vector>

#include "server/api/calls/call.hpp"
#include "shared/wire/messages/worker.hpp"

namespace noetl::api {

// Query fields: pool, status.
[[nodiscard]] base::Result<std::vector<wire::WorkerRow>> read_workers(HandlerContext& context, const Call& call);
[[nodiscard]] std::string encode_row(const wire::WorkerRow& row);

}  // namespace noetl::api
