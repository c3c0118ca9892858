#pragma once
// Dead letters as people see them and put them away: /api/v2/dead without redrive. Any thread.
#include <vector>

#include "server/dispatch/server_context.hpp"
#include "shared/base/result.hpp"
#include "shared/wire/messages/dead.hpp"

namespace noetl::dead_letters {

// Newest first; ids below filter.before when set.
[[nodiscard]] std::vector<wire::DeadLetter> list_dead(dispatch::ServerContext& context, const wire::DeadFilter& filter,
                                                      int limit);
// The most frequent first.
[[nodiscard]] std::vector<wire::DeadGroup> group_dead(dispatch::ServerContext& context, const wire::DeadFilter& filter,
                                                      int limit);
// Errors: not_found.
[[nodiscard]] base::Result<wire::DeadCommand> get_dead(dispatch::ServerContext& context, base::CommandId queue_id);

// Plain commands leave with their letters; of steps the letter is closed, for their command belongs to the execution.
// At most 100,000 at once: has_more says that others are left. Errors: not_found for an id without a letter.
[[nodiscard]] wire::PurgeAnswer purge_dead(dispatch::ServerContext& context, const wire::DeadFilter& filter,
                                           bool is_dry_run);
[[nodiscard]] base::Result<wire::PurgeAnswer> purge_one_dead(dispatch::ServerContext& context,
                                                             base::CommandId queue_id);

}  // namespace noetl::dead_letters
