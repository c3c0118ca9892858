#include "server/decisions/perform.hpp"

#include <utility>

#include "server/counts/work_counts.hpp"
#include "server/decisions/resume_callers.hpp"
#include "server/dispatch/after_commit.hpp"
#include "server/dispatch/crash_point.hpp"
#include "server/dispatch/due_times.hpp"
#include "server/dispatch/notify_workers.hpp"
#include "server/postgres/connection_pool.hpp"

namespace noetl::decisions {

void perform(dispatch::ServerContext& context, dispatch::Effects effects) {
  if (effects.is_empty()) return;
  dispatch::after_commit([&] {
    if (effects.is_accepted) dispatch::crash_after_commit();
    context.work_counts.add(effects.work);
    if (auto& direct = effects.direct_dispatch)
      direct->reservation.deliver(std::move(direct->commands), direct->claim_id);
    dispatch::notify_workers(context, effects.notifications);
    if (effects.has_times) context.due_times.look();
    if (!effects.dead_letters.empty()) context.notifier.publish_dead_letters(effects.dead_letters);
    resume_callers(context, std::move(effects.ended_children));
  });
}

void commit(dispatch::ServerContext& context, const Transaction& transaction) {
  context.dispatcher.ask_first_in_line();
  dispatch::Effects effects;
  context.connections.transact([&](postgres::Session& session) {
    effects = {};  // of a transaction that is repeated: the worker that it had reserved is free again
    effects = transaction(session);
  });
  perform(context, std::move(effects));
}

void commit_one(dispatch::ServerContext& context, const Transaction& statement) {
  dispatch::Effects effects;
  context.connections.run_one([&](postgres::Session& session) {
    effects = {};
    effects = statement(session);
  });
  perform(context, std::move(effects));
}

}  // namespace noetl::decisions
