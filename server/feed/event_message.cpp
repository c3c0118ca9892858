#include "server/feed/event_message.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/decisions/log_notes.hpp"
#include "shared/messaging/subject_map.hpp"
#include "shared/wire/codecs/execution_json.hpp"

namespace noetl::feed {
namespace {

using nlohmann::json;

constexpr std::string_view other_type = "event";  // in place of a client's own that is no type of a message
constexpr std::size_t subject_type_bytes_max = 128;

// Types of a client's events are any text: what may not stand in a subject is escaped.
std::string action_of(const std::string& event_type) {
  const bool is_plain = nats::Subject::parse(event_type).has_value() && event_type.size() <= subject_type_bytes_max;
  return is_plain ? event_type : messaging::token_of(event_type.substr(0, subject_type_bytes_max));
}

}  // namespace

wire::EventRow shown_row(wire::EventRow row) {
  namespace notes = decisions::log_notes;
  const bool has_notes =
      std::ranges::any_of(std::initializer_list{notes::issued, notes::sequence, notes::results},
                          [&](std::string_view note) { return row.meta.find(note) != std::string::npos; });
  if (!has_notes) return row;
  auto meta = json::parse(row.meta, nullptr, false);
  if (!meta.is_object()) return row;
  for (const auto note : {notes::issued, notes::sequence, notes::results}) meta.erase(std::string(note));
  row.meta = meta.empty() ? "null" : meta.dump();
  return row;
}

messaging::Result<nats::Subject> subject_of_event(const std::string& prefix, const std::string& path,
                                                  const std::string& event_type) {
  const auto dot = prefix.rfind('.');
  if (dot == std::string::npos || dot == 0)
    return messaging::failure(messaging::FailureKind::settings, "'" + prefix + "' is no prefix of two tokens at least");
  return messaging::subject_of({.domain = prefix.substr(0, dot),
                                .type = prefix.substr(dot + 1),
                                .aggregate = path,
                                .action = action_of(event_type)});
}

messaging::Result<messaging::OutMessage> message_of(const std::string& prefix, store::FeedEvent event,
                                                    const FeedPosition& position, std::size_t bytes_max) {
  auto subject = subject_of_event(prefix, event.path, event.row.event_type);
  if (!subject) return messaging::failure(std::move(subject.error()));
  auto row = shown_row(std::move(event.row));
  messaging::OutMessage message{.subject = std::move(*subject),
                                .envelope = {.type = row.event_type, .payload = wire::encode(row)},
                                .event = {.id = row.event_id.str(),
                                          .correlation_id = row.execution_id.str(),
                                          .causation_id = row.queue_id.is_set() ? row.queue_id.str() : std::string(),
                                          .aggregate_id = row.execution_id.str(),
                                          .timestamp = row.created_at,
                                          .domain = prefix.substr(0, prefix.rfind('.'))}};
  message.more = {{position_header, position.text()}};
  if (message.envelope.payload.size() > bytes_max) {
    row.payload = "null";
    row.meta = "null";
    message.envelope.payload = wire::encode(row);
    message.more.emplace_back(omitted_header, "payload");
  }
  if (!messaging::headers_of(message.envelope)) message.envelope.type = other_type;
  return message;
}

}  // namespace noetl::feed
