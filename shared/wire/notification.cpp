#include "shared/wire/notification.hpp"

#include "shared/json/object_reader.hpp"
#include "shared/json/object_writer.hpp"
#include "shared/json/parse_body.hpp"
#include "shared/wire/messages/command.hpp"

namespace noetl::wire {
namespace {

constexpr std::size_t notification_depth_max = 8;

// The bytes that a notification's text may have so that the whole stays below notification_bytes_max.
constexpr std::size_t step_shown_bytes_max = 256;

// 0 for "0", an empty text or null: not set. Nothing for what is no id.
std::optional<std::int64_t> notified_id_of(const json::Json& value) {
  if (value.is_null()) return 0;
  std::string text;
  if (value.is_string())
    text = value.get<std::string>();
  else if (value.is_number_integer())
    text = value.dump();
  else
    return std::nullopt;
  if (text.empty() || text == "0") return 0;
  return base::parse_id(text);
}

// The same for a field, which may be missing.
std::optional<std::int64_t> notified_id_of(const json::Json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? 0 : notified_id_of(*found);
}

// Empty when there is no list.
base::Result<std::vector<base::CommandId>> ids_of(const json::Json& object) {
  std::vector<base::CommandId> ids;
  const auto found = object.find("queue_ids");
  if (found == object.end()) return ids;
  const auto refusal = base::failure(
      base::ErrorCode::malformed_body,
      "notification: queue_ids must be a list of 1 to " + std::to_string(notification_commands_max) + " ids",
      "/queue_ids");
  if (!found->is_array() || found->empty() || found->size() > notification_commands_max) return refusal;
  for (const json::Json& item : *found) {
    const auto id = notified_id_of(item);
    if (!id || *id == 0) return refusal;
    ids.push_back(base::CommandId{*id});
  }
  return ids;
}

// Whatever is none is 0, as where there is none.
int priority_of(const json::Json& object) {
  const auto found = object.find("priority");
  if (found == object.end() || !found->is_number_integer()) return 0;
  const auto priority = found->get<std::int64_t>();
  return priority < priority_min || priority > priority_max ? 0 : static_cast<int>(priority);
}

std::string member_text(const json::Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

}  // namespace

std::string encode(const Notification& notification) {
  std::string out;
  out.reserve(128 + (notification.queue_ids.size() - 1) * 22);
  out += "{\"execution_id\":\"";
  out += notification.execution_id.str();
  out += "\",\"queue_id\":\"";
  out += notification.queue_ids.front().str();
  if (notification.queue_ids.size() > 1) {
    out += "\",\"queue_ids\":[";
    for (const auto id : notification.queue_ids) out += '"' + id.str() + "\",";
    out.back() = ']';
    out += ",\"step\":";
  } else {
    out += "\",\"step\":";
  }
  json::append_json_string(out, std::string_view(notification.step).substr(0, step_shown_bytes_max));
  out += ",\"server_url\":";
  json::append_json_string(out, notification.server_url);
  if (notification.priority != 0) out += ",\"priority\":" + std::to_string(notification.priority);
  out += notification.is_dispatched ? ",\"dispatched\":true}" : "}";
  return out;
}

base::Result<Notification> decode_notification(std::string_view bytes) {
  const auto parsed = json::parse_body(bytes, notification_bytes_max, notification_depth_max);
  if (!parsed) return base::failure(base::ErrorCode::malformed_body, "notification: " + parsed.error().message);
  if (!parsed->is_object())
    return base::failure(base::ErrorCode::malformed_body,
                         "notification: must be an object, found " + json::describe(*parsed));
  const auto execution_id = notified_id_of(*parsed, "execution_id");
  const auto queue_id = notified_id_of(*parsed, "queue_id");
  if (!execution_id)
    return base::failure(base::ErrorCode::malformed_body, "notification: execution_id is no id", "/execution_id");
  if (!queue_id || *queue_id == 0)
    return base::failure(base::ErrorCode::malformed_body, "notification: queue_id is missing or no id", "/queue_id");
  auto queue_ids = ids_of(*parsed);
  if (!queue_ids) return base::failure(std::move(queue_ids.error()));
  if (queue_ids->empty()) queue_ids->push_back(base::CommandId{*queue_id});
  return Notification{.execution_id = base::ExecutionId{*execution_id},
                      .queue_ids = std::move(*queue_ids),
                      .step = member_text(*parsed, "step"),
                      .server_url = member_text(*parsed, "server_url"),
                      .priority = priority_of(*parsed),
                      .is_dispatched = parsed->value("dispatched", json::Json()) == true};
}

}  // namespace noetl::wire
