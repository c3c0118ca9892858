// NoETL's routes /api/worker/pool/*: a worker is known by its `name`, its slots are its `capacity`.
#include <nlohmann/json.hpp>

#include "server/api/work/work_handlers.hpp"
#include "server/api/work/worker_rows.hpp"
#include "server/queue/worker_registry.hpp"
#include "shared/json/object_reader.hpp"
#include "shared/json/object_writer.hpp"
#include "shared/wire/names.hpp"

namespace noetl::api {
namespace {

constexpr std::int64_t slots_max = 10'000;

std::string read_name(json::ObjectReader& reader) {
  std::string name = reader.required_string("name", {1, wire::worker_id_bytes_max});
  if (!reader.has_failed() && !wire::is_worker_id(name)) {
    reader.refuse("name", "must consist of letters, digits, '.', '_' and '-'");
  }
  return name;
}

// NoETL's pools are told apart by `kind` and `runtime`; ours by their name.
void ignore_the_rest(json::ObjectReader& reader, std::initializer_list<std::string_view> names) {
  for (const auto name : names) reader.ignore(name);
}

std::string pool_answer(std::string_view status, const std::string& name) {
  json::ObjectWriter out;
  out.text("status", status)
      .text("name", name)
      .text("runtime_id", name)
      .text("kind", "worker_pool")
      .text("runtime", "cpp");
  return out.finish();
}

}  // namespace

base::Result<Reply> handle_pool_register(HandlerContext& context, const Call& call) {
  const auto body = json_of(call);
  if (!body) return base::failure(body.error());
  json::ObjectReader reader(*body);
  wire::WorkerRegistration registration;
  registration.worker_id = read_name(reader);
  registration.instance = call.worker_instance;
  registration.slots = static_cast<int>(reader.optional_int("capacity", {1, slots_max}).value_or(1));
  registration.pid = reader.optional_int("pid", {0, std::numeric_limits<std::int32_t>::max()}).value_or(0);
  registration.hostname = reader.optional_string("hostname", {0, 255}).value_or("");
  if (const auto* labels = reader.optional_value("labels"); labels != nullptr && labels->is_object())
    registration.labels = labels->dump();
  ignore_the_rest(reader, {"kind", "component_type", "runtime", "uri", "base_url", "status", "meta", "capabilities"});
  if (auto error = reader.finish()) return base::failure(std::move(*error));

  const auto answer = queue::register_worker(context.server, registration);
  if (!answer) return base::failure(answer.error());
  return json_reply(pool_answer("ok", registration.worker_id));
}

base::Result<Reply> handle_pool_heartbeat(HandlerContext& context, const Call& call) {
  const auto body = json_of(call);
  if (!body) return base::failure(body.error());
  json::ObjectReader reader(*body);
  wire::Heartbeat heartbeat;
  heartbeat.worker_id = read_name(reader);
  heartbeat.instance = call.worker_instance;
  // This heartbeat names no leases: it must not free what the worker may be holding.
  heartbeat.has_claim_in_flight = true;
  ignore_the_rest(reader,
                  {"registration", "kind", "status", "meta", "runtime", "capacity", "labels", "pid", "hostname"});
  if (auto error = reader.finish()) return base::failure(std::move(*error));

  const auto answer = queue::renew_leases(context.server, heartbeat);
  if (!answer) return base::failure(answer.error());
  return json_reply(pool_answer(answer->is_known ? "ok" : "unknown", heartbeat.worker_id));
}

base::Result<Reply> handle_pool_deregister(HandlerContext& context, const Call& call) {
  const auto body = json_of(call);
  if (!body) return base::failure(body.error());
  json::ObjectReader reader(*body);
  const std::string name = read_name(reader);
  ignore_the_rest(reader, {"kind", "component_type"});
  if (auto error = reader.finish()) return base::failure(std::move(*error));

  const auto done = queue::deregister_worker(context.server,
                                             {.worker_id = name, .instance = call.worker_instance, .by_force = false});
  if (!done) return base::failure(done.error());
  return json_reply(pool_answer("ok", name));
}

base::Result<Reply> handle_pool_list(HandlerContext& context, const Call& call) {
  const auto rows = read_workers(context, call);
  if (!rows) return base::failure(rows.error());
  std::vector<std::string> items;
  items.reserve(rows->size());
  for (const auto& row : *rows) {
    json::ObjectWriter out;
    out.text("name", row.registration.worker_id)
        .text("runtime_id", row.registration.worker_id)
        .text("kind", "worker_pool")
        .text("runtime", "cpp")
        .text("status", row.status)
        .integer("capacity", row.registration.slots)
        .text_or_null("hostname", row.registration.hostname)
        .raw("labels", row.registration.labels)
        .text_or_null("heartbeat", row.heartbeat_at);
    items.push_back(out.finish());
  }
  json::ObjectWriter out;
  out.raw("items", json::join_array(items)).integer("count", static_cast<std::int64_t>(items.size()));
  return json_reply(out.finish());
}

}  // namespace noetl::api
