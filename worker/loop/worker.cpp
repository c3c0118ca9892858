#include "worker/loop/worker.hpp"

#include <unistd.h>

#include <array>
#include <random>
#include <stdexcept>
#include <thread>

#include "shared/base/backoff.hpp"
#include "shared/base/stop_wait.hpp"
#include "shared/telemetry/log.hpp"
#include "shared/wire/names.hpp"
#include "shared/wire/subjects.hpp"
#include "worker/loop/fetching/dispatch_poller.hpp"
#include "worker/loop/fetching/fetcher.hpp"
#include "worker/loop/fetching/notification_consumer.hpp"
#include "worker/loop/leases/heartbeat_sender.hpp"
#include "worker/loop/progress/progress_reporter.hpp"
#include "worker/loop/runs/reporter.hpp"
#include "worker/loop/runs/tool_threads.hpp"

namespace noetl::loop {
namespace {

constexpr int slots_limit = 4096;
constexpr base::Backoff backoff{.kind = base::BackoffKind::exponential,
                                .initial = std::chrono::milliseconds(100),
                                .delay_max = std::chrono::milliseconds(5000),
                                .multiplier = 2.0};
// A stopped tool returns within moments (R10); beyond this something is wrong and worth a line in the log.
constexpr std::chrono::milliseconds stop_patience{10'000};

std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "host";
  std::string cleaned;
  for (const char* c = name.data(); *c != '\0' && cleaned.size() < 64; ++c) {
    cleaned += wire::is_worker_id(std::string_view(c, 1)) ? *c : '-';
  }
  return cleaned.empty() ? "host" : cleaned;
}

}  // namespace

std::string new_worker_id() {
  constexpr std::string_view digits = "0123456789abcdef";
  std::random_device random;
  std::string id = host_name() + "-" + std::to_string(getpid()) + "-";
  for (int i = 0; i < 6; ++i) id += digits[random() % digits.size()];
  return id;
}

// Destroyed from the last to the first: the fetcher ends before the tools, these before the reporter, and the leases
// are kept until the last report is out.
struct Worker::Running {
  Running(const WorkerSettings& settings, const wire::RegistrationAnswer& rules,
          const wire::WorkerRegistration& registration, transport::Transport& transport, WorkerCounts& counts,
          WorkerOrders& orders)
      : leases(settings.slots),
        reporter(settings.worker_id, transport, leases, counts),
        heartbeats({.transport = transport, .leases = leases, .counts = counts, .orders = orders}, registration, rules,
                   settings.ack_wait),
        progress(settings, transport, counts),
        prefetch(settings.slots, settings.prefetch_max),
        threads(std::make_unique<ToolThreads>(static_cast<std::size_t>(settings.slots))) {
    if (!settings.uses_nats) return;
    const auto given = [](const std::string& told, std::string own) { return told.empty() ? std::move(own) : told; };
    consumer = std::make_unique<NotificationConsumer>(
        NotificationConsumerSettings{.nats = settings.nats,
                                     .stream = given(rules.nats_stream, settings.stream),
                                     .consumer = given(rules.nats_consumer, wire::commands_consumer_of(settings.pool)),
                                     .lanes = rules.nats_lanes,
                                     .subject = given(rules.nats_subject, wire::commands_subject_of(settings.pool)),
                                     .worker_id = settings.worker_id});
  }

  std::unique_ptr<NotificationConsumer> consumer;  // first: messages of held leases are answered through it
  HeldLeases leases;
  Reporter reporter;
  HeartbeatSender heartbeats;
  ProgressReporter progress;  // tools talk to it until they end
  PrefetchEstimator prefetch;
  IdleGate idle_gate;
  // Before the threads that use them: those end first, also when an error ends the worker.
  std::optional<AheadRunner> ahead;
  std::optional<Fetcher> fetcher;
  std::optional<DispatchPoller> dispatch_poller;
  std::unique_ptr<ToolThreads> threads;
  std::jthread sending_heartbeats;
  std::jthread reporting;
  std::jthread reporting_progress;
  std::jthread dispatching;
  std::jthread fetching;
};

Worker::Worker(WorkerSettings settings, transport::Transport& transport, const tools::Registry& registry,
               CredentialClient* secrets)
    : settings_(std::move(settings)), transport_(transport), registry_(registry), secrets_(secrets) {
  if (settings_.worker_id.empty()) settings_.worker_id = new_worker_id();
  if (!wire::is_worker_id(settings_.worker_id))
    throw std::invalid_argument("worker id '" + settings_.worker_id + "' must be 1 to 128 of A-Z a-z 0-9 . _ -");
  if (!wire::is_pool_name(settings_.pool))
    throw std::invalid_argument("pool '" + settings_.pool + "' must be 1 to 64 of A-Z a-z 0-9 _ -");
  if (settings_.slots < 1 || settings_.slots > slots_limit) {
    throw std::invalid_argument("slots must be from 1 to " + std::to_string(slots_limit) + ", found " +
                                std::to_string(settings_.slots));
  }
}

wire::WorkerRegistration Worker::registration() const {
  return {.worker_id = settings_.worker_id,
          .pool = settings_.pool,
          .hostname = host_name(),
          .pid = getpid(),
          .slots = settings_.slots,
          .version = settings_.version,
          .tools = registry_.kinds(),
          .labels = settings_.labels};
}

std::optional<wire::RegistrationAnswer> Worker::register_until_known(const std::stop_token& stop) {
  std::minstd_rand random(std::random_device{}());
  for (int failures = 1; !stop.stop_requested(); ++failures) {
    auto rules = transport_.register_worker(registration());
    if (rules) return std::move(*rules);
    if (failures == 1 || failures % 20 == 0)
      telemetry::log_warn("worker", "cannot register yet: " + rules.error().message);
    const double unit = std::uniform_real_distribution<double>(0.0, 1.0)(random);
    base::wait_for_stop(stop, backoff.jittered_after(failures, unit));
  }
  return std::nullopt;
}

void Worker::start(Running& running, const wire::RegistrationAnswer& rules) {
  running.ahead.emplace(AheadRunner::Parts{.transport = transport_,
                                           .registry = registry_,
                                           .leases = running.leases,
                                           .reporter = running.reporter,
                                           .counts = counts_,
                                           .prefetch = running.prefetch,
                                           .heartbeats = running.heartbeats},
                        RunSettings{.worker_id = settings_.worker_id,
                                    .limits = settings_.limits,
                                    .secrets = secrets_,
                                    .progress = &running.progress,
                                    .tools = &registry_},
                        settings_.slots);
  const CommandStarter::Parts starting{.registry = registry_,
                                       .leases = running.leases,
                                       .reporter = running.reporter,
                                       .threads = *running.threads,
                                       .counts = counts_,
                                       .prefetch = running.prefetch,
                                       .heartbeats = running.heartbeats,
                                       .secrets = secrets_,
                                       .progress = &running.progress,
                                       .running = &running_commands_,
                                       .ahead = settings_.runs_ahead ? &*running.ahead : nullptr};
  running.fetcher.emplace(Fetcher::Parts{.transport = transport_,
                                         .leases = running.leases,
                                         .heartbeats = running.heartbeats,
                                         .threads = *running.threads,
                                         .counts = counts_,
                                         .idle_gate = running.idle_gate},
                          starting, settings_, running.consumer.get());
  running.dispatch_poller.emplace(DispatchPoller::Parts{.transport = transport_,
                                                        .leases = running.leases,
                                                        .heartbeats = running.heartbeats,
                                                        .counts = counts_,
                                                        .idle_gate = running.idle_gate},
                                  starting, settings_);
  running.sending_heartbeats = std::jthread([&](const std::stop_token& end) { running.heartbeats.run(end); });
  running.reporting = std::jthread([&](const std::stop_token& end) { running.reporter.run(end); });
  running.reporting_progress = std::jthread([&](const std::stop_token& end) { running.progress.run(end); });
  running.fetching = std::jthread([&](const std::stop_token& end) { running.fetcher->run(end); });
  if (running.consumer && rules.dispatches_directly && settings_.takes_direct_dispatch)
    running.dispatching = std::jthread([&](const std::stop_token& end) { running.dispatch_poller->run(end); });
}

bool Worker::run(const std::stop_token& stop) {
  const nats::ThreadScope scope;
  const auto rules = register_until_known(stop);
  if (!rules) return true;
  if (rules->ack_wait.count() > 0) settings_.ack_wait = rules->ack_wait;
  telemetry::log_info(
      "worker", "registered",
      {{"worker_id", settings_.worker_id}, {"pool", settings_.pool}, {"slots", std::to_string(settings_.slots)}});
  Running running(settings_, *rules, registration(), transport_, counts_, orders_);
  start(running, *rules);
  counts_.is_registered = true;
  running.heartbeats.wait_for_end(stop);
  counts_.is_draining = true;
  return drain(running);
}

// No new claims; what runs may finish within the grace; then tools are stopped and their commands handed back.
bool Worker::drain(Running& running) {
  telemetry::log_info("worker", "draining: no new commands",
                      {{"running", std::to_string(running.leases.snapshot().running)}});
  running.heartbeats.set_draining();
  running.dispatching.request_stop();
  running.fetching.request_stop();
  running.fetching.join();
  if (running.dispatching.joinable()) running.dispatching.join();  // a long poll lasts poll_patience at most
  if (running.consumer) running.consumer->close();
  running.threads->hand_back_all();
  if (!running.leases.wait_until_idle(settings_.grace)) {
    const int stopped = running.leases.stop_all(StopReason::draining, std::chrono::steady_clock::time_point::max());
    telemetry::log_warn("worker", "grace is over: tools are stopped and their commands handed back",
                        {{"commands", std::to_string(stopped)}});
    if (!running.leases.wait_until_idle(stop_patience)) {
      telemetry::log_error("worker", "tools do not return although they were stopped",
                           {{"commands", std::to_string(running.leases.snapshot().running)}});
    }
  }
  running.threads.reset();  // joins
  running.reporting_progress.request_stop();
  const bool is_empty = running.leases.wait_until_empty(settings_.flush_patience);
  running.reporting.request_stop();
  running.reporting.join();
  running.sending_heartbeats.request_stop();
  running.sending_heartbeats.join();
  running.reporting_progress.join();
  if (running.consumer) running.consumer->flush();
  if (const auto gone = transport_.deregister(settings_.worker_id); !gone) {
    telemetry::log_warn("worker", "could not deregister: " + gone.error().message);
  }
  telemetry::log_info("worker", "drained",
                      {{"completed", std::to_string(counts_.completed)},
                       {"released", std::to_string(counts_.released)},
                       {"unreported", std::to_string(running.leases.snapshot().held.size())}});
  return is_empty;
}

}  // namespace noetl::loop
