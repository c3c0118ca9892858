#include "shared/messaging/event_headers.hpp"

#include <algorithm>
#include <array>

#include "shared/nats/requests/parted_message.hpp"
#include "shared/nats/subject.hpp"

namespace noetl::messaging {
namespace {

struct Field {
  const char* name;
  std::string EventHeaders::*value;
};

constexpr std::array fields{Field{"X-Event-ID", &EventHeaders::id},
                            Field{"X-Correlation-ID", &EventHeaders::correlation_id},
                            Field{"X-Causation-ID", &EventHeaders::causation_id},
                            Field{"X-Aggregate-ID", &EventHeaders::aggregate_id},
                            Field{"X-Timestamp", &EventHeaders::timestamp},
                            Field{"X-Domain", &EventHeaders::domain},
                            Field{"traceparent", &EventHeaders::traceparent}};

bool is_sound(const Field& field, std::string_view value) {
  if (value.size() > event_header_bytes_max || !nats::check_header_value(field.name, value)) return false;
  return field.value != &EventHeaders::traceparent || is_traceparent(value);
}

}  // namespace

bool is_traceparent(std::string_view text) {
  constexpr std::size_t length = 55;
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  const auto is_zero = [](char c) { return c == '0'; };
  if (text.size() != length || !text.starts_with("00-") || text[35] != '-' || text[52] != '-') return false;
  const auto trace = text.substr(3, 32);
  const auto span = text.substr(36, 16);
  return std::ranges::all_of(trace, is_hex) && std::ranges::all_of(span, is_hex) &&
         std::ranges::all_of(text.substr(53), is_hex) && !std::ranges::all_of(trace, is_zero) &&
         !std::ranges::all_of(span, is_zero);
}

Result<void> add_to(Headers& headers, const EventHeaders& event) {
  for (const auto& field : fields) {
    const std::string& value = event.*field.value;
    if (value.empty()) continue;
    if (!is_sound(field, value))
      return failure(FailureKind::serialization, std::string("header ") + field.name + " has a value of " +
                                                     std::to_string(value.size()) + " bytes that may not stand there");
    headers.emplace_back(field.name, value);
  }
  return {};
}

EventHeaders event_headers_of(const Headers& headers) {
  EventHeaders event;
  for (const auto& field : fields) {
    if (const auto value = nats::header_of(headers, field.name); is_sound(field, value)) event.*field.value = value;
  }
  return event;
}

}  // namespace noetl::messaging
