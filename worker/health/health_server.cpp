#include "worker/health/health_server.hpp"

#include <chrono>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "shared/http/server.hpp"
#include "worker/health/liveness.hpp"
#include "worker/health/traffic_text.hpp"

namespace noetl::health {
namespace {

// Who watches a worker needs few connections; a flood of others makes room for new ones by ending the oldest.
constexpr std::size_t connections_max = 64;
constexpr std::chrono::milliseconds head_time{2'000};

using Counter = std::atomic<std::uint64_t> loop::WorkerCounts::*;

struct CounterName {
  const char* name;
  const char* help;
  Counter counter;
};

using Counts = loop::WorkerCounts;
constexpr CounterName counters[] = {
    {"notifications", "Notifications taken from JetStream.", &Counts::notifications},
    {"invalid_notifications", "Messages that were no notifications.", &Counts::garbage},
    {"commands_claimed", "Commands claimed.", &Counts::claimed},
    {"direct_claims", "Commands of those that the server claimed for this worker as they were made.",
     &Counts::dispatched},
    {"claims_refused", "Claims refused: somebody else has the command, or it has ended.", &Counts::refused},
    {"attempts_completed", "Attempts reported as completed.", &Counts::completed},
    {"attempts_failed", "Attempts reported as failed.", &Counts::failed},
    {"attempts_cancelled", "Attempts reported as cancelled.", &Counts::cancelled},
    {"commands_released", "Commands released without being tried.", &Counts::released},
    {"leases_lost", "Leases lost while running or before the report.", &Counts::lost},
    {"claim_failures", "Calls to claim that failed.", &Counts::claim_failures},
    {"report_failures", "Calls to report that failed.", &Counts::report_failures},
    {"heartbeat_failures", "Heartbeats that failed.", &Counts::heartbeat_failures},
    {"progress_notes", "Notes of running commands sent to the server.", &Counts::progress_told},
    {"progress_failures", "Calls with notes of running commands that failed.", &Counts::progress_failures},
    {"fetcher_turns", "Turns of the loop that takes notifications and claims.", &Counts::fetcher_turns},
    {"heartbeat_turns", "Turns of the loop that sends heartbeats.", &Counts::heartbeat_turns},
};

std::string line(const std::string& name, const char* kind, const char* help, std::uint64_t value) {
  return "# HELP " + name + " " + help + "\n# TYPE " + name + " " + kind + "\n" + name + " " + std::to_string(value) +
         "\n";
}

http::Response text_response(int status, const std::string& text) {
  return {.status = status, .content_type = "text/plain", .headers = {}, .body = text + "\n"};
}

http::ServerSettings server_settings(const HealthSettings& settings) {
  return {.host = settings.host,
          .port = settings.port,
          .threads_max = 1,
          .requests_waiting_max = 1,
          .body_bytes_in_memory_max = 0,
          .loop = {.connections_max = connections_max,
                   .connections_per_address_max = connections_max / 2,
                   .head_bytes_in_memory_max = connections_max * http::head_bytes_max,
                   .output_bytes_max = 1024 * 1024},
          .connection = {.keep_alive = std::chrono::seconds(15), .head_time = head_time}};
}

}  // namespace

std::string metrics_text(const loop::WorkerCounts& counts, int slots) {
  std::string text;
  for (const auto& [name, help, counter] : counters)
    text += line("noetl_worker_" + std::string(name) + "_total", "counter", help, counts.*counter);
  text += line("noetl_worker_slots", "gauge", "Commands that the worker runs at the same time.",
               static_cast<std::uint64_t>(slots));
  text += line("noetl_worker_running", "gauge", "Commands that run, as of the last heartbeat.",
               static_cast<std::uint64_t>(counts.running));
  return text + line("noetl_worker_ready", "gauge", "1 when the worker is registered and not draining.",
                     counts.is_registered && !counts.is_draining ? 1 : 0);
}

// Every answer is made on the thread of the sockets: none of them waits.
class HealthServer::State final : public http::Application {
 public:
  State(const HealthSettings& settings, const loop::WorkerCounts& counts)
      : counts_(counts),
        slots_(settings.slots),
        server_(*this, server_settings(settings), {.connections = [](int) {}, .refused = [] {}}) {
    try {
      port_ = server_.bind();
    } catch (const std::runtime_error& error) {
      throw std::runtime_error("health-port: cannot listen on " + settings.host + ":" + std::to_string(settings.port) +
                               ": " + error.what());
    }
    thread_ = std::jthread([this] { server_.serve(); });
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() override { server_.stop(); }

  [[nodiscard]] int port() const { return port_; }

  [[nodiscard]] http::Admission admit(const http::Head& head, const std::string&) override {
    const auto refusal = [](int status, const char* text) {
      return http::Admission{.refusal = text_response(status, text), .ticket = {}};
    };
    if (head.method != "GET" && head.method != "HEAD") return refusal(405, "only GET is answered here");
    if (head.has_body()) return refusal(413, "a body is not read here");
    const auto path = head.raw_path();
    if (path != "/livez" && path != "/readyz" && path != "/metrics")
      return refusal(404, "there are /livez, /readyz and /metrics");
    return {.refusal = std::nullopt, .place = http::Place::at_once, .body_bytes_max = 0, .ticket = {}};
  }
  [[nodiscard]] http::Response answer(http::Request request) override {
    const auto path = request.head.raw_path();
    if (path == "/livez") {
      const auto complaint = look();
      return text_response(complaint.empty() ? 200 : 503, complaint.empty() ? "alive" : complaint);
    }
    if (path == "/metrics")
      return {.status = 200,
              .content_type = "text/plain; version=0.0.4",
              .headers = {},
              .body = metrics_text(counts_, slots_) + traffic_text()};
    if (!counts_.is_registered) return text_response(503, "not registered with the server yet");
    return counts_.is_draining ? text_response(503, "draining") : text_response(200, "ready");
  }
  [[nodiscard]] http::Response refuse(const http::Refused& refused) override {
    return text_response(refused.status, refused.message);
  }

 private:
  std::string look() {
    const std::lock_guard lock(mutex_);
    return liveness_.complaint(counts_, std::chrono::steady_clock::now());
  }

  const loop::WorkerCounts& counts_;
  const int slots_;
  std::mutex mutex_;
  Liveness liveness_;  // guarded by mutex_
  http::Server server_;
  int port_ = 0;
  std::jthread thread_;  // last: it uses all of the above
};

HealthServer::HealthServer(const HealthSettings& settings, const loop::WorkerCounts& counts)
    : state_(std::make_unique<State>(settings, counts)) {}
HealthServer::~HealthServer() = default;

int HealthServer::port() const { return state_->port(); }

}  // namespace noetl::health
