// noetl-model-sequence SEED STATEMENTS: what a sequence says on the model database.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/simulation/conformance/sequence.hpp"
#include "tests/simulation/model/database.hpp"

namespace noetl::simulation {
namespace {

std::string shown(Time time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
}
std::string shown(const std::optional<Time>& time) { return time ? shown(*time) : "-"; }
std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }
std::string truth(bool is_true) { return is_true ? "t" : "f"; }

std::string shown(const QueueRow& row) {
  return "queue " + row.queue_id.str() + " " + row.execution_id.str() + " " + std::string(to_string(row.status)) + " " +
         std::to_string(row.epoch) + " " + std::to_string(row.attempts) + "/" + std::to_string(row.max_attempts) + " " +
         std::to_string(row.priority) + " " + or_dash(row.worker_id) + " " + shown(row.available_at) + " " +
         shown(row.claimed_at) + " " + shown(row.finished_at) + " " + shown(row.created_at) + " " +
         truth(row.is_cancel_requested) + " " + or_dash(row.idempotency_key) + " " + or_dash(row.result) + " " +
         or_dash(row.error);
}

std::vector<std::string> dump(const Database& database) {
  std::vector<std::string> lines;
  for (const auto& [id, row] : database.queue) lines.push_back(shown(row));
  for (const auto& [id, worker] : database.workers) {
    lines.push_back("worker " + id + " " + worker.status + " " + truth(worker.should_drain) + " " +
                    std::to_string(worker.running) + " " + shown(worker.lease_until));
  }
  for (const auto& [key, claim] : database.claims) {
    auto ids = claim.queue_ids;
    std::sort(ids.begin(), ids.end());
    std::string text;
    for (const auto id : ids) text += (text.empty() ? "" : ",") + id.str();
    lines.push_back("claim " + key.first + " " + key.second.str() + " " + text + " " + shown(claim.claimed_at));
  }
  for (const auto& [id, execution] : database.executions) {
    lines.push_back("execution " + id.str() + " " + std::string(to_string(execution.row.status)) + " " +
                    std::to_string(execution.row.outstanding) + " " + execution.row.state + " " +
                    truth(execution.is_parent_told));
  }
  for (const auto& event : database.events) {
    lines.push_back("event " + event.event_id.str() + " " + event.queue_id.str() + " " + event.event_type + " " +
                    or_dash(event.status));
  }
  for (const auto& [id, letter] : database.dead_letters) {
    lines.push_back("dead " + id.str() + " " + letter.error_kind + " " + std::to_string(letter.attempts));
  }
  for (const auto& [key, item] : database.loop_items) {
    lines.push_back("item " + std::to_string(std::get<2>(key)) + " " + item.status + " " + or_dash(item.result));
  }
  std::map<DepthKey, std::int64_t> depth = database.depth;
  for (const auto& [key, change] : database.changes) depth[key] += change;
  for (const auto& [key, count] : depth) {
    if (count != 0)
      lines.push_back("depth " + key.first + " " + std::string(to_string(key.second)) + " " + std::to_string(count));
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

}  // namespace
}  // namespace noetl::simulation

int main(int count, char** words) {
  using namespace noetl::simulation;
  if (count != 3) {
    std::fputs("usage: noetl-model-sequence SEED STATEMENTS\n", stderr);
    return 2;
  }
  Time now{0};
  Database database([&] { return now; }, [](const std::string& what) { std::printf("BROKEN %s\n", what.c_str()); });
  installation().database = &database;
  noetl::postgres::ConnectionPool connections{noetl::postgres::PoolSettings{}};
  const Bench bench{.connections = connections,
                    .advance = [&](std::chrono::milliseconds by) { now += by; },
                    .dump = [&] { return dump(database); }};
  for (const auto& line : run_sequence(bench, std::strtoull(words[1], nullptr, 10), std::atoi(words[2]))) {
    std::printf("%s\n", line.c_str());
  }
  return 0;
}
