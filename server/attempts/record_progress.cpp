#include "server/attempts/record_progress.hpp"

#include "server/store/queue/queue_table.hpp"

namespace noetl::attempts {

std::set<base::CommandId> record_progress(dispatch::ServerContext& context, postgres::Session& session,
                                          const std::vector<wire::AttemptNote>& notes, const store::Caller& worker) {
  if (notes.empty()) return {};
  // Of two notes on one command in one request the statement would take either: the later one counts.
  std::map<base::CommandId, const wire::AttemptNote*> newest;
  for (const auto& note : notes) newest[note.lease.queue_id] = &note;
  std::vector<wire::AttemptNote> taken;
  std::vector<base::EventId> ids;
  for (const auto& [id, note] : newest) {
    taken.push_back(*note);
    ids.push_back({context.ids.next()});
  }
  const auto found = store::QueueTable(session).record_progress(taken, ids, worker);
  return {found.begin(), found.end()};
}

}  // namespace noetl::attempts
