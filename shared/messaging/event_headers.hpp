#pragma once
// EventHeaders: the standard headers of a message that tells of something that happened. Values; any thread.
#include <string>
#include <string_view>

#include "shared/messaging/envelope.hpp"

namespace noetl::messaging {

// Empty: the message has no such header. X-Event-Type is the envelope's.
struct EventHeaders {
  std::string id = {};  // X-Event-ID; JetStream drops a second message of the same id (Nats-Msg-Id)
  std::string correlation_id = {};  // X-Correlation-ID
  std::string causation_id = {};  // X-Causation-ID
  std::string aggregate_id = {};  // X-Aggregate-ID
  std::string timestamp = {};  // X-Timestamp, RFC 3339
  std::string domain = {};  // X-Domain
  std::string traceparent = {};  // W3C trace context
  bool operator==(const EventHeaders&) const = default;
};

inline constexpr std::size_t event_header_bytes_max = 512;

// serialization: a value has a control character or is longer than event_header_bytes_max, or traceparent is none.
[[nodiscard]] Result<void> add_to(Headers& headers, const EventHeaders& event);
// A value that may not stand there is left out: what a stranger sent is no reason to lose the message.
[[nodiscard]] EventHeaders event_headers_of(const Headers& headers);
[[nodiscard]] bool is_traceparent(std::string_view text);

}  // namespace noetl::messaging
