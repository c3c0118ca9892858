#include <nlohmann/json.hpp>

#include "server/api/calls/query_reader.hpp"
#include "server/api/work/work_handlers.hpp"
#include "server/api/work/worker_rows.hpp"
#include "server/queue/worker_registry.hpp"
#include "shared/json/object_reader.hpp"
#include "shared/json/object_writer.hpp"
#include "shared/wire/codecs/worker_json.hpp"
#include "shared/wire/names.hpp"

namespace noetl::api {

base::Result<std::vector<wire::WorkerRow>> read_workers(HandlerContext& context, const Call& call) {
  QueryReader reader(call);
  const std::string pool = reader.text("pool", wire::pool_bytes_max);
  const std::string status = reader.text("status", 64);
  if (auto error = reader.finish()) return base::failure(std::move(*error));
  return queue::list_workers(context.server, pool, status);
}

std::string encode_row(const wire::WorkerRow& row) {
  const auto& worker = row.registration;
  json::ObjectWriter out;
  out.text("worker_id", worker.worker_id)
      .text("pool", worker.pool)
      .text("status", row.status)
      .integer("slots", worker.slots)
      .integer("running", row.running)
      .text_or_null("hostname", worker.hostname)
      .integer("pid", worker.pid)
      .text_or_null("version", worker.version)
      .texts("tools", worker.tools)
      .raw("labels", worker.labels)
      .text_or_null("registered_at", row.registered_at)
      .text_or_null("heartbeat_at", row.heartbeat_at);
  return out.finish();
}

base::Result<Reply> handle_register_worker(HandlerContext& context, const Call& call) {
  const auto body = json_of(call);
  if (!body) return base::failure(body.error());
  auto registration = wire::decode_worker_registration(*body);
  if (!registration) return base::failure(registration.error());
  registration->instance = call.worker_instance;
  const auto answer = queue::register_worker(context.server, *registration);
  if (!answer) return base::failure(answer.error());
  return json_reply(wire::encode(*answer));
}

base::Result<Reply> handle_heartbeat(HandlerContext& context, const Call& call) {
  const auto body = json_of(call);
  if (!body) return base::failure(body.error());
  auto heartbeat = wire::decode_heartbeat(*body);
  if (!heartbeat) return base::failure(std::move(heartbeat.error()));
  if (!heartbeat->worker_id.empty() && heartbeat->worker_id != call.worker_id) {
    return base::failure(base::ErrorCode::conflict, "'/worker_id' differs from the worker id in the path",
                         "/worker_id");
  }
  heartbeat->worker_id = call.worker_id;
  heartbeat->instance = call.worker_instance;
  const auto answer = queue::renew_leases(context.server, *heartbeat);
  if (!answer) return base::failure(answer.error());
  return json_reply(wire::encode(*answer));
}

base::Result<Reply> handle_drain_worker(HandlerContext& context, const Call& call) {
  const auto body = json_or_nothing_of(call);
  if (!body) return base::failure(body.error());
  json::ObjectReader reader(*body);
  if (auto error = reader.finish()) return base::failure(std::move(*error));
  const auto done = queue::drain_worker(context.server, call.worker_id);
  if (!done) return base::failure(done.error());
  json::ObjectWriter out;
  out.text("status", "draining").text("worker_id", call.worker_id);
  return json_reply(out.finish());
}

base::Result<Reply> handle_deregister_worker(HandlerContext& context, const Call& call) {
  QueryReader reader(call);
  const bool by_force = reader.flag("force");
  if (auto error = reader.finish()) return base::failure(std::move(*error));
  const auto done = queue::deregister_worker(
      context.server, {.worker_id = call.worker_id, .instance = call.worker_instance, .by_force = by_force});
  if (!done) return base::failure(done.error());
  json::ObjectWriter out;
  out.text("status", "ok").text("worker_id", call.worker_id);
  return json_reply(out.finish());
}

base::Result<Reply> handle_list_workers(HandlerContext& context, const Call& call) {
  const auto rows = read_workers(context, call);
  if (!rows) return base::failure(rows.error());
  std::vector<std::string> workers;
  workers.reserve(rows->size());
  for (const auto& row : *rows) workers.push_back(encode_row(row));
  json::ObjectWriter out;
  out.raw("workers", json::join_array(workers)).integer("count", static_cast<std::int64_t>(workers.size()));
  return json_reply(out.finish());
}

}  // namespace noetl::api
