#include "server/dead_letters/dead_letters.hpp"

#include "server/postgres/connection_pool.hpp"
#include "server/store/queue/dead_letter_table.hpp"

namespace noetl::dead_letters {

namespace {
constexpr int read_batch_max = 1000;  // in one transaction
constexpr int purge_max = 100'000;  // in one request

tl::unexpected<base::Error> no_letter(base::CommandId queue_id) {
  return base::failure(base::ErrorCode::not_found,
                       "no dead letter has queue_id " + queue_id.str() + ": GET /api/v2/commands/" + queue_id.str() +
                           " says what became of the command",
                       "/queue_id");
}
}  // namespace

std::vector<wire::DeadLetter> list_dead(dispatch::ServerContext& context, const wire::DeadFilter& filter, int limit) {
  std::vector<wire::DeadLetter> letters;
  context.connections.run_one(
      [&](postgres::Session& session) { letters = store::DeadLetterTable(session).list(filter, limit); });
  return letters;
}

std::vector<wire::DeadGroup> group_dead(dispatch::ServerContext& context, const wire::DeadFilter& filter, int limit) {
  std::vector<wire::DeadGroup> groups;
  context.connections.run_one(
      [&](postgres::Session& session) { groups = store::DeadLetterTable(session).groups(filter, limit); });
  return groups;
}

base::Result<wire::DeadCommand> get_dead(dispatch::ServerContext& context, base::CommandId queue_id) {
  std::optional<wire::DeadCommand> found;
  context.connections.run_one(
      [&](postgres::Session& session) { found = store::DeadLetterTable(session).find(queue_id); });
  if (!found) return no_letter(queue_id);
  return std::move(*found);
}

wire::PurgeAnswer purge_dead(dispatch::ServerContext& context, const wire::DeadFilter& filter, bool is_dry_run) {
  wire::PurgeAnswer answer{.is_dry_run = is_dry_run, .count = 0, .has_more = false};
  wire::DeadFilter rest = filter;
  for (int seen = 0; seen < purge_max; seen += read_batch_max) {
    std::vector<base::CommandId> ids;
    std::int64_t count = 0;
    context.connections.transact([&](postgres::Session& session) {
      store::DeadLetterTable table(session);
      ids = table.ids(rest, read_batch_max, store::DeadFor::purge);
      count = 0;  // the transaction may have to be repeated
      if (is_dry_run)
        count = static_cast<std::int64_t>(ids.size());
      else if (!ids.empty())
        count = table.purge(ids);
    });
    answer.count += count;
    if (ids.size() < static_cast<std::size_t>(read_batch_max)) return answer;
    rest.after = ids.back();
  }
  answer.has_more = true;
  return answer;
}

base::Result<wire::PurgeAnswer> purge_one_dead(dispatch::ServerContext& context, base::CommandId queue_id) {
  wire::PurgeAnswer answer;
  context.connections.run_one(
      [&](postgres::Session& session) { answer.count = store::DeadLetterTable(session).purge({queue_id}); });
  if (answer.count > 0) return answer;
  // A step's letter that was closed before is still there: purging it again changes nothing.
  if (const auto letter = get_dead(context, queue_id); !letter) return base::failure(letter.error());
  return answer;
}

}  // namespace noetl::dead_letters
