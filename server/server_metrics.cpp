#include "server/server_metrics.hpp"

#include <map>
#include <memory>
#include <set>

#include "server/counts/work_counts.hpp"
#include "server/dispatch/dispatcher.hpp"
#include "server/nats_metrics.hpp"
#include "server/notify/jetstream_notifier.hpp"
#include "server/postgres/connection_pool.hpp"
#include "server/postgres/enqueue_listener.hpp"
#include "server/upkeep/upkeep.hpp"
#include "server/views/read_queue.hpp"
#include "shared/base/guarded.hpp"

namespace noetl::server {
namespace {

using telemetry::CounterReading;
using telemetry::HistogramReading;
using telemetry::Labels;

// Pools and statuses that a gauge was made for.
using QueuePlaces = base::Guarded<std::set<std::pair<std::string, std::string>>>;

constexpr std::size_t places_max = 2048;

// Where no command is any more there is no row: the gauge falls to zero instead of staying as it was.
void observe_queue(telemetry::Metrics& metrics, dispatch::ServerContext& context, QueuePlaces& known) {
  std::map<std::pair<std::string, std::string>, std::int64_t> numbers;
  std::map<std::string, double> ages;
  for (const auto& depth : views::read_queue_depth(context)) {
    numbers[{depth.pool, depth.status}] += depth.count;
    if (depth.status == "queued") ages[depth.pool] = depth.oldest_age_seconds;
  }
  known.with([&numbers](auto& places) {
    // A gauge is kept for good, and whoever enqueues names pools: beyond the bound they are counted together.
    for (auto it = numbers.begin(); it != numbers.end();) {
      if (places.contains(it->first) || places.size() + numbers.size() < places_max ||
          it->first.first == counts::others) {
        ++it;
        continue;
      }
      numbers[{counts::others, it->first.second}] += it->second;
      it = numbers.erase(it);
    }
    for (const auto& place : places) numbers.try_emplace(place, 0);
    for (const auto& [place, count] : numbers) places.insert(place);
  });
  for (const auto& [place, count] : numbers) {
    metrics
        .gauge("noetl_queue_commands", "Commands per pool and status",
               {{"pool", place.first}, {"status", place.second}})
        .set(static_cast<double>(count));
    if (place.second != "queued" || place.first == counts::others) continue;
    metrics
        .gauge("noetl_queue_oldest_seconds", "How long the oldest command that is due has waited, by pool",
               {{"pool", place.first}})
        .set(count > 0 ? ages[place.first] : 0.0);
  }
}

HistogramReading reading_of(Labels labels, const counts::Durations& durations) {
  return {.labels = std::move(labels),
          .bounds = {durations.bounds().begin(), durations.bounds().end()},
          .counts = {durations.counts().begin(), durations.counts().end()},
          .sum = durations.sum()};
}

void expose_nats(telemetry::Metrics& metrics, const notify::JetStreamNotifier& notifier) {
  metrics.counter_from("noetl_notifications_published_total", "Notifications stored by JetStream",
                       [&notifier] { return static_cast<double>(notifier.counts().published); });
  metrics.counter_from("noetl_notifications_failed_total", "Notifications not sent, refused or unanswered",
                       [&notifier] { return static_cast<double>(notifier.counts().failed); });
  const auto connected = metrics.gauge("noetl_nats_connected", "1 while NATS is connected and its streams are there");
  metrics.before_expose([&notifier, connected] { connected.set(notifier.is_connected() ? 1 : 0); });
}

// Counts of other parts, which are looked up when somebody asks.
void expose_counts(telemetry::Metrics& metrics, const Observed& observed) {
  auto& upkeep = observed.upkeep;
  auto& dispatcher = observed.context.dispatcher;
  const auto number = [](std::uint64_t count) { return static_cast<double>(count); };
  metrics.counter_from(
      "noetl_notifications_max_deliveries_total",
      "Notifications that nobody acknowledged until JetStream's last delivery, seen by this server's upkeep",
      [=, &upkeep] { return number(upkeep.max_deliveries_recorded()); });
  metrics.counter_from(
      "noetl_advisories_dropped_total",
      "Advisories of such notifications that were not stored: of no command that is there, or more than 60 a "
      "minute in a pool",
      [=, &upkeep] { return number(upkeep.advisories_dropped()); });
  metrics.counter_from("noetl_direct_claims_total",
                       "Commands claimed for a waiting worker in the transaction that made them",
                       [=, &dispatcher] { return number(dispatcher.dispatched()); });
  metrics.counter_from("noetl_upkeep_notifications_repeated_total",
                       "Notifications that this server's upkeep has sent again, or for commands that became due",
                       [=, &upkeep] { return number(upkeep.commands_notified()); });
  metrics.counter_from("noetl_upkeep_leases_expired_total", "Leases of lost workers ended by this server's upkeep",
                       [=, &upkeep] { return number(upkeep.leases_expired()); });
  metrics.counter_from("noetl_upkeep_failures_total", "Background duties that failed on this server",
                       [=, &upkeep] { return number(upkeep.failures()); });
  metrics.counters_from(
      "noetl_retention_rows_pruned_total", "What left when its time was over, by this server's upkeep", [=, &upkeep] {
        const auto gone = upkeep.retention_counts();
        return std::vector<CounterReading>{{{{"what", "command"}}, number(gone.commands)},
                                           {{{"what", "event"}}, number(gone.events)},
                                           {{{"what", "execution"}}, number(gone.executions)},
                                           {{{"what", "execution_row"}}, number(gone.execution_rows)}};
      });
}

void expose_state(telemetry::Metrics& metrics, const Observed& observed) {
  const auto borrowed = metrics.gauge("noetl_db_connections_borrowed", "Postgres connections in use");
  const auto waiting =
      metrics.gauge("noetl_workers_waiting", "Workers whose long poll waits at this server for direct dispatch");
  const auto leading = metrics.gauge("noetl_upkeep_leading", "1 on the server that does the background duties");
  const auto listening =
      metrics.gauge("noetl_enqueue_listening", "1 while this server hears at once what noetl.enqueue has enqueued");
  metrics.gauge("noetl_insecure", "1 when the server was told to serve whoever reaches it without a token")
      .set(observed.is_insecure ? 1 : 0);
  const auto known_places = std::make_shared<QueuePlaces>();  // shared by the copies of the function
  metrics.before_expose([&metrics, observed, known_places, borrowed, waiting, leading, listening] {
    borrowed.set(static_cast<double>(observed.context.connections.borrowed()));
    waiting.set(static_cast<double>(observed.context.dispatcher.waiting()));
    listening.set(observed.listener.is_listening() ? 1 : 0);
    leading.set(observed.upkeep.is_leading() ? 1 : 0);
    try {
      observe_queue(metrics, observed.context, *known_places);
    } catch (const std::exception&) {
      // Postgres is away: the other numbers still count, and /readyz says so.
    }
  });
}

std::vector<CounterReading> attempts_in(const counts::WorkCounts::Snapshot& work) {
  std::vector<CounterReading> readings;
  for (const auto& [place, counted] : work.pools) {
    for (std::size_t i = 0; i < counted.by_outcome.size(); ++i) {
      const auto outcome = counts::to_string(static_cast<counts::AttemptOutcome>(i));
      readings.push_back({{{"pool", place.first}, {"tool", place.second}, {"outcome", std::string(outcome)}},
                          static_cast<double>(counted.by_outcome[i])});
    }
  }
  return readings;
}

std::vector<CounterReading> executions_in(const counts::WorkCounts::Snapshot& work) {
  std::vector<CounterReading> readings;
  for (const auto& [path, counted] : work.paths) {
    const auto add = [&, &path = path](const char* status, std::uint64_t count) {
      readings.push_back({{{"path", path}, {"status", status}}, static_cast<double>(count)});
    };
    add("completed", counted.completed);
    add("failed", counted.failed);
    add("cancelled", counted.cancelled);
  }
  return readings;
}

}  // namespace

void expose_work(telemetry::Metrics& metrics, const counts::WorkCounts& counts) {
  metrics.counters_from("noetl_executions_started_total",
                        "Executions that this server has started, by path of the playbook", [&counts] {
                          std::vector<CounterReading> readings;
                          for (const auto& [path, counted] : counts.read().paths)
                            readings.push_back({{{"path", path}}, static_cast<double>(counted.started)});
                          return readings;
                        });
  metrics.counters_from("noetl_executions_total",
                        "Executions whose end this server has recorded, by path of the playbook and status",
                        [&counts] { return executions_in(counts.read()); });
  metrics.histograms_from("noetl_execution_seconds", "From an execution's start to its end, by path of the playbook",
                          [&counts] {
                            std::vector<HistogramReading> readings;
                            for (const auto& [path, counted] : counts.read().paths)
                              readings.push_back(reading_of({{"path", path}}, counted.durations));
                            return readings;
                          });
  metrics.counters_from("noetl_attempts_total",
                        "Attempts whose end this server has recorded, by pool, tool and outcome",
                        [&counts] { return attempts_in(counts.read()); });
  metrics.histograms_from("noetl_attempt_seconds",
                          "How long attempts took that completed or failed, as their workers measured it, by tool",
                          [&counts] {
                            std::vector<HistogramReading> readings;
                            for (const auto& [tool, durations] : counts.read().tools)
                              readings.push_back(reading_of({{"tool", tool}}, durations));
                            return readings;
                          });
  metrics.counters_from(
      "noetl_dead_letters_total", "Commands that this server has recorded as dead, by pool and tool", [&counts] {
        std::vector<CounterReading> readings;
        for (const auto& [place, counted] : counts.read().pools)
          readings.push_back({{{"pool", place.first}, {"tool", place.second}}, static_cast<double>(counted.dead)});
        return readings;
      });
}

void expose_server(telemetry::Metrics& metrics, Observed observed) {
  expose_state(metrics, observed);
  expose_counts(metrics, observed);
  if (observed.notifier != nullptr) {
    expose_nats(metrics, *observed.notifier);
    expose_traffic(metrics);
  }
  expose_work(metrics, observed.context.work_counts);
}

}  // namespace noetl::server
