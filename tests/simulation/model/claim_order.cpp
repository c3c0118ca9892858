#include "tests/simulation/model/claim_order.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include "tests/simulation/model/session.hpp"

namespace noetl::simulation {

using domain::CommandStatus;

std::vector<base::CommandId> by_priority(const Database& database, const std::string& pool,
                                         const std::vector<base::CommandId>& ids, std::size_t slots) {
  const auto waits = [&](const QueueRow& row) {
    return row.status == CommandStatus::queued && row.pool == pool && is_due(row, database.now());
  };
  std::vector<const QueueRow*> urgent;
  for (const auto& [id, row] : database.queue) {
    if (waits(row) && row.available_at && row.priority > 0) urgent.push_back(&row);
  }
  if (urgent.empty()) return ids;
  std::ranges::sort(urgent, [](const auto* a, const auto* b) {
    return std::tuple(-a->priority, *a->available_at, a->queue_id) <
           std::tuple(-b->priority, *b->available_at, b->queue_id);
  });
  std::vector<base::CommandId> chosen;
  for (const auto* row : urgent) chosen.push_back(row->queue_id);
  for (const auto id : std::set(ids.begin(), ids.end())) {
    const auto found = database.queue.find(id);
    if (found == database.queue.end() || !waits(found->second)) continue;
    if (!found->second.available_at || found->second.priority <= 0) chosen.push_back(id);
  }
  chosen.resize(std::min(chosen.size(), slots));
  return chosen;
}

}  // namespace noetl::simulation

namespace noetl::store {

using domain::CommandStatus;
using simulation::is_due;
using simulation::QueueRow;

std::vector<base::CommandId> QueueTable::candidates(const Looking& looking,
                                                    std::optional<base::CommandId>& first_fresh) {
  auto& database = session_.database;
  const auto limit = static_cast<std::size_t>(looking.limit);
  std::vector<const QueueRow*> urgent, normal, low;
  std::size_t fresh = 0;
  first_fresh.reset();
  if (database.flaws.is_deaf) return {};
  for (const auto& [id, row] : database.queue) {
    if (row.status != CommandStatus::queued || row.pool != looking.pool || !is_due(row, database.now())) continue;
    if (!row.available_at && (id < looking.from || ++fresh > std::max<std::size_t>(limit, 256))) continue;
    if (!row.available_at && !first_fresh) first_fresh = id;
    (!row.available_at || row.priority == 0 ? normal : row.priority > 0 ? urgent : low).push_back(&row);
  }
  std::vector<const QueueRow*> chosen;
  for (auto* part : {&urgent, &normal, &low}) {
    const bool is_over = looking.priority_min > 0 && part != &urgent;
    std::ranges::sort(*part, [](const auto* a, const auto* b) {
      const auto since = [](const auto* row) { return row->available_at.value_or(row->created_at); };
      return std::tuple(-a->priority, since(a), a->queue_id) < std::tuple(-b->priority, since(b), b->queue_id);
    });
    for (const auto* row : *part) {
      if (!is_over && chosen.size() < limit) chosen.push_back(row);
    }
  }
  if (looking.priority_min > 0 || urgent.size() >= limit) first_fresh = looking.from;
  std::ranges::stable_sort(chosen, [](const auto* a, const auto* b) { return a->priority > b->priority; });
  std::vector<base::CommandId> ids;
  for (const auto* row : chosen) ids.push_back(row->queue_id);
  return ids;
}

}  // namespace noetl::store
