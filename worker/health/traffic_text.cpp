#include "worker/health/traffic_text.hpp"

#include <array>
#include <cstdint>

#include "shared/nats/traffic/traffic.hpp"

namespace noetl::health {
namespace {

using Family = nats::Traffic::Family;

std::string head(const std::string& name, const char* kind, const char* help) {
  return "# HELP " + name + " " + help + "\n# TYPE " + name + " " + kind + "\n";
}

std::string label_of(std::size_t family) { return "subjects=\"" + std::string(nats::families[family]) + "\""; }

std::string by_family(const std::string& name, const char* help, std::atomic<std::uint64_t> Family::*member) {
  std::string text = head(name, "counter", help);
  const auto& all = nats::traffic().by_family();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (const auto count = (all[i].*member).load(); count > 0)
      text += name + "{" + label_of(i) + "} " + std::to_string(count) + "\n";
  }
  return text;
}

// `label` may be empty; `unit` of the sum.
template <std::size_t Bounds>
std::string histogram(const std::string& name, const std::string& label, const nats::Buckets<Bounds>& buckets,
                      const std::array<double, Bounds>& bounds, double unit) {
  std::string text;
  std::uint64_t count = 0;
  const std::string comma = label.empty() ? "" : ",";
  for (std::size_t i = 0; i <= Bounds; ++i) {
    count += buckets.counts[i].load();
    const std::string bound = i < Bounds ? std::to_string(bounds[i]) : "+Inf";
    text += name + "_bucket{" + label + comma + "le=\"" + bound + "\"} " + std::to_string(count) + "\n";
  }
  const std::string labels = label.empty() ? "" : "{" + label + "}";
  text += name + "_sum" + labels + " " + std::to_string(static_cast<double>(buckets.sum.load()) * unit) + "\n";
  return text + name + "_count" + labels + " " + std::to_string(count) + "\n";
}

}  // namespace

std::string traffic_text() {
  const auto& counts = nats::traffic();
  std::string text =
      by_family("noetl_nats_published_total", "Messages sent to NATS, by what their subjects begin with.",
                &Family::published) +
      by_family("noetl_nats_publish_failures_total",
                "Messages that could not be sent to NATS, by what their subjects begin with", &Family::publish_failed) +
      by_family("noetl_nats_received_total", "Messages received from NATS, by what their subjects begin with",
                &Family::received);
  text += head("noetl_nats_message_bytes", "histogram",
               "Size of the messages sent and received, by what their subjects begin with");
  const auto& all = counts.by_family();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].published + all[i].received > 0)
      text += histogram("noetl_nats_message_bytes", label_of(i), all[i].sizes, nats::size_bounds, 1);
  }
  text += head("noetl_nats_delivery_lag_seconds", "histogram",
               "From a message being stored by JetStream to being received.");
  text += histogram("noetl_nats_delivery_lag_seconds", "", counts.lags(), nats::lag_bounds, 1e-6);
  text += head("noetl_nats_subscription_errors_total", "counter",
               "Messages lost to slow subscriptions, and subscriptions without a permission.") +
          "noetl_nats_subscription_errors_total " + std::to_string(counts.subscription_errors()) + "\n";
  return text + head("noetl_nats_subscriptions", "gauge", "Subscriptions that are open.") +
         "noetl_nats_subscriptions " + std::to_string(counts.subscriptions()) + "\n";
}

}  // namespace noetl::health
