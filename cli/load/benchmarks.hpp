#pragma once
// The kinds of `noetlctl bench`: no-ops and three-step playbooks against a server that runs with workers of its own. Each
// says what it measured and what it left behind. Main thread.
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/load/connection.hpp"

namespace noetl::load {

struct Plan {
  Target target;
  std::string pool;
  std::size_t count = 1;  // commands or executions
  std::size_t batch = 1;  // of them in a request
  int connections = 1;
  double per_second = 1;  // of latency alone
  std::chrono::milliseconds patience{0};  // for the end of what was accepted
  std::stop_token stop = {};
};

struct Figure {
  std::string key;  // in JSON
  std::string title;
  double value = 0;
  std::string unit;
};

struct Measured {
  std::vector<Figure> figures;
  std::string left_behind;  // empty: nothing
  std::optional<base::Error> problem;  // what was measured until then is there all the same
};

[[nodiscard]] Measured measure_enqueue(const Plan& plan);
// The others need a worker in the pool: unavailable, before anything is sent, when there is none.
[[nodiscard]] Measured measure_drain(const Plan& plan);
[[nodiscard]] Measured measure_execute(const Plan& plan);
[[nodiscard]] Measured measure_latency(const Plan& plan);

// {name: [item, item, …]}
[[nodiscard]] std::string batch_body(const std::string& name, const nlohmann::json& item, std::size_t items);

}  // namespace noetl::load
