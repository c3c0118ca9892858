#include "bench/start_latency.hpp"

#include <httplib.h>

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "cli/load/send_load.hpp"

namespace noetl::bench {
namespace {

using load::percentile;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

double ms_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

// Records when each number was first called for.
class Listener {
 public:
  Listener() {
    // A kept connection holds a thread, and every worker keeps one: with too few, the bench would measure its own queue.
    server_.new_task_queue = [] { return new httplib::ThreadPool(connections_max); };
    server_.set_tcp_nodelay(true);
    server_.set_keep_alive_max_count(1'000'000);  // five by default: a new connection at each fifth
    server_.Get(R"(/(\d+))", [this](const httplib::Request& request, httplib::Response& response) {
      arrived(std::stoi(request.matches[1]));
      response.set_content("{}", "application/json");
    });
    port_ = server_.bind_to_any_port("127.0.0.1");  // listens already: early connections wait
    thread_ = std::jthread([this] { server_.listen_after_bind(); });
  }
  ~Listener() { server_.stop(); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] Clock::time_point wait_for(int number) {
    std::unique_lock lock(mutex_);
    if (!arrival_.wait_for(lock, 15s, [&] { return arrivals_.contains(number); })) {
      throw std::runtime_error("command " + std::to_string(number) + " did not start within 15 s");
    }
    return arrivals_[number];
  }

 private:
  static constexpr std::size_t connections_max = 256;

  void arrived(int number) {
    const auto now = Clock::now();
    {
      const std::lock_guard lock(mutex_);
      arrivals_.try_emplace(number, now);
    }
    arrival_.notify_all();
  }

  httplib::Server server_;
  int port_ = 0;
  std::mutex mutex_;
  std::condition_variable arrival_;
  std::map<int, Clock::time_point> arrivals_;
  std::jthread thread_;
};

double loopback_ms(Listener& listener) {
  constexpr int first_number = 1'000'000;  // beyond those of the commands
  std::vector<double> values;
  for (int number = first_number; number < first_number + 50; ++number) {
    httplib::Client client("127.0.0.1", listener.port());
    const auto start = Clock::now();
    if (!client.Get("/" + std::to_string(number))) throw std::runtime_error("the listener does not answer");
    values.push_back(ms_between(start, listener.wait_for(number)));
  }
  return percentile(values, 0.5);
}

}  // namespace

nlohmann::json measure_start_latency(const LatencyRun& run) {
  Listener listener;
  const double loopback = loopback_ms(listener);
  httplib::Client client(run.host, run.port);
  client.set_keep_alive(true);
  client.set_tcp_nodelay(true);
  std::vector<double> from_request;
  std::vector<double> from_answer;
  const auto gap =
      std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(1 / run.per_second));
  auto next = Clock::now();
  for (int i = 0; i < run.count; ++i) {
    std::this_thread::sleep_until(next);  // an open loop: the pace does not follow the answers
    next += gap;
    const nlohmann::json command{
        {"tool",
         {{"kind", "http"},
          {"method", "GET"},
          {"url", "http://127.0.0.1:" + std::to_string(listener.port()) + "/" + std::to_string(i)}}}};
    const auto sent = Clock::now();
    const auto answer = client.Post("/api/v2/commands", command.dump(), "application/json");
    const auto accepted = Clock::now();
    if (!answer || answer->status / 100 != 2)
      throw std::runtime_error("enqueue refused: " + (answer ? answer->body : "no answer"));
    const auto started = listener.wait_for(i);
    from_request.push_back(ms_between(sent, started));
    from_answer.push_back(std::max(0.0, ms_between(accepted, started)));
  }
  return {{"count", run.count},
          {"p50_ms", percentile(from_request, 0.5)},
          {"p99_ms", percentile(from_request, 0.99)},
          {"max_ms", percentile(from_request, 1)},
          {"accepted_p50_ms", percentile(from_answer, 0.5)},
          {"accepted_p99_ms", percentile(from_answer, 0.99)},
          {"loopback_p50_ms", loopback}};
}

}  // namespace noetl::bench
