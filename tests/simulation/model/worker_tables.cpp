// server/store/queue/worker_table.hpp and upkeep_statements.hpp on the model database: one function for each statement of
// sql/queries/worker.sql and upkeep.sql.
#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

#include "server/store/queue/pool_table.hpp"
#include "server/store/queue/worker_command_table.hpp"
#include "server/store/queue/worker_table.hpp"
#include "server/store/upkeep/upkeep_statements.hpp"
#include "tests/simulation/model/session.hpp"

namespace noetl::store {

namespace {
using domain::CommandStatus;
using simulation::ClaimKey;
using simulation::ClaimRow;
using simulation::Database;
using simulation::QueueRow;
using simulation::Time;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds answered_after{6};  // claims older than this have been answered
constexpr milliseconds look_max{3'600'000};

bool is_held(const wire::Heartbeat& heartbeat, base::CommandId id) {
  return std::ranges::any_of(heartbeat.held, [&](const auto& lease) { return lease.queue_id == id; });
}

// What `confirmed_claim_ids`, `stale` and `freed` of renew_leases do.
void reclaim_unconfirmed(Database& database, const wire::Heartbeat& heartbeat, base::ClaimId claim_id) {
  const auto before = database.now() - answered_after;
  std::vector<base::CommandId> stale;
  bool is_anew = false;
  for (const auto confirmed : heartbeat.confirmed_claim_ids)
    is_anew = database.claims.erase({heartbeat.worker_id, confirmed}) > 0 || is_anew;
  std::erase_if(database.claims, [&](const auto& entry) {
    const auto& [key, claim] = entry;
    if (heartbeat.has_claim_in_flight || key.first != heartbeat.worker_id || claim.claimed_at >= before) return false;
    is_anew = true;
    stale.insert(stale.end(), claim.queue_ids.begin(), claim.queue_ids.end());
    return true;
  });
  if (is_anew && !heartbeat.held.empty()) {
    ClaimRow kept{.queue_ids = {}, .claimed_at = database.now()};
    for (const auto& lease : heartbeat.held) kept.queue_ids.push_back(lease.queue_id);
    database.claims[{heartbeat.worker_id, claim_id}] = std::move(kept);
  }
  for (const auto id : stale) {
    QueueRow* row = database.find(id);
    if (row == nullptr || is_held(heartbeat, id) || row->status != CommandStatus::running) continue;
    if (row->worker_id != heartbeat.worker_id || !row->claimed_at || *row->claimed_at >= before) continue;
    database.update(*row, "renew_leases", [&](QueueRow& q) {
      q.status = CommandStatus::queued;
      --q.attempts;
      q.available_at = database.now();
    });
  }
}

// A worker whose commands may be taken from it: of this one, or of any that is gone.
bool is_gone(const Database& database, const std::string& worker_id, const std::optional<std::string>& only) {
  if (only) return worker_id == *only;
  const auto found = database.workers.find(worker_id);
  return found == database.workers.end() || !found->second.is_active();
}

bool runs_under(const QueueRow* row, const std::string& worker_id) {
  return row != nullptr && row->status == CommandStatus::running && row->worker_id == worker_id;
}

WaitingCommand waiting_from(const QueueRow& row) {
  return {.queue_id = row.queue_id,
          .execution_id = row.execution_id,
          .step = row.step,
          .pool = row.pool,
          .priority = row.priority,
          .epoch = row.epoch,
          .available_at = {}};
}

milliseconds ceiled(Time time) { return std::chrono::ceil<milliseconds>(time); }
}  // namespace

bool WorkerTable::register_worker(const wire::WorkerRegistration& registration, milliseconds lease) {
  if (const auto held = lease_of(registration.worker_id); held && held->is_alive && !held->is_of(registration.instance))
    return false;
  auto& worker = session_.database.workers[registration.worker_id];
  worker = {};
  worker.registration = registration;
  worker.lease_until = session_.database.now() + lease;
  return true;
}

wire::HeartbeatAnswer WorkerTable::renew(const wire::Heartbeat& heartbeat, milliseconds lease, base::ClaimId claim_id) {
  auto& database = session_.database;
  wire::HeartbeatAnswer answer{.is_known = false, .lost = {}, .cancelled = {}};
  // Read before anything is freed: the parts of one statement see what was there when it began.
  for (const auto& held : heartbeat.held) {
    const QueueRow* row = database.find(held.queue_id);
    const bool is_cancelled = row != nullptr && (row->status == CommandStatus::cancelled || row->is_cancel_requested);
    if (is_cancelled)
      answer.cancelled.push_back(held.queue_id);
    else if (!runs_under(row, heartbeat.worker_id) || row->epoch != held.epoch)
      answer.lost.push_back(held.queue_id);
  }
  const auto found = database.workers.find(heartbeat.worker_id);
  if (found == database.workers.end() || !found->second.is_active()) return answer;
  if (!found->second.is_of(heartbeat.instance)) return answer;
  auto& worker = found->second;
  answer.is_known = true;
  answer.should_drain = worker.should_drain;
  worker.lease_until = database.now() + lease;
  worker.running = heartbeat.running;
  worker.status = heartbeat.status;
  reclaim_unconfirmed(database, heartbeat, claim_id);
  return answer;
}

bool WorkerTable::stop(const std::string& worker_id, const std::string& instance, bool by_force) {
  const auto held = lease_of(worker_id);
  if (!held || (!by_force && held->is_alive && !held->is_of(instance))) return false;
  const auto found = session_.database.workers.find(worker_id);
  found->second.status = "stopped";
  found->second.running = 0;
  found->second.lease_until = session_.database.now();
  return true;
}

bool WorkerTable::ask_to_drain(const std::string& worker_id) {
  const auto found = session_.database.workers.find(worker_id);
  if (found == session_.database.workers.end() || !found->second.is_active()) return false;
  return found->second.should_drain = true;
}

std::optional<WorkerLease> WorkerTable::lease_of(const std::string& worker_id) {
  const auto found = session_.database.workers.find(worker_id);
  if (found == session_.database.workers.end()) return std::nullopt;
  const auto& worker = found->second;
  const auto left = std::max(Time{0}, worker.lease_until - session_.database.now());
  return WorkerLease{.pool = worker.registration.pool,
                     .instance = worker.registration.instance,
                     .is_alive = worker.is_active() && left.count() > 0,
                     .left = ceiled(left),
                     .until = {}};
}

// One pool and a few workers: there is room.
RegistrationRoom WorkerTable::room(const std::string&, const std::string&, milliseconds) {
  return {.other_pools = 0, .other_workers = 0, .is_pool_known = true};
}
std::map<std::string, bool> WorkerTable::pools_in_use(milliseconds) { return {{"default", true}}; }
void WorkerTable::forget_ended() {}  // a day does not pass here

// Nobody commands a worker here: has_commands stays false.
std::vector<wire::WorkerCommand> WorkerCommandTable::take(const std::string&) { return {}; }
void WorkerCommandTable::answer(const std::string&, const std::vector<wire::WorkerCommandAnswer>&) {}

// No pool has rules of its own here.
wire::PoolsByName PoolTable::all() { return {}; }

UpkeepLook UpkeepStatements::look() {
  auto& database = session_.database;
  const Time now = database.now();
  UpkeepLook look;
  look.now_ms = std::chrono::round<milliseconds>(simulation::wall_begin + now).count();
  look.next_due = look_max;
  look.next_lease_end = look_max;
  look.next_deadline = look_max;
  for (const auto& [id, execution] : database.executions) {
    if (!execution.deadline_at) continue;
    if (*execution.deadline_at > now)
      look.next_deadline = std::min(look.next_deadline, ceiled(*execution.deadline_at - now));
    else if (execution.row.status == domain::ExecutionStatus::running)
      look.has_overdue = true;
  }
  for (const auto& [id, row] : database.queue) {
    if (!row.available_at) continue;
    if (*row.available_at > now)
      look.next_due = std::min(look.next_due, ceiled(*row.available_at - now));
    else if (row.status == CommandStatus::queued)
      look.has_due = true;
  }
  for (const auto& [id, worker] : database.workers) {
    if (!worker.is_active()) continue;
    look.next_lease_end = std::min(look.next_lease_end, ceiled(worker.lease_until - now));
    if (worker.lease_until < now) look.has_lost_worker = true;
  }
  for (const auto& [key, claim] : database.claims) {
    if (is_gone(database, key.first, std::nullopt)) look.has_orphan = true;
  }
  look.has_change = !database.changes.empty();
  for (const auto& [key, count] : database.depth) {
    if (count > 0 && key.second == CommandStatus::queued) look.has_waiting = true;
    if (count > 0 && key.second == CommandStatus::running) look.has_running = true;
  }
  look.has_unreported = std::ranges::any_of(database.executions, [](const auto& entry) {
    return !entry.second.is_parent_told && entry.second.row.status != domain::ExecutionStatus::running;
  });
  return look;
}

std::vector<std::string> UpkeepStatements::expire_workers() {
  std::vector<std::string> lost;
  for (auto& [id, worker] : session_.database.workers) {
    if (!worker.is_active() || worker.lease_until >= session_.database.now()) continue;
    worker.status = "lost";
    lost.push_back(id);
  }
  return lost;
}

std::vector<domain::Lease> UpkeepStatements::orphaned_commands(const std::optional<std::string>& worker_id) {
  auto& database = session_.database;
  std::map<base::CommandId, int> found;
  for (const auto& [key, claim] : database.claims) {
    if (!is_gone(database, key.first, worker_id)) continue;
    for (const auto id : claim.queue_ids) {
      const QueueRow* row = database.find(id);
      if (runs_under(row, key.first)) found[id] = row->epoch;
    }
  }
  std::vector<domain::Lease> leases;
  for (const auto& [id, epoch] : found) leases.push_back({id, epoch});
  return leases;
}

void UpkeepStatements::forget_claims(const std::optional<std::string>& worker_id) {
  auto& database = session_.database;
  std::erase_if(database.claims, [&](const auto& entry) {
    const auto& [key, claim] = entry;
    return is_gone(database, key.first, worker_id) && std::ranges::none_of(claim.queue_ids, [&](base::CommandId id) {
             return runs_under(database.find(id), key.first);
           });
  });
}

std::vector<WaitingCommand> UpkeepStatements::due_commands(const DueCursors& from, int limit) {
  auto& database = session_.database;
  if (database.flaws.is_deaf) return {};
  using Place = std::pair<Time, base::CommandId>;
  std::map<std::string, std::map<Place, const QueueRow*>> due;
  for (const auto& [id, row] : database.queue) {
    if (row.status != CommandStatus::queued || !row.available_at || *row.available_at > database.now()) continue;
    if (row.priority != 0) continue;
    const auto cursor = from.find(row.pool);
    const Place place{*row.available_at, id};
    if (cursor != from.end() && place <= Place{Time{std::stoll(cursor->second.available_at)}, cursor->second.queue_id})
      continue;
    due[row.pool][place] = &row;
  }
  // One of each pool in turn.
  std::vector<WaitingCommand> found;
  while (!due.empty() && found.size() < static_cast<std::size_t>(limit)) {
    for (auto pool = due.begin(); pool != due.end();) {
      const auto first = pool->second.begin();
      found.push_back(waiting_from(*first->second));
      found.back().available_at = std::to_string(first->first.first.count());
      pool->second.erase(first);
      pool = pool->second.empty() ? due.erase(pool) : std::next(pool);
    }
  }
  if (found.size() > static_cast<std::size_t>(limit)) found.resize(static_cast<std::size_t>(limit));
  return found;
}

std::vector<SoonDue> UpkeepStatements::due_soon(milliseconds horizon, int limit) {
  auto& database = session_.database;
  const Time now = database.now();
  std::map<std::pair<Time, base::CommandId>, const QueueRow*> soon;
  for (const auto& [id, row] : database.queue) {
    if (row.status != CommandStatus::queued || !row.available_at) continue;
    if (*row.available_at > now && *row.available_at <= now + horizon) soon[{*row.available_at, id}] = &row;
  }
  std::vector<SoonDue> found;
  for (const auto& [place, row] : soon) {
    if (found.size() >= static_cast<std::size_t>(limit)) break;
    found.push_back({waiting_from(*row), ceiled(place.first - now)});
  }
  return found;
}

std::set<std::string> UpkeepStatements::pools_with_workers() {
  std::set<std::string> pools;
  for (const auto& [id, worker] : session_.database.workers) {
    if (worker.is_active() && worker.lease_until > session_.database.now()) pools.insert(worker.registration.pool);
  }
  return pools;
}

std::vector<WaitingCommand> UpkeepStatements::due_by_priority(int limit) {
  auto& database = session_.database;
  if (database.flaws.is_deaf) return {};
  std::vector<const QueueRow*> due;
  for (const auto& [id, row] : database.queue) {
    const bool waits = row.status == CommandStatus::queued && row.available_at && *row.available_at <= database.now();
    if (waits && row.priority != 0) due.push_back(&row);
  }
  std::ranges::sort(due, [](const auto* a, const auto* b) {
    return std::tuple(-a->priority, *a->available_at, a->queue_id) <
           std::tuple(-b->priority, *b->available_at, b->queue_id);
  });
  std::map<std::pair<std::string, bool>, int> places;
  std::vector<WaitingCommand> found;
  for (const auto* row : due) {
    if (++places[{row->pool, row->priority > 0}] > limit) continue;
    found.push_back(waiting_from(*row));
    found.back().is_new = row->epoch == 0 && *row->available_at == row->created_at &&
                          row->created_at > database.now() - std::chrono::seconds(1);
  }
  return found;
}

std::vector<WaitingCommand> UpkeepStatements::unclaimed(base::CommandId after, base::CommandId until, int rows_max,
                                                        int waiting_max, base::CommandId& last_seen) {
  auto& database = session_.database;
  std::vector<WaitingCommand> found;
  int looked_at = 0;
  int waiting = 0;
  base::CommandId last_waiting;
  last_seen = until;
  for (auto at = database.queue.upper_bound(after); at != database.queue.end() && at->first <= until; ++at) {
    const QueueRow& row = at->second;
    if (row.status == CommandStatus::queued && ++waiting > waiting_max) {
      last_seen = last_waiting;
      break;
    }
    if (row.status == CommandStatus::queued) last_waiting = row.queue_id;
    const bool is_old = row.created_at < database.now() - seconds(1);
    if (!row.available_at && row.status == CommandStatus::queued && is_old && !database.flaws.is_deaf) {
      found.push_back(waiting_from(row));
    }
    if (++looked_at < rows_max) continue;
    last_seen = row.queue_id;
    break;
  }
  return found;
}

void UpkeepStatements::fold_queue_changes() {
  auto& database = session_.database;
  for (const auto& [key, change] : database.changes) database.depth[key] += change;
  database.changes.clear();
}

}  // namespace noetl::store
