#pragma once
// Notification: the small JetStream message that says "command N is waiting": {execution_id, queue_id,
// step, server_url}, ids only, about 100 bytes. One of several commands has them all in queue_ids, the first also in
// queue_id: whoever reads that alone claims one of them, and upkeep notifies again of the others. Values; any thread.
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/ids.hpp"
#include "shared/base/result.hpp"

namespace noetl::wire {

inline constexpr std::size_t notification_bytes_max = 4096;
inline constexpr std::size_t notification_commands_max = 64;

struct Notification {
  base::ExecutionId execution_id;  // unset for a plain command ("0" on the wire)
  std::vector<base::CommandId> queue_ids;  // 1 … notification_commands_max
  std::string step;
  std::string server_url;
  int priority = 0;  // of all of them; on the wire when it is not 0
  bool is_dispatched = false;  // claimed for a worker already: to be acked, for whoever watches the stream
};

[[nodiscard]] std::string encode(const Notification& notification);
// malformed_body for anything that is not such a message, or names no command or too many; unknown fields are ignored, ids may be
// strings or numbers. Never throws.
[[nodiscard]] base::Result<Notification> decode_notification(std::string_view bytes);

}  // namespace noetl::wire
