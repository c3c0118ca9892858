#pragma once
// The log line of a notification that was published, at debug. Any thread.
#include <string>

#include "shared/telemetry/log.hpp"
#include "shared/wire/notification.hpp"

namespace noetl::notify {

inline void log_notification(const std::string& subject, const std::string& message_id,
                             const wire::Notification& message, bool is_sent) {
  if (!telemetry::is_log_enabled(telemetry::LogLevel::debug)) return;
  telemetry::log_debug("nats", is_sent ? "notification published" : "notification not published",
                       {{"subject", subject},
                        {"message_id", message_id},
                        {"execution", message.execution_id.is_set() ? message.execution_id.str() : ""},
                        {"commands", std::to_string(message.queue_ids.size())}});
}

}  // namespace noetl::notify
