#include "server/views/store_result.hpp"

#include "server/postgres/connection_pool.hpp"
#include "server/store/executions/execution_table.hpp"
#include "server/store/queue/queue_reads.hpp"

namespace noetl::views {

base::Result<wire::StoreResultAnswer> store_result(dispatch::ServerContext& context,
                                                   const wire::StoreResultRequest& request) {
  const base::ResultId id{context.ids.next()};
  bool is_kept = false;
  context.connections.run_one(
      [&](postgres::Session& session) { is_kept = store::ExecutionTable(session).store_result(id, request); });
  if (is_kept) return wire::StoreResultAnswer{.id = id};
  std::optional<wire::CommandRow> row;
  context.connections.run_one(
      [&](postgres::Session& session) { row = store::QueueReads(session).find(request.lease.queue_id); });
  const std::string command = "command " + request.lease.queue_id.str();
  if (!row) return base::failure(base::ErrorCode::not_found, "there is no " + command, "/queue_id");
  if (!row->execution_id.is_set()) {
    return base::failure(base::ErrorCode::conflict,
                         command +
                             " is a plain command: what is kept apart goes with an execution, and it has none. Run it "
                             "as a step of a playbook");
  }
  return base::failure(base::ErrorCode::lease_lost, "worker '" + request.worker_id + "' does not run " + command +
                                                        " at epoch " + std::to_string(request.lease.epoch) +
                                                        ": it is " + row->status + " at epoch " +
                                                        std::to_string(row->epoch));
}

}  // namespace noetl::views
