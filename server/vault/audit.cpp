#include "server/vault/audit.hpp"

#include <exception>

#include "server/postgres/connection_pool.hpp"
#include "server/store/executions/event_table.hpp"
#include "server/store/queue/worker_table.hpp"
#include "shared/json/object_writer.hpp"
#include "shared/telemetry/log.hpp"

namespace noetl::vault {

namespace {
// Of no execution: its history tells what its steps did, and a worker reads a credential once for many of them.
store::NewEventRow row_of(dispatch::ServerContext& context, std::string event_type, std::string payload,
                          std::string worker_id, std::string status) {
  return {.event_id = {context.ids.next()},
          .execution_id = {},
          .queue_id = {},
          .event_type = std::move(event_type),
          .step = {},
          .node_id = {},
          .epoch = 0,
          .status = std::move(status),
          .payload = std::move(payload),
          .meta = {},
          .worker_id = std::move(worker_id),
          .claimed_at = {}};
}
}  // namespace

void audit_read(dispatch::ServerContext& context, std::string_view what, const std::string& name,
                const wire::SecretReader& reader) {
  store::CallingWorker known;
  if (!reader.worker_id.empty()) {
    context.connections.run_one([&](postgres::Session& session) {
      known = store::WorkerTable(session).calling({reader.worker_id, reader.instance}, reader.execution_id);
    });
  }
  const std::string worker_id = known.is_worker ? reader.worker_id : std::string{};
  const auto execution_id = known.is_holder ? reader.execution_id : base::ExecutionId{};
  telemetry::log_info("audit", what,
                      {{"name", name},
                       {"from", reader.from},
                       {"worker_id", worker_id},
                       {"execution_id", execution_id.is_set() ? execution_id.str() : std::string{}},
                       {"said_worker_id", reader.worker_id}});
  json::ObjectWriter said;
  said.text("worker_id", reader.worker_id).id("execution_id", reader.execution_id);
  json::ObjectWriter payload;
  payload.text("name", name).text("from", reader.from).id("execution_id", execution_id).raw("said", said.finish());
  const auto row = row_of(context, std::string(what), payload.finish(), worker_id, "success");
  context.connections.run_one([&](postgres::Session& session) { store::EventTable(session).insert({row}); });
}

void audit_change(std::string_view what, const std::string& name) {
  telemetry::log_info("audit", what, {{"name", name}});
}

void audit_call(dispatch::ServerContext& context, const AuditedCall& call) {
  telemetry::log_info("audit", call.operation,
                      {{"object", call.object}, {"outcome", std::string(call.outcome)}, {"from", call.from}});
  json::ObjectWriter payload;
  payload.text("object", call.object)
      .text("from", call.from)
      .text("token", call.shows_token ? "callers" : "none")
      .text("outcome", call.outcome);
  try {
    const auto row = row_of(context, "audit." + std::string(call.operation), payload.finish(), {},
                            call.outcome == "success" ? "success" : "refused");
    context.connections.run_one([&](postgres::Session& session) { store::EventTable(session).insert({row}); });
  } catch (const std::exception& error) {
    telemetry::log_warn("audit", "a row could not be written", {{"error", error.what()}});
  }
}

}  // namespace noetl::vault
