#include "bench/load.hpp"

#include <httplib.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

namespace noetl::bench {
namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// What all connections share: the requests left to send, and what was measured.
struct Shared {
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::vector<double> request_ms;
  std::string problem;
};

void send_requests(const Load& load, Shared& shared) {
  httplib::Client client(load.host, load.port);
  client.set_keep_alive(true);
  client.set_tcp_nodelay(true);
  client.set_read_timeout(60);
  std::vector<double> request_ms;
  std::string problem;
  while (problem.empty() && shared.next.fetch_add(1) < load.requests) {
    const auto start = Clock::now();
    const auto answer = client.Post(load.path, load.body, "application/json");
    request_ms.push_back(ms_since(start));
    if (!answer)
      problem = "no answer: " + httplib::to_string(answer.error());
    else if (answer->status / 100 != 2)
      problem = "HTTP " + std::to_string(answer->status) + " " + answer->body;
  }
  const std::lock_guard lock(shared.mutex);
  shared.request_ms.insert(shared.request_ms.end(), request_ms.begin(), request_ms.end());
  if (!problem.empty()) shared.problem = problem;
}

}  // namespace

double percentile(std::vector<double> values, double part) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto at = static_cast<std::size_t>(part * static_cast<double>(values.size()));
  return values[std::min(at, values.size() - 1)];
}

nlohmann::json run_load(const Load& load) {
  Shared shared;
  const auto start = Clock::now();
  {
    std::vector<std::jthread> senders;
    for (int i = 0; i < load.connections; ++i) senders.emplace_back([&] { send_requests(load, shared); });
  }
  const double seconds = ms_since(start) / 1000;
  if (!shared.problem.empty()) throw std::runtime_error("POST " + load.path + ": " + shared.problem);
  const auto items = load.requests * load.items_per_request;
  return {{"items", items},
          {"seconds", seconds},
          {"per_second", static_cast<double>(items) / seconds},
          {"request_p50_ms", percentile(shared.request_ms, 0.5)},
          {"request_p99_ms", percentile(shared.request_ms, 0.99)}};
}

}  // namespace noetl::bench
