#include "worker/health/health_door.hpp"

#include <httplib.h>
#include <sys/socket.h>

#include <mutex>
#include <stdexcept>
#include <thread>

#include "worker/health/liveness.hpp"

namespace noetl::health {
namespace {

constexpr std::size_t threads = 2;
constexpr int seconds_max = 2;  // for a request to come, and for its answer to go

using Counter = std::atomic<std::uint64_t> loop::WorkerCounts::*;

struct CounterName {
  const char* name;
  const char* help;
  Counter counter;
};

using Counts = loop::WorkerCounts;
constexpr CounterName counters[] = {
    {"notifications", "Notifications taken from JetStream.", &Counts::notifications},
    {"garbage", "Messages that were no notifications.", &Counts::garbage},
    {"claimed", "Commands claimed.", &Counts::claimed},
    {"handed_over", "Commands of those that the server handed over.", &Counts::handed_over},
    {"refused", "Claims refused: somebody else has it, it has ended.", &Counts::refused},
    {"completed", "Attempts reported as completed.", &Counts::completed},
    {"failed", "Attempts reported as failed.", &Counts::failed},
    {"cancelled", "Attempts reported as cancelled.", &Counts::cancelled},
    {"released", "Commands handed back.", &Counts::released},
    {"lost", "Leases lost while running or before the report.", &Counts::lost},
    {"claim_failures", "Calls to claim that failed.", &Counts::claim_failures},
    {"report_failures", "Calls to report that failed.", &Counts::report_failures},
    {"heartbeat_failures", "Heartbeats that failed.", &Counts::heartbeat_failures},
    {"progress_told", "Notes of running commands told.", &Counts::progress_told},
    {"progress_failures", "Calls to tell of progress that failed.", &Counts::progress_failures},
    {"inbox_turns", "Turns of the inbox's loop.", &Counts::inbox_turns},
    {"keeper_turns", "Turns of the lease keeper's loop.", &Counts::keeper_turns},
};

std::string line(const std::string& name, const char* kind, const char* help, std::uint64_t value) {
  return "# HELP " + name + " " + help + "\n# TYPE " + name + " " + kind + "\n" + name + " " +
         std::to_string(value) + "\n";
}

void answer(httplib::Response& response, int status, const std::string& text) {
  response.status = status;
  response.set_content(text + "\n", "text/plain");
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

class HealthDoor::State {
 public:
  State(const DoorSettings& settings, const loop::WorkerCounts& counts) : counts_(counts) {
    server_.new_task_queue = [] { return new httplib::ThreadPool(threads); };  // NOLINT: httplib owns it
    server_.set_keep_alive_max_count(1);
    server_.set_read_timeout(seconds_max);
    server_.set_write_timeout(seconds_max);
    server_.set_payload_max_length(1024);
    // Not httplib's own, which let a second worker have the same port in silence.
    server_.set_socket_options([](auto socket) {
      const int yes = 1;
      setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    });
    server_.Get("/livez", [this](const httplib::Request&, httplib::Response& response) {
      const auto complaint = look();
      answer(response, complaint.empty() ? 200 : 503, complaint.empty() ? "alive" : complaint);
    });
    server_.Get("/readyz", [this](const httplib::Request&, httplib::Response& response) {
      if (!counts_.is_registered) return answer(response, 503, "not registered with the server yet");
      if (counts_.is_draining) return answer(response, 503, "draining");
      answer(response, 200, "ready");
    });
    server_.Get("/metrics", [this, slots = settings.slots](const auto&, httplib::Response& response) {
      response.set_content(metrics_text(counts_, slots), "text/plain; version=0.0.4");
    });
    const bool is_bound = settings.port == 0 ? (port_ = server_.bind_to_any_port(settings.host)) > 0
                                             : server_.bind_to_port(settings.host, port_ = settings.port);
    if (!is_bound)
      throw std::runtime_error("health-port: cannot listen on " + settings.host + ":" +
                               std::to_string(settings.port) + ", which may be taken by another program");
    thread_ = std::jthread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();  // a stop before that would be forgotten
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { server_.stop(); }

  [[nodiscard]] int port() const { return port_; }

 private:
  std::string look() {
    const std::lock_guard lock(mutex_);
    return liveness_.complaint(counts_, std::chrono::steady_clock::now());
  }

  const loop::WorkerCounts& counts_;
  std::mutex mutex_;
  Liveness liveness_;  // guarded by mutex_
  httplib::Server server_;
  int port_ = 0;
  std::jthread thread_;  // last: it uses all of the above
};

HealthDoor::HealthDoor(const DoorSettings& settings, const loop::WorkerCounts& counts)
    : state_(std::make_unique<State>(settings, counts)) {}
HealthDoor::~HealthDoor() = default;

int HealthDoor::port() const { return state_->port(); }

}  // namespace noetl::health
