#include "bench/start_latency.hpp"

#include <httplib.h>

#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

#include "cli/load/send_load.hpp"

namespace noetl::bench {
namespace {

using load::percentile;
using nlohmann::json;
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

Enqueued enqueue(httplib::Client& client, const std::string& body) {
  Enqueued one;
  one.sent = Clock::now();
  const auto answer = client.Post("/api/v2/commands", body, "application/json");
  one.accepted = Clock::now();
  if (!answer || answer->status / 100 != 2)
    throw std::runtime_error("enqueue refused: " + (answer ? answer->body : "no answer"));
  one.id = json::parse(answer->body).at("queue_id").get<std::string>();
  return one;
}

Clock::time_point began_at(httplib::Client& client, const std::string& id) {
  const auto until = Clock::now() + end_patience;
  while (Clock::now() < until) {
    const auto answer = client.Get("/api/v2/commands/" + id);
    if (!answer || answer->status != 200) throw std::runtime_error("command " + id + " cannot be read");
    const json command = json::parse(answer->body);
    const auto status = command.at("status").get<std::string>();
    if (status == "done")
      return Clock::time_point(std::chrono::nanoseconds(command.at("result").at("ns").get<std::int64_t>()));
    if (status != "queued" && status != "running")
      throw std::runtime_error("command " + id + " is " + status);
    std::this_thread::sleep_for(10ms);
  }
  throw std::runtime_error("command " + id + " did not end within 30 s");
}

}  // namespace

json measure_start_latency(const LatencyRun& run) {
  httplib::Client client(run.host, run.port);
  client.set_keep_alive(true);
  client.set_tcp_nodelay(true);
  const std::string body = json{{"tool", {{"kind", "python"}, {"code", code}}}}.dump();
  const auto gap =
      std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(1 / run.per_second));
  std::vector<Enqueued> all;
  all.reserve(static_cast<std::size_t>(warm_up + run.count));
  auto next = Clock::now();
  for (int i = 0; i < warm_up + run.count; ++i) {
    std::this_thread::sleep_until(next);  // an open loop: the pace does not follow the answers
    next += gap;
    all.push_back(enqueue(client, body));
  }
  std::vector<double> from_request;
  std::vector<double> from_answer;
  for (std::size_t i = warm_up; i < all.size(); ++i) {
    const auto began = began_at(client, all[i].id);
    from_request.push_back(ms_between(all[i].sent, began));
    from_answer.push_back(std::max(0.0, ms_between(all[i].accepted, began)));
  }
  return {{"count", run.count},
          {"enqueued", all.size()},
          {"p50_ms", percentile(from_request, 0.5)},
          {"p99_ms", percentile(from_request, 0.99)},
          {"max_ms", percentile(from_request, 1)},
          {"accepted_p50_ms", percentile(from_answer, 0.5)},
          {"accepted_p99_ms", percentile(from_answer, 0.99)},
          {"accepted_max_ms", percentile(from_answer, 1)}};
}

}  // namespace noetl::bench
