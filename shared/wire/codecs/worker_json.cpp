#include "shared/wire/codecs/worker_json.hpp"

#include <nlohmann/json.hpp>

#include "shared/domain/json_text.hpp"
#include "shared/json/object_reader.hpp"
#include "shared/json/object_writer.hpp"
#include "shared/wire/messages/command.hpp"
#include "shared/wire/names.hpp"
#include "shared/wire/retry.hpp"

namespace noetl::wire {
namespace {

constexpr std::int64_t slots_max = 65'536;
constexpr std::int64_t interval_ms_max = 24 * 3600 * 1000;
constexpr std::size_t labels_bytes_max = 16 * 1024;

template <class Id = base::CommandId>
std::vector<Id> read_ids(json::ObjectReader& reader, std::string_view name, std::size_t most = held_leases_max) {
  std::vector<Id> ids;
  const json::Json* items = reader.optional_array(name, most);
  for (std::size_t i = 0; items != nullptr && i < items->size(); ++i) {
    const json::Json& item = (*items)[i];
    const auto id = json::id_of(item);
    if (!id) {
      reader.refuse(name, "must hold ids only, found " + json::describe(item));
      return {};
    }
    ids.push_back(Id{*id});
  }
  return ids;
}

std::chrono::milliseconds read_interval(json::ObjectReader& reader, std::string_view name,
                                        std::chrono::milliseconds otherwise) {
  return std::chrono::milliseconds(reader.optional_int(name, {1, interval_ms_max}).value_or(otherwise.count()));
}

// {cpu_cores, running, max}: what it can take at a time stands for slots where those are left out. Other clusters' workers call the
// last two pipelines_running and max_pipelines.
std::int64_t read_capacity(const json::Json& capacity, WorkerRegistration& registration, json::ObjectReader& outer) {
  json::ObjectReader reader(capacity, "/capacity");
  const auto cpu_cores = reader.optional_int("cpu_cores", {0, slots_max}).value_or(0);
  for (const std::string_view name : {"running", "pipelines_running"}) (void)reader.optional_int(name, {0, slots_max});
  auto most = reader.optional_int("max", {1, slots_max});
  if (const auto pipelines = reader.optional_int("max_pipelines", {1, slots_max}); !most) most = pipelines;
  if (most && !outer.has("slots")) registration.slots = static_cast<int>(*most);
  if (auto error = reader.finish()) outer.refuse(std::move(*error));
  return cpu_cores;
}

std::string encode_answers(const std::vector<WorkerCommandAnswer>& answers) {
  std::vector<std::string> items;
  for (const auto& answer : answers) {
    json::ObjectWriter one(answer.body.size() + 64);
    one.id("command_id", answer.command_id).integer("status", answer.status).raw("body", answer.body);
    items.push_back(one.finish());
  }
  return json::join_array(items);
}

std::vector<WorkerCommandAnswer> read_answers(json::ObjectReader& reader) {
  std::vector<WorkerCommandAnswer> answers;
  const json::Json* items = reader.optional_array("command_answers", worker_commands_max);
  for (std::size_t i = 0; items != nullptr && i < items->size() && !reader.has_failed(); ++i) {
    json::ObjectReader item((*items)[i], "/command_answers/" + std::to_string(i));
    WorkerCommandAnswer answer;
    answer.command_id = item.required_id<base::WorkerCommandId>("command_id");
    answer.status = static_cast<int>(item.required_int("status", {200, 599}));
    if (const auto* body = item.required_object("body")) answer.body = domain::json_text(*body);
    if (auto error = item.finish()) reader.refuse(std::move(*error));
    answers.push_back(std::move(answer));
  }
  return answers;
}

}  // namespace

std::string encode(const WorkerRegistration& registration) {
  return json::ObjectWriter()
      .text("worker_id", registration.worker_id)
      .text("pool", registration.pool)
      .text("hostname", registration.hostname)
      .integer("pid", registration.pid)
      .integer("slots", registration.slots)
      .text("version", registration.version)
      .texts("tools", registration.tools)
      .raw("labels", registration.labels)
      .finish();
}

base::Result<WorkerRegistration> decode_worker_registration(const json::Json& body) {
  json::ObjectReader reader(body);
  WorkerRegistration registration;
  registration.worker_id = reader.required_string("worker_id", {1, worker_id_bytes_max});
  if (!is_worker_id(registration.worker_id)) reader.refuse("worker_id", "must consist of A-Z a-z 0-9 . _ -");
  if (auto pool = reader.optional_string("pool", {1, pool_bytes_max})) registration.pool = std::move(*pool);
  if (!is_pool_name(registration.pool)) reader.refuse("pool", "must consist of A-Z a-z 0-9 _ -");
  registration.hostname = reader.optional_string("hostname", {0, 255}).value_or("");
  registration.pid = reader.optional_int("pid", {0, std::numeric_limits<std::int32_t>::max()}).value_or(0);
  registration.slots = static_cast<int>(reader.optional_int("slots", {1, slots_max}).value_or(1));
  registration.version = reader.optional_string("version", {0, 64}).value_or("");
  registration.tools = reader.optional_strings("tools", 256, {1, 64});
  const auto address = reader.optional_string("address", {0, 255}).value_or("");
  const json::Json* capacity = reader.optional_object("capacity");
  const auto cpu_cores = capacity == nullptr ? 0 : read_capacity(*capacity, registration, reader);
  const json::Json* given = reader.optional_object("labels");
  if (given != nullptr || !address.empty() || cpu_cores > 0) {
    json::Json labels = given == nullptr ? json::Json::object() : *given;
    if (!address.empty()) labels.emplace("address", address);
    if (cpu_cores > 0) labels.emplace("cpu_cores", cpu_cores);
    registration.labels = labels.dump();
    if (registration.labels.size() > labels_bytes_max) reader.refuse("labels", "must not exceed 16384 bytes");
  }
  if (auto error = reader.finish()) return base::failure(std::move(*error));
  return registration;
}

std::string encode(const RegistrationAnswer& answer) {
  return json::ObjectWriter()
      .text("worker_id", answer.worker_id)
      .text("status", "registered")
      .number("heartbeat_interval_secs", static_cast<double>(answer.heartbeat_interval.count()) / 1000.0)
      .integer("heartbeat_interval_ms", answer.heartbeat_interval.count())
      .integer("lease_ms", answer.lease.count())
      .integer("ack_wait_ms", answer.ack_wait.count())
      .text("nats_stream", answer.nats_stream)
      .text("nats_subject", answer.nats_subject)
      .text("nats_consumer", answer.nats_consumer)
      .integer("nats_lanes", answer.nats_lanes)
      .boolean("dispatches_directly", answer.dispatches_directly)
      .boolean("confirms_claims", answer.confirms_claims)
      .finish();
}

base::Result<RegistrationAnswer> decode_registration_answer(const json::Json& body) {
  json::ObjectReader reader(body);
  RegistrationAnswer answer;
  answer.worker_id = reader.optional_string("worker_id").value_or("");
  answer.heartbeat_interval = read_interval(reader, "heartbeat_interval_ms", answer.heartbeat_interval);
  answer.lease = read_interval(reader, "lease_ms", answer.lease);
  answer.ack_wait = std::chrono::milliseconds(reader.optional_int("ack_wait_ms", {0, interval_ms_max}).value_or(0));
  answer.nats_stream = reader.optional_string("nats_stream").value_or("");
  answer.nats_subject = reader.optional_string("nats_subject").value_or("");
  answer.nats_consumer = reader.optional_string("nats_consumer").value_or("");
  answer.nats_lanes = static_cast<int>(reader.optional_int("nats_lanes", {.min = 1, .max = 16}).value_or(1));
  answer.dispatches_directly = reader.optional_bool("dispatches_directly").value_or(false);
  answer.confirms_claims = reader.optional_bool("confirms_claims").value_or(false);
  if (reader.has_failed()) return base::failure(*reader.finish());
  return answer;
}

std::string encode(const Heartbeat& heartbeat) {
  std::string held = "[";
  held.reserve(2 + heartbeat.held.size() * 48);
  for (const domain::Lease& lease : heartbeat.held) {
    if (held.size() > 1) held += ',';
    held += "{\"queue_id\":\"";
    held += lease.queue_id.str();
    held += "\",\"epoch\":";
    held += std::to_string(lease.epoch);
    held += '}';
  }
  held += ']';
  json::ObjectWriter writer(held.size() + heartbeat.confirmed_claim_ids.size() * 22 + 192);
  writer.text("worker_id", heartbeat.worker_id).raw("held", held);
  if (!heartbeat.confirmed_claim_ids.empty())
    writer.ids("confirmed_claim_ids", heartbeat.confirmed_claim_ids);  // an older server does not know the field
  if (!heartbeat.command_answers.empty()) writer.raw("command_answers", encode_answers(heartbeat.command_answers));
  return writer.boolean("has_claim_in_flight", heartbeat.has_claim_in_flight)
      .integer("running", heartbeat.running)
      .text("status", heartbeat.status)
      .finish();
}

base::Result<Heartbeat> decode_heartbeat(const json::Json& body) {
  json::ObjectReader reader(body);
  Heartbeat heartbeat;
  if (auto id = reader.optional_string("worker_id", {1, worker_id_bytes_max})) {
    heartbeat.worker_id = std::move(*id);
    if (!is_worker_id(heartbeat.worker_id)) reader.refuse("worker_id", "must consist of A-Z a-z 0-9 . _ -");
  }
  const json::Json* held = reader.optional_array("held", held_leases_max);
  for (std::size_t i = 0; held != nullptr && i < held->size() && !reader.has_failed(); ++i) {
    json::ObjectReader item((*held)[i], "/held/" + std::to_string(i));
    domain::Lease lease;
    lease.queue_id = item.required_id<base::CommandId>("queue_id");
    lease.epoch = static_cast<std::int32_t>(item.required_int("epoch", {1, std::numeric_limits<std::int32_t>::max()}));
    if (auto error = item.finish()) reader.refuse(std::move(*error));
    heartbeat.held.push_back(lease);
  }
  heartbeat.confirmed_claim_ids = read_ids<base::ClaimId>(reader, "confirmed_claim_ids", confirmed_claims_max);
  heartbeat.has_claim_in_flight = reader.optional_bool("has_claim_in_flight").value_or(false);
  heartbeat.running = static_cast<int>(reader.optional_int("running", {0, slots_max}).value_or(0));
  heartbeat.command_answers = read_answers(reader);
  if (auto status = reader.optional_string("status")) heartbeat.status = std::move(*status);
  if (heartbeat.status != "ready" && heartbeat.status != "draining")
    reader.refuse("status", "must be ready or draining, found '" + heartbeat.status + "'");
  if (auto error = reader.finish()) return base::failure(std::move(*error));
  return heartbeat;
}

std::string encode(const HeartbeatAnswer& answer) {
  json::ObjectWriter writer;
  writer.boolean("is_known", answer.is_known)
      .ids("lost", answer.lost)
      .ids("cancelled", answer.cancelled)
      .boolean("should_drain", answer.should_drain)
      .boolean("is_paused", answer.is_paused);
  if (answer.commands.empty()) return writer.finish();
  std::vector<std::string> commands;
  for (const auto& command : answer.commands) {
    json::ObjectWriter one;
    one.id("command_id", command.command_id).text("name", command.name).raw("body", command.body);
    commands.push_back(one.finish());
  }
  return writer.raw("commands", json::join_array(commands)).finish();
}

base::Result<HeartbeatAnswer> decode_heartbeat_answer(const json::Json& body) {
  json::ObjectReader reader(body);
  HeartbeatAnswer answer;
  answer.is_known = reader.optional_bool("is_known").value_or(true);
  answer.lost = read_ids(reader, "lost");
  answer.cancelled = read_ids(reader, "cancelled");
  answer.should_drain = reader.optional_bool("should_drain").value_or(false);
  answer.is_paused = reader.optional_bool("is_paused").value_or(false);
  const json::Json* commands = reader.optional_array("commands", worker_commands_max);
  for (std::size_t i = 0; commands != nullptr && i < commands->size() && !reader.has_failed(); ++i) {
    json::ObjectReader item((*commands)[i], "/commands/" + std::to_string(i));
    WorkerCommand command;
    command.command_id = item.required_id<base::WorkerCommandId>("command_id");
    command.name = item.required_string("name", {1, 64});
    if (const auto* given = item.optional_object("body")) command.body = domain::json_text(*given);
    if (item.has_failed()) reader.refuse(*item.finish());
    answer.commands.push_back(std::move(command));
  }
  if (reader.has_failed()) return base::failure(*reader.finish());
  return answer;
}

base::Result<Pool> decode_pool(const json::Json& body, std::string name) {
  json::ObjectReader reader(body);
  Pool pool;
  pool.pool = std::move(name);
  if (const auto attempts = reader.optional_int("max_attempts", {1, attempts_max_limit})) {
    pool.max_attempts = static_cast<int>(*attempts);
  }
  if (const json::Json* retry_body = reader.optional_object("retry")) {
    auto retry = decode_retry(*retry_body, reader.pointer_to("retry"));
    if (retry)
      pool.retry = encode(*retry);
    else
      reader.refuse(std::move(retry.error()));
  }
  if (auto error = reader.finish()) return base::failure(std::move(*error));
  return pool;
}

std::string encode(const PoolRow& row) {
  const Pool& pool = row;
  json::ObjectWriter out;
  out.text("pool", pool.pool);
  if (pool.max_attempts)
    out.integer("max_attempts", *pool.max_attempts);
  else
    out.null("max_attempts");
  out.raw("retry", pool.retry)
      .boolean("is_paused", pool.is_paused)
      .text_or_null("paused_at", pool.paused_at)
      .text_or_null("paused_by", pool.paused_by)
      .text_or_null("updated_at", pool.updated_at)
      .integer("workers", row.workers)
      .integer("slots", row.slots)
      .integer("queued", row.queued)
      .integer("running", row.running);
  return out.finish();
}

std::string encode(const std::vector<PoolRow>& pools) {
  std::vector<std::string> rows;
  rows.reserve(pools.size());
  for (const auto& pool : pools) rows.push_back(encode(pool));
  json::ObjectWriter out;
  out.raw("pools", json::join_array(rows));
  return out.finish();
}

}  // namespace noetl::wire
