#include <charconv>
#include <nlohmann/json.hpp>

#include "server/api/calls/query_reader.hpp"
#include "server/api/work/work_handlers.hpp"
#include "server/api/work/worker_rows.hpp"
#include "server/queue/worker_commands.hpp"
#include "server/queue/worker_registry.hpp"
#include "shared/domain/json_text.hpp"
#include "shared/json/object_reader.hpp"
#include "shared/json/object_writer.hpp"
#include "shared/wire/codecs/worker_json.hpp"
#include "shared/wire/error_codes.hpp"
#include "shared/wire/names.hpp"
#include "shared/wire/operations/worker_commands.hpp"

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

namespace {

constexpr int patience_seconds = 10;
constexpr int patience_seconds_max = 60;

// Of `timeout` in the query, in whole seconds.
base::Result<std::chrono::milliseconds> read_patience(const Call& call) {
  QueryReader reader(call);
  const std::string text = reader.text("timeout", 16);
  int seconds = patience_seconds;
  if (!text.empty()) {
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (failure != std::errc() || end != text.data() + text.size() || seconds < 1 || seconds > patience_seconds_max)
      reader.refuse("timeout", "must be a number of seconds from 1 to 60, found '" + text + "'");
  }
  if (auto error = reader.finish()) return base::failure(std::move(*error));
  return std::chrono::seconds(seconds);
}

}  // namespace

// The worker's answer as it is, a refusal as well.
base::Result<Reply> handle_command_worker(HandlerContext& context, const Call& call) {
  const auto patience = read_patience(call);
  if (!patience) return base::failure(patience.error());
  // An object at all; then what its command says of its fields.
  if (const auto body = json_or_nothing_of(call); !body) return base::failure(body.error());
  const auto checked = wire::decode_worker_command(call.name, call.body);
  if (!checked) return base::failure(checked.error());
  // It holds a thread while it waits, but no connection to Postgres.
  const auto permit = enter(context.limits.long_polls);
  if (!permit) return base::failure(permit.error());
  const auto answer = queue::command_worker(context.server,
                                            {.worker_id = call.worker_id,
                                             .name = call.name,
                                             .body = call.body.empty() ? "{}" : call.body,
                                             .patience = *patience},
                                            call.stop, call.is_peer_there);
  if (!answer) return base::failure(answer.error());
  if (answer->status >= 400) return base::failure(wire::decode_problem(answer->status, answer->body));
  return json_reply(answer->body);
}

base::Result<Reply> handle_get_worker_command(HandlerContext& context, const Call& call) {
  const auto found = queue::read_worker_command(context.server, call.worker_id, base::WorkerCommandId{call.id});
  if (!found) return base::failure(found.error());
  json::ObjectWriter out(found->answer.size() + 256);
  out.id("command_id", base::WorkerCommandId{call.id})
      .text("worker_id", call.worker_id)
      .text("name", found->name)
      .text("state", found->state)
      .raw("answer", found->answer.empty() ? "null" : found->answer)
      .text_or_null("created_at", found->created_at)
      .text_or_null("taken_at", found->taken_at)
      .text_or_null("answered_at", found->answered_at);
  return json_reply(out.finish());
}

base::Result<Reply> handle_cancel_of_worker(HandlerContext& context, const Call& call) {
  const auto request = wire::decode_worker_command("cancel", call.body);
  if (!request) return base::failure(request.error());
  const auto done = queue::cancel_of_worker(context.server, {.worker_id = call.worker_id,
                                                             .instance = call.worker_instance,
                                                             .queue_id = request->queue_id,
                                                             .execution_id = request->execution_id,
                                                             .reason = request->reason});
  if (!done) return base::failure(done.error());
  json::ObjectWriter out;
  out.text("status", done->status);
  if (request->queue_id.is_set()) out.id("queue_id", request->queue_id);
  if (request->execution_id.is_set())
    out.id("execution_id", request->execution_id).ids("cancelled_executions", done->executions);
  return json_reply(out.finish());
}

base::Result<Reply> handle_event_of_worker(HandlerContext& context, const Call& call) {
  const auto request = wire::decode_worker_command("inject", call.body);
  if (!request) return base::failure(request.error());
  if (!request->execution_id.is_set())
    return base::failure(base::ErrorCode::invalid_input,
                         "'/execution_id' is missing: an event for a deployment goes to its worker", "/execution_id");
  const auto& event = request->events.front();
  const auto id = queue::record_event(context.server, {.worker_id = call.worker_id,
                                                       .execution_id = request->execution_id,
                                                       .event_type = event.event_type,
                                                       .fields = event.fields});
  if (!id) return base::failure(id.error());
  json::ObjectWriter out;
  out.text("status", "recorded").id("execution_id", request->execution_id).id("event_id", *id);
  return json_reply(out.finish());
}

}  // namespace noetl::api
