#include "server/queue/claim_commands.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "server/dispatch/dispatcher.hpp"
#include "server/dispatch/long_polls.hpp"
#include "server/postgres/connection_pool.hpp"
#include "server/store/queue/queue_table.hpp"
#include "server/store/queue/worker_table.hpp"
#include "server/store/upkeep/pause_statements.hpp"

namespace noetl::queue {

namespace {
using base::ErrorCode;
using std::chrono::steady_clock;

// Its workers learn of the pause with their next heartbeat, and then ask for nothing more.
constexpr std::chrono::milliseconds paused_pool_retry{2'000};

// Read beside those that other polls of this server are claiming: with fewer one of two workers would find nothing of a full queue.
constexpr std::size_t candidates_beside_max = 4096;
// Another server was faster with all that a look has found: looked again at once, and then later and later.
constexpr int races_at_once_max = 3;

wire::ClaimRefusal refusal_of(const store::ExplainedCommand& explained) {
  wire::ClaimRefusal refusal{
      .queue_id = explained.command.lease.queue_id, .code = ErrorCode::active_claim, .message = {}, .retry_after = {}};
  const auto id = refusal.queue_id.str();
  switch (explained.status) {
    case domain::CommandStatus::queued:
      if (explained.wait > store::pause_shift / 2) {
        // Resuming notifies of it: this notification has nothing more to say.
        refusal.message = "command " + id + " waits until its execution is resumed";
        break;
      }
      if (explained.is_pool_paused) {
        refusal.message = "command " + id + " waits until pool '" + explained.pool + "' is resumed";
        refusal.retry_after = paused_pool_retry;
        break;
      }
      refusal.message = "command " + id + " is not due yet";
      // Claimable again at once when a transaction has just handed it back.
      refusal.retry_after = std::max(explained.wait, std::chrono::milliseconds{1});
      break;
    case domain::CommandStatus::running:
      refusal.message = "command " + id + " is held by worker '" + explained.worker_id + "'";
      break;
    case domain::CommandStatus::cancelled:
      refusal.code =
          explained.command.execution_id.is_set() ? ErrorCode::execution_cancelled : ErrorCode::already_terminal;
      refusal.message = "command " + id + " was cancelled";
      break;
    default:
      refusal.code = ErrorCode::already_terminal;
      refusal.message = "command " + id + " is " + std::string(to_string(explained.status)) + " already";
  }
  return refusal;
}

struct Asker {
  const std::string& worker_id;
  const std::string& pool;
};

wire::ClaimRefusal of_another_pool(base::CommandId id, const Asker& asker) {
  return {.queue_id = id,
          .code = ErrorCode::not_found,
          .message = "pool '" + asker.pool + "', which worker '" + asker.worker_id +
                     "' is registered for, has no command " + id.str(),
          .retry_after = {}};
}

// Sorts what claim_by_ids did not give into leases that this worker holds already, and refusals.
void explain_missing(postgres::Session& session, const Asker& asker, const std::set<base::CommandId>& missing,
                     wire::ClaimAnswer& answer) {
  auto left = missing;
  for (auto& explained : store::QueueTable(session).explain({missing.begin(), missing.end()})) {
    left.erase(explained.command.lease.queue_id);
    if (explained.status == domain::CommandStatus::running && explained.worker_id == asker.worker_id) {
      answer.commands.push_back(std::move(explained.command));
    } else if (explained.pool != asker.pool) {
      answer.refused.push_back(of_another_pool(explained.command.lease.queue_id, asker));
    } else {
      answer.refused.push_back(refusal_of(explained));
    }
  }
  for (const auto id : left) {
    answer.refused.push_back({id, ErrorCode::not_found, "no command has queue_id " + id.str(), {}});
  }
}

tl::unexpected<base::Error> unregistered(const std::string& worker_id) {
  return base::failure(
      ErrorCode::not_found,
      "worker '" + worker_id + "' is not registered by this process, or its lease ran out: POST /api/v2/workers first",
      "/worker_id");
}

// The pool that the worker serves, if it is alive and registered by the process that asks.
std::optional<std::string> pool_served(postgres::Session& session, const store::Caller& worker) {
  auto lease = store::WorkerTable(session).lease_of(worker.worker_id);
  if (!lease || !lease->is_alive || !lease->is_of(worker.instance)) return std::nullopt;
  return std::move(lease->pool);
}

// A worker claims from the pool that it has registered for.
base::Result<void> check_serves(dispatch::ServerContext& context, const wire::ClaimRequest& request) {
  std::optional<std::string> pool;
  context.connections.run_one([&](postgres::Session& session) {
    pool = pool_served(session, {request.worker_id, request.instance});
  });
  if (!pool) return unregistered(request.worker_id);
  if (*pool == request.pool) return {};
  return base::failure(ErrorCode::forbidden,
                       "worker '" + request.worker_id + "' is registered for pool '" + *pool + "', not for '" +
                           request.pool + "': start a worker with that pool",
                       "/pool");
}

// Every slot was taken by what goes before the others: there may be more of it.
bool may_have_more(const wire::ClaimAnswer& answer, int slots) {
  return slots > 0 && answer.commands.size() >= static_cast<std::size_t>(slots) && answer.commands.back().priority > 0;
}

// `most`: at most so many, and what is due with a priority above 0 before those; 0: all of those and nothing else.
base::Result<wire::ClaimAnswer> claim_by_ids(dispatch::ServerContext& context, const store::Caller& worker,
                                             const std::vector<base::CommandId>& ids, int most = 0) {
  const auto& worker_id = worker.worker_id;
  const std::set<base::CommandId> all(ids.begin(), ids.end());
  wire::ClaimAnswer answer;
  std::optional<std::string> pool{std::in_place};
  context.connections.run_one([&](postgres::Session& session) {
    auto missing = all;
    std::vector<base::CommandId> wanted(all.begin(), all.end());
    if (most > 0 && static_cast<std::size_t>(most) < wanted.size()) {
      wanted = store::QueueTable(session).claimable_of(worker_id, wanted, most);
      if (wanted.size() == static_cast<std::size_t>(most)) missing = {wanted.begin(), wanted.end()};
    }
    const base::ClaimId claim_id{context.ids.next()};
    if (!wanted.empty()) answer.commands = store::QueueTable(session).claim(worker, wanted, claim_id, most);
    if (!answer.commands.empty()) answer.claim_id = claim_id;
    answer.has_more = may_have_more(answer, most);
    // The worker's slots are filled: what became of the others is for those who ask next.
    if (answer.commands.size() == missing.size() ||
        (most > 0 && answer.commands.size() >= static_cast<std::size_t>(most)))
      return;
    for (const auto& command : answer.commands) missing.erase(command.lease.queue_id);
    pool = pool_served(session, worker);
    if (pool) explain_missing(session, {worker_id, *pool}, missing, answer);
  });
  if (!pool) return unregistered(worker_id);
  context.dispatcher.note_claimed(worker_id, answer.commands.size());
  return answer;
}

// What one poll is claiming, kept from the others.
class InFlightIds {
 public:
  InFlightIds(dispatch::LongPolls& waiting, const std::vector<base::CommandId>& candidates, std::size_t most)
      : waiting_(waiting), ids_(waiting.begin_claims(candidates, most)) {}
  ~InFlightIds() { waiting_.end_claims(ids_); }
  InFlightIds(const InFlightIds&) = delete;
  InFlightIds& operator=(const InFlightIds&) = delete;
  [[nodiscard]] const std::vector<base::CommandId>& ids() const { return ids_; }

 private:
  dispatch::LongPolls& waiting_;
  const std::vector<base::CommandId> ids_;
};

// Of what goes before the others alone: whoever asks was told that there is some.
base::Result<wire::ClaimAnswer> claim_urgent(dispatch::ServerContext& context, const wire::ClaimRequest& request) {
  auto& waiting = context.long_polls;
  std::vector<base::CommandId> candidates;
  std::optional<base::CommandId> first_fresh;
  context.connections.run_one([&](postgres::Session& session) {
    const auto most = request.slots + static_cast<int>(std::min(waiting.in_flight(), candidates_beside_max));
    candidates = store::QueueTable(session).candidates(
        {.pool = request.pool, .from = {}, .limit = most, .priority_min = *request.priority_min}, first_fresh);
  });
  const InFlightIds taken(waiting, candidates, static_cast<std::size_t>(request.slots));
  if (taken.ids().empty()) return wire::ClaimAnswer{};
  auto answer = claim_by_ids(context, {request.worker_id, request.instance}, taken.ids());
  if (!answer) return answer;
  answer->refused.clear();
  answer->has_more = candidates.size() >= static_cast<std::size_t>(request.slots);
  return answer;
}

// One look into the pool. Losing a race for a candidate is no refusal: nobody asked for that one. `has_lost` says that all were lost.
base::Result<wire::ClaimAnswer> claim_from_pool(dispatch::ServerContext& context, const wire::ClaimRequest& request,
                                                bool& has_lost) {
  has_lost = false;
  if (request.priority_min.value_or(0) > 0) return claim_urgent(context, request);
  auto& waiting = context.long_polls;
  std::vector<base::CommandId> candidates;
  std::optional<base::CommandId> first_fresh;
  const auto watermark = dispatch::LongPolls::watermark_now();
  const auto seen = waiting.seen(request.pool);
  const auto looked_at = steady_clock::now();
  const auto scan = waiting.begin_scan(request.pool, looked_at);
  context.connections.run_one([&](postgres::Session& session) {
    const auto most = request.slots + static_cast<int>(std::min(waiting.in_flight(), candidates_beside_max));
    candidates =
        store::QueueTable(session).candidates({.pool = request.pool, .from = scan.from, .limit = most}, first_fresh);
  });
  waiting.end_scan(request.pool, scan, first_fresh, watermark);
  if (candidates.empty()) waiting.found_empty(request.pool, seen, looked_at);
  const InFlightIds taken(waiting, candidates, static_cast<std::size_t>(request.slots));
  if (taken.ids().empty()) return wire::ClaimAnswer{};
  // What became more urgent since that look goes before them.
  auto answer = claim_by_ids(context, {request.worker_id, request.instance}, taken.ids(), request.slots);
  if (!answer) return answer;
  answer->refused.clear();
  has_lost = answer->commands.empty();
  return answer;
}

base::Result<wire::ClaimAnswer> wait_and_claim(dispatch::ServerContext& context, const wire::ClaimRequest& request,
                                               std::stop_token stop, const std::function<bool()>& is_asker_there) {
  bool is_known = false;
  bool has_lost = false;
  int races = 0;
  std::optional<dispatch::LongPolls::Poll> poll;  // once it is known that the worker may wait
  const auto until = steady_clock::now() + std::min(request.wait, wire::claim_wait_max);
  for (;;) {
    const auto seen = context.long_polls.seen(request.pool);
    const bool may_skip = is_known || request.wait.count() == 0;
    const bool is_empty = may_skip && context.long_polls.is_known_empty(request.pool, steady_clock::now());
    auto answer = is_empty ? base::Result<wire::ClaimAnswer>{} : claim_from_pool(context, request, has_lost);
    if (is_empty && !is_known) return answer;
    if (!answer || !answer->commands.empty()) return answer;
    // Claiming something asks this as well: a poll that finds work costs no statement for it.
    if (!std::exchange(is_known, true)) {
      if (auto refused = check_serves(context, request); !refused) return base::failure(refused.error());
      if (request.wait.count() > 0) poll.emplace(context.long_polls, request.worker_id);
    }
    if (steady_clock::now() >= until || stop.stop_requested() || (poll && poll->is_replaced())) return answer;
    if (is_asker_there && !is_asker_there()) return answer;  // within poll_interval
    const bool is_race = std::exchange(has_lost, false);
    if (is_race && ++races <= races_at_once_max) continue;
    const auto patience =
        is_race ? std::min(dispatch::LongPolls::poll_interval, std::chrono::milliseconds(1 << std::min(races, 9)))
                : dispatch::LongPolls::poll_interval;
    context.long_polls.wait(request.pool, seen, std::min(until, steady_clock::now() + patience), stop);
  }
}

base::Result<wire::ClaimAnswer> wait_for_dispatch(dispatch::ServerContext& context, const wire::ClaimRequest& request,
                                                  std::stop_token stop, std::function<bool()> is_asker_there) {
  const dispatch::Dispatcher::Poll worker{.pool = request.pool,
                                          .worker_id = request.worker_id,
                                          .instance = request.instance,
                                          .slots = static_cast<std::size_t>(request.slots),
                                          .is_there = std::move(is_asker_there)};
  if (!context.dispatcher.is_known(worker)) {
    if (auto refused = check_serves(context, request); !refused) return base::failure(refused.error());
    context.dispatcher.note_known(worker);
  }
  auto dispatched = context.dispatcher.wait(worker, steady_clock::now() + std::min(request.wait, wire::claim_wait_max),
                                            std::move(stop));
  wire::ClaimAnswer answer;
  answer.commands = std::move(dispatched.commands);
  answer.claim_id = dispatched.claim_id;
  answer.waited = dispatched.waited;
  return answer;
}
}  // namespace

base::Result<wire::ClaimAnswer> claim_commands(dispatch::ServerContext& context, const wire::ClaimRequest& request,
                                               std::stop_token stop, std::function<bool()> is_asker_there) {
  if (request.direct_dispatch) return wait_for_dispatch(context, request, std::move(stop), std::move(is_asker_there));
  if (!request.queue_ids.empty())
    return claim_by_ids(context, {request.worker_id, request.instance}, request.queue_ids, request.slots);
  return wait_and_claim(context, request, std::move(stop), is_asker_there);
}

}  // namespace noetl::queue
