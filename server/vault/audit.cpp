#include "server/vault/audit.hpp"

#include "server/store/connection_pool.hpp"
#include "server/store/event_table.hpp"
#include "shared/telemetry/log.hpp"
#include "shared/wire/object_writer.hpp"

namespace noetl::vault {

void audit_read(app::Parts& parts, std::string_view what, const std::string& name,
                const wire::SecretReader& reader) {
  telemetry::log_info(
      "audit", what,
      {{"name", name},
       {"worker_id", reader.worker_id},
       {"execution_id", reader.execution_id.is_set() ? reader.execution_id.str() : std::string{}},
       {"from", reader.from}});
  wire::ObjectWriter payload;
  payload.text("name", name).text("from", reader.from).id("execution_id", reader.execution_id);
  // Of no execution: its history tells what its steps did, and a worker reads a credential once for many of them.
  store::NewEventRow event{.event_id = {parts.ids.next()},
                           .execution_id = {},
                           .queue_id = {},
                           .event_type = std::string(what),
                           .step = {},
                           .node_id = {},
                           .epoch = 0,
                           .status = "success",
                           .payload = payload.finish(),
                           .meta = {},
                           .worker_id = reader.worker_id,
                           .claimed_at = {}};
  parts.connections.run_one([&](store::Session& session) { store::EventTable(session).insert({event}); });
}

void audit_change(std::string_view what, const std::string& name) {
  telemetry::log_info("audit", what, {{"name", name}});
}

}  // namespace noetl::vault
