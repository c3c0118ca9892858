#pragma once
// Notification: the small JetStream message that says "command N is waiting": {execution_id, queue_id,
// step, server_url}, ids only, about 100 bytes (seed 2). Values; any thread.
#include <string>
#include <string_view>

#include "shared/base/ids.hpp"
#include "shared/base/result.hpp"

namespace noetl::wire {

inline constexpr std::size_t notification_bytes_max = 4096;

struct Notification {
  base::ExecutionId execution_id;  // unset for a plain command ("0" on the wire)
  base::CommandId queue_id;
  std::string step;
  std::string server_url;
};

[[nodiscard]] std::string encode(const Notification& notification);
// malformed_body for anything that is not such a message; unknown fields are ignored, ids may be
// strings or numbers. Never throws.
[[nodiscard]] base::Result<Notification> decode_notification(std::string_view bytes);

}  // namespace noetl::wire
