#include "server/counts/work_counts.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace noetl::counts {
namespace {

template <class T>
void move_to_end(std::vector<T>& into, std::vector<T>& from) {
  into.insert(into.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

template <class Key, class Value>
Value& place_of(std::map<Key, Value>& places, const Key& key, const Key& beyond, std::size_t places_max,
                const Value& fresh) {
  const auto found = places.find(key);
  if (found != places.end()) return found->second;
  return places.try_emplace(places.size() < places_max ? key : beyond, fresh).first->second;
}

PoolTool& place_of(WorkCounts::Snapshot& counts, const std::string& pool, const std::string& tool) {
  return place_of(counts.pools, {pool, tool}, {others, others}, pools_with_tools_max, PoolTool{});
}

PathCounts& place_of(WorkCounts::Snapshot& counts, const std::string& path) {
  return place_of(counts.paths, path, std::string(others), paths_max, PathCounts{});
}

void add_attempts(WorkCounts::Snapshot& counts, const std::vector<EndedAttempt>& attempts) {
  // A report is mostly of one pool and one tool: looked up once for the whole run of them.
  const EndedAttempt* looked_up = nullptr;
  PoolTool* pool = nullptr;
  Durations* durations = nullptr;
  for (const auto& attempt : attempts) {
    if (looked_up == nullptr || looked_up->tool != attempt.tool || looked_up->pool != attempt.pool) {
      pool = &place_of(counts, attempt.pool, attempt.tool);
      durations = &place_of(counts.tools, attempt.tool, std::string(others), tools_max, Durations{attempt_bounds});
      looked_up = &attempt;
    }
    ++pool->by_outcome[static_cast<std::size_t>(attempt.outcome)];
    if (attempt.outcome == AttemptOutcome::completed || attempt.outcome == AttemptOutcome::failed)
      durations->add(std::chrono::duration<double>(attempt.duration).count());
  }
}

// From when it was made, which its id says, until now: both by clocks of servers.
double seconds_since(base::ExecutionId id) {
  const auto ids_of_a_millisecond = base::IdGenerator::first_id_at(base::IdGenerator::epoch_ms + 1);
  const std::chrono::milliseconds made_at(base::IdGenerator::epoch_ms + id.value / ids_of_a_millisecond);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::max(0.0, std::chrono::duration<double>(now - made_at).count());
}

void add_ended(WorkCounts::Snapshot& counts, const EndedExecution& ended) {
  auto& path = place_of(counts, ended.path);
  switch (ended.status) {
    case domain::ExecutionStatus::completed: ++path.completed; break;
    case domain::ExecutionStatus::failed: ++path.failed; break;
    case domain::ExecutionStatus::cancelled: ++path.cancelled; break;
    case domain::ExecutionStatus::running: return;
  }
  path.durations.add(seconds_since(ended.execution_id));
}
}  // namespace

void Work::append(Work more) {
  move_to_end(attempts, more.attempts);
  move_to_end(dead, more.dead);
  move_to_end(started, more.started);
  move_to_end(ended, more.ended);
}

void WorkCounts::add(const Work& work) {
  counts_.with([&work](Snapshot& counts) {
    add_attempts(counts, work.attempts);
    for (const auto& dead : work.dead) ++place_of(counts, dead.pool, dead.tool).dead;
    for (const auto& path : work.started) ++place_of(counts, path).started;
    for (const auto& ended : work.ended) add_ended(counts, ended);
  });
  for (const auto& ended : work.ended) {
    if (ended.status == domain::ExecutionStatus::failed) failed_.log(ended);
  }
}

WorkCounts::Snapshot WorkCounts::read() const {
  return counts_.with([](const Snapshot& counts) { return counts; });
}

std::string_view to_string(AttemptOutcome outcome) {
  switch (outcome) {
    case AttemptOutcome::completed: return "completed";
    case AttemptOutcome::failed: return "failed";
    case AttemptOutcome::cancelled: return "cancelled";
    case AttemptOutcome::released: return "released";
    case AttemptOutcome::lost: return "lost";
  }
  return "";
}

}  // namespace noetl::counts
