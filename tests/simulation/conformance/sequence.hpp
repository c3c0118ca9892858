#pragma once
// Sequence: random statements of the store's classes, one after the other, and what they answered and left in the
// tables, as lines. The same file is compiled against Postgres and against the model, and both must say the same. One
// thread.
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "server/postgres/connection_pool.hpp"

namespace noetl::simulation {

// What a sequence works on: empty tables with one catalog entry, and a clock that only moves when it is told to.
struct Bench {
  postgres::ConnectionPool& connections;
  std::function<void(std::chrono::milliseconds)> advance;
  std::function<std::vector<std::string>()> dump;  // all rows of all tables, sorted
};

[[nodiscard]] std::vector<std::string> run_sequence(const Bench& bench, std::uint64_t seed, int statements);

}  // namespace noetl::simulation
