#include "server/attempts/end_attempts.hpp"

#include "server/attempts/attempt_ends.hpp"
#include "server/decisions/perform.hpp"

namespace noetl::attempts {

EndedAttempts end_attempts(dispatch::ServerContext& context, const std::vector<wire::AttemptReport>& reports,
                           const store::Caller* worker) {
  EndedAttempts answer;
  decisions::commit(context, [&](postgres::Session& session) {
    answer = {};
    AttemptEnds ends(context, session, worker);
    ends.lock(reports);
    for (const auto& report : reports) answer.verdicts.push_back(ends.end(report));
    auto effects = ends.write();
    answer.commands_generated = ends.commands_generated();
    return effects;
  });
  return answer;
}

}  // namespace noetl::attempts
