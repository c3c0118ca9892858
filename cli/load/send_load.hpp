#pragma once
// Load over HTTP from several kept connections at once, measured from the first request to the last answer. Any thread.
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/load/connection.hpp"

namespace noetl::load {

struct Load {
  Target target;
  std::string path;  // route
  std::function<std::string(std::size_t items)> body;  // of a request with so many; any thread
  std::size_t items = 1;  // in all
  std::size_t items_per_request = 1;  // fewer in the last one
  int connections = 1;
  double requests_per_second = 0;  // of all connections together, evenly; 0: as many as are answered
  std::stop_token stop = {};
};

struct Sent {
  std::size_t items = 0;  // that were accepted
  double seconds = 0;
  std::vector<double> request_ms;
  std::vector<std::string> answers;  // to what was accepted, in no order
  std::size_t refusals = 0;  // with 503, repeated
  std::optional<base::Error> problem;  // the first that is not answered with 2xx ends all
};

[[nodiscard]] Sent send_load(const Load& load);

// The value below which `part` of the values lie; 0 when there are none.
[[nodiscard]] double percentile(std::vector<double> values, double part);

}  // namespace noetl::load
