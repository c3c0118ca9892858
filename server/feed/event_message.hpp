#pragma once
// An event of an execution as a message of the stream of events (docs/reference/protocol.md, "Events over NATS"). Pure; any thread.
#include <cstddef>
#include <string>

#include "server/feed/feed_position.hpp"
#include "server/store/executions/feed_table.hpp"
#include "shared/messaging/publisher.hpp"

namespace noetl::feed {

inline constexpr const char* position_header = "Noetl-Position";
inline constexpr const char* omitted_header = "Noetl-Omitted";  // "payload": it is too large for NATS; GET the event

// The stored row without what the log keeps for itself in its meta.
[[nodiscard]] wire::EventRow shown_row(wire::EventRow row);

// <prefix>.<playbook path>.<event type>
[[nodiscard]] messaging::Result<nats::Subject> subject_of_event(const std::string& prefix, const std::string& path,
                                                                const std::string& event_type);

// `bytes_max`: of its body; a payload that does not fit is left out.
[[nodiscard]] messaging::Result<messaging::OutMessage> message_of(const std::string& prefix, store::FeedEvent event,
                                                                  const FeedPosition& position, std::size_t bytes_max);

}  // namespace noetl::feed
