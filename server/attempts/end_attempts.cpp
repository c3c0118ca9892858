#include "server/attempts/end_attempts.hpp"

#include <optional>

#include "server/attempts/attempt_ends.hpp"
#include "server/postgres/connection_pool.hpp"

namespace noetl::attempts {

EndedAttempts end_attempts(dispatch::ServerContext& context, const std::vector<wire::AttemptReport>& reports,
                           const store::Caller* worker) {
  EndedAttempts answer;
  std::optional<AttemptEnds> ends;
  context.connections.transact([&](postgres::Session& session) {
    answer = {};  // of a transaction that is repeated
    ends.emplace(context, session, worker);
    ends->lock(reports);
    for (const auto& report : reports) answer.verdicts.push_back(ends->end(report));
    ends->write();
    ends->dispatch();
    answer.commands_generated = ends->commands_generated();
  });
  ends->tell();
  return answer;
}

}  // namespace noetl::attempts
