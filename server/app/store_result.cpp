#include "server/app/store_result.hpp"

#include "server/store/connection_pool.hpp"
#include "server/store/execution_table.hpp"
#include "server/store/queue_reads.hpp"

namespace noetl::app {

base::Result<wire::StoreResultAnswer> store_result(ServerContext& context, const wire::StoreResultRequest& request) {
  const base::ResultId id{context.ids.next()};
  bool is_kept = false;
  context.connections.run_one(
      [&](store::Session& session) { is_kept = store::ExecutionTable(session).store_result(id, request); });
  if (is_kept) return wire::StoreResultAnswer{.id = id};
  std::optional<wire::CommandRow> row;
  context.connections.run_one(
      [&](store::Session& session) { row = store::QueueReads(session).find(request.lease.queue_id); });
  const std::string command = "command " + request.lease.queue_id.str();
  if (!row) return base::failure(base::ErrorCode::not_found, "there is no " + command, "/queue_id");
  if (!row->execution_id.is_set()) {
    return base::failure(
        base::ErrorCode::conflict,
        command +
            " is a plain command: what is kept apart goes with an execution, and it has none. Run it "
            "as a step of a playbook");
  }
  return base::failure(base::ErrorCode::lease_lost,
                       "worker '" + request.worker_id + "' does not run " + command + " at epoch " +
                           std::to_string(request.lease.epoch) + ": it is " + row->status + " at epoch " +
                           std::to_string(row->epoch));
}

}  // namespace noetl::app
