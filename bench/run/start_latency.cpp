#include "bench/run/start_latency.hpp"

#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

#include "cli/load/connection.hpp"
#include "cli/load/send_load.hpp"

namespace noetl::bench {
namespace {

using load::percentile;
using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;  // CLOCK_MONOTONIC, as is time.monotonic_ns()
using namespace std::chrono_literals;

constexpr int warm_up = 20;  // interpreters have read the code, pages have been touched
constexpr auto end_patience = 30s;

const char* const code = "import time\n\ndef main():\n    return {\"ns\": time.monotonic_ns()}\n";

struct Enqueued {
  std::string id;
  Clock::time_point sent, accepted;
};

double ms_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

Enqueued enqueue(load::Connection& server, const std::string& body) {
  Enqueued one;
  one.sent = Clock::now();
  const auto answer = server.post("/api/v2/commands", body);
  one.accepted = Clock::now();
  if (!answer) throw std::runtime_error(answer.error().message);
  one.id = Json::parse(*answer).at("queue_id").get<std::string>();
  return one;
}

Clock::time_point began_at(load::Connection& server, const std::string& id) {
  const auto until = Clock::now() + end_patience;
  while (Clock::now() < until) {
    const auto command = server.get("/api/v2/commands/" + id);
    if (!command) throw std::runtime_error(command.error().message);
    const auto status = command->at("status").get<std::string>();
    if (status == "done")
      return Clock::time_point(std::chrono::nanoseconds(command->at("result").at("ns").get<std::int64_t>()));
    if (status != "queued" && status != "running") throw std::runtime_error("command " + id + " is " + status);
    std::this_thread::sleep_for(10ms);
  }
  throw std::runtime_error("command " + id + " did not end within 30 s");
}

}  // namespace

Json measure_start_latency(const LatencyRun& run) {
  load::Connection server(run.target, {});
  const std::string body = Json{{"tool", {{"kind", "python"}, {"code", code}}}}.dump();
  const auto gap = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(1 / run.per_second));
  std::vector<Enqueued> all;
  all.reserve(static_cast<std::size_t>(warm_up + run.count));
  auto next = Clock::now();
  for (int i = 0; i < warm_up + run.count; ++i) {
    std::this_thread::sleep_until(next);  // an open loop: the pace does not follow the answers
    next += gap;
    all.push_back(enqueue(server, body));
  }
  std::vector<double> from_request;
  std::vector<double> from_answer;
  for (std::size_t i = warm_up; i < all.size(); ++i) {
    const auto began = began_at(server, all[i].id);
    from_request.push_back(ms_between(all[i].sent, began));
    from_answer.push_back(std::max(0.0, ms_between(all[i].accepted, began)));
  }
  return {{"count", run.count},
          {"enqueued", all.size()},
          {"refusals", server.refusals()},
          {"p50_ms", percentile(from_request, 0.5)},
          {"p99_ms", percentile(from_request, 0.99)},
          {"max_ms", percentile(from_request, 1)},
          {"accepted_p50_ms", percentile(from_answer, 0.5)},
          {"accepted_p99_ms", percentile(from_answer, 0.99)},
          {"accepted_max_ms", percentile(from_answer, 1)}};
}

}  // namespace noetl::bench
