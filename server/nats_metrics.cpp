#include "server/nats_metrics.hpp"

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "shared/nats/traffic/traffic.hpp"

namespace noetl::server {
namespace {

using telemetry::CounterReading;
using telemetry::HistogramReading;
using telemetry::Labels;
using Family = nats::Traffic::Family;

template <std::size_t Bounds>
HistogramReading reading_of(Labels labels, const nats::Buckets<Bounds>& buckets,
                            const std::array<double, Bounds>& bounds, double unit) {
  HistogramReading reading{
      .labels = std::move(labels), .bounds = {bounds.begin(), bounds.end()}, .counts = {}, .sum = 0};
  for (const auto& count : buckets.counts) reading.counts.push_back(count.load());
  reading.sum = static_cast<double>(buckets.sum.load()) * unit;
  return reading;
}

void by_family(telemetry::Metrics& metrics, const char* name, const char* help,
               std::atomic<std::uint64_t> Family::*member) {
  metrics.counters_from(name, help, [member] {
    std::vector<CounterReading> readings;
    const auto& all = nats::traffic().by_family();
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (const auto count = (all[i].*member).load(); count > 0)
        readings.push_back({{{"subjects", std::string(nats::families[i])}}, static_cast<double>(count)});
    }
    return readings;
  });
}

std::vector<HistogramReading> sizes() {
  std::vector<HistogramReading> readings;
  const auto& all = nats::traffic().by_family();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].published + all[i].received > 0)
      readings.push_back(
          reading_of({{"subjects", std::string(nats::families[i])}}, all[i].sizes, nats::size_bounds, 1));
  }
  return readings;
}

}  // namespace

void expose_traffic(telemetry::Metrics& metrics) {
  by_family(metrics, "noetl_nats_published_total", "Messages sent to NATS, by what their subjects begin with",
            &Family::published);
  by_family(metrics, "noetl_nats_publish_failures_total",
            "Messages that could not be sent to NATS, by what their subjects begin with", &Family::publish_failed);
  by_family(metrics, "noetl_nats_received_total", "Messages received from NATS, by what their subjects begin with",
            &Family::received);
  metrics.histograms_from("noetl_nats_message_bytes",
                          "Size of the messages sent and received, by what their subjects begin with", sizes);
  metrics.histograms_from(
      "noetl_nats_delivery_lag_seconds", "From a message being stored by JetStream to being received",
      [] { return std::vector{reading_of(Labels{}, nats::traffic().lags(), nats::lag_bounds, 1e-6)}; });
  metrics.counter_from("noetl_nats_subscription_errors_total",
                       "Messages lost to slow subscriptions, and subscriptions without a permission",
                       [] { return static_cast<double>(nats::traffic().subscription_errors()); });
  const auto subscriptions = metrics.gauge("noetl_nats_subscriptions", "Subscriptions that are open");
  metrics.before_expose([subscriptions] { subscriptions.set(static_cast<double>(nats::traffic().subscriptions())); });
}

}  // namespace noetl::server
