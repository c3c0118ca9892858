#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "server/counts/work_counts.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <numeric>

namespace noetl::counts {
namespace {
using namespace std::chrono_literals;

EndedAttempt attempt(const std::string& pool, const std::string& tool, AttemptOutcome outcome,
                     std::chrono::microseconds duration = 1ms) {
  return {.pool = pool, .tool = tool, .outcome = outcome, .duration = duration};
}

std::uint64_t attempts_of(const WorkCounts& counts, const std::string& pool, const std::string& tool,
                          AttemptOutcome outcome) {
  const auto work = counts.read();
  const auto found = work.pools.find({pool, tool});
  return found == work.pools.end() ? 0 : found->second.by_outcome[static_cast<std::size_t>(outcome)];
}

base::ExecutionId made(std::chrono::milliseconds ago) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return {base::IdGenerator::first_id_at(std::chrono::duration_cast<std::chrono::milliseconds>(now - ago).count())};
}

Work ended(const std::string& path, domain::ExecutionStatus status, std::chrono::milliseconds ago = 0ms) {
  Work work;
  work.ended.push_back({.execution_id = made(ago), .path = path, .version = 1, .status = status, .error = {}});
  return work;
}

TEST_CASE("attempts are counted by pool, tool and outcome") {
  WorkCounts counts;
  Work work;
  work.attempts = {attempt("a", "http", AttemptOutcome::completed), attempt("a", "http", AttemptOutcome::completed),
                   attempt("a", "http", AttemptOutcome::failed), attempt("a", "shell", AttemptOutcome::lost),
                   attempt("b", "http", AttemptOutcome::released)};

  counts.add(work);
  counts.add(work);

  CHECK(attempts_of(counts, "a", "http", AttemptOutcome::completed) == 4);
  CHECK(attempts_of(counts, "a", "http", AttemptOutcome::failed) == 2);
  CHECK(attempts_of(counts, "a", "shell", AttemptOutcome::lost) == 2);
  CHECK(attempts_of(counts, "b", "http", AttemptOutcome::released) == 2);
  CHECK(attempts_of(counts, "b", "http", AttemptOutcome::completed) == 0);
}

TEST_CASE("how long attempts take is counted of those that completed or failed") {
  WorkCounts counts;
  Work work;
  work.attempts = {attempt("a", "http", AttemptOutcome::completed, 5ms),
                   attempt("b", "http", AttemptOutcome::failed, 2s), attempt("a", "http", AttemptOutcome::lost, 10s),
                   attempt("a", "http", AttemptOutcome::released, 10s),
                   attempt("a", "http", AttemptOutcome::completed, std::chrono::hours(1))};

  counts.add(work);

  const auto work_done = counts.read();
  const auto& durations = work_done.tools.at("http");
  const std::vector<std::uint64_t> by_bucket(durations.counts().begin(), durations.counts().end());
  CHECK(by_bucket == std::vector<std::uint64_t>{1, 0, 0, 0, 1, 0, 0, 0, 1});  // at a bound is below it
  CHECK(durations.sum() == doctest::Approx(3602.005));
}

TEST_CASE("executions are counted by path and status, and last from when they were made") {
  WorkCounts counts;
  Work begun;
  begun.started = {"p", "p", "q"};

  counts.add(begun);
  counts.add(ended("p", domain::ExecutionStatus::completed, 10s));
  counts.add(ended("p", domain::ExecutionStatus::failed, 10s));
  counts.add(ended("q", domain::ExecutionStatus::cancelled));

  const auto paths = counts.read().paths;
  CHECK(paths.at("p").started == 2);
  CHECK(paths.at("p").completed == 1);
  CHECK(paths.at("p").failed == 1);
  CHECK(paths.at("q").cancelled == 1);
  CHECK(paths.at("p").durations.sum() == doctest::Approx(20.0).epsilon(0.05));
  CHECK(paths.at("p").durations.counts()[4] == 2);  // 5 to 30 s
}

TEST_CASE("an execution whose maker's clock is ahead lasts no negative time") {
  WorkCounts counts;

  counts.add(ended("p", domain::ExecutionStatus::completed, -10s));

  CHECK(counts.read().paths.at("p").durations.sum() == 0.0);
}

TEST_CASE("names beyond a bound are counted together, and those known before by themselves") {
  WorkCounts counts;
  for (std::size_t i = 0; i < paths_max + 50; ++i)
    counts.add(ended("path/" + std::to_string(i), domain::ExecutionStatus::completed));
  Work work;
  for (std::size_t i = 0; i < pools_with_tools_max + 50; ++i)
    work.attempts.push_back(attempt("pool" + std::to_string(i), "kind" + std::to_string(i), AttemptOutcome::failed));
  counts.add(work);
  counts.add(ended("path/0", domain::ExecutionStatus::completed));

  const auto done = counts.read();
  CHECK(done.paths.size() == paths_max + 1);
  CHECK(done.paths.at(others).completed == 50);
  CHECK(done.paths.at("path/0").completed == 2);
  CHECK(done.pools.size() == pools_with_tools_max + 1);
  CHECK(done.pools.at({others, others}).by_outcome[static_cast<std::size_t>(AttemptOutcome::failed)] == 50);
  CHECK(done.tools.size() == tools_max + 1);
  const auto& rest = done.tools.at(others).counts();
  CHECK(std::accumulate(rest.begin(), rest.end(), std::uint64_t{0}) == pools_with_tools_max + 50 - tools_max);
}

TEST_CASE("dead commands are counted by pool and tool") {
  WorkCounts counts;
  Work work;
  work.dead = {{"a", "http"}, {"a", "http"}};

  counts.add(work);

  CHECK(counts.read().pools.at({"a", "http"}).dead == 2);
}

}  // namespace
}  // namespace noetl::counts
