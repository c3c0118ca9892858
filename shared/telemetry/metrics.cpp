#include "shared/telemetry/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <limits>
#include <stdexcept>
#include <utility>

#include "shared/base/guarded.hpp"

namespace noetl::telemetry {

void Counter::add(double amount) const { of_->Increment(amount); }
double Counter::value() const { return of_->Value(); }
void Gauge::set(double value) const { of_->Set(value); }
void Gauge::add(double amount) const { amount >= 0 ? of_->Increment(amount) : of_->Decrement(-amount); }
double Gauge::value() const { return of_->Value(); }
void Histogram::observe(double value) const { of_->Observe(value); }
void Histogram::observe(std::chrono::nanoseconds elapsed) const {
  of_->Observe(std::chrono::duration<double>(elapsed).count());
}

const std::vector<double>& seconds_buckets() {
  static const std::vector<double> bounds{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                          0.1,    0.25,    0.5,    1,     2.5,    5,     10,   30,    100};
  return bounds;
}

const std::vector<double>& size_buckets() {
  static const std::vector<double> bounds{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096};
  return bounds;
}

struct Metrics::State {
  prometheus::Registry registry;
  base::Guarded<std::map<std::string, MetricDeclaration>> declared;
  base::Guarded<std::vector<std::function<void()>>> refreshers;
  base::Guarded<std::vector<std::function<prometheus::MetricFamily()>>> read_families;
};

namespace {
prometheus::ClientMetric labelled(const Labels& labels) {
  prometheus::ClientMetric metric;
  for (const auto& [name, value] : labels) metric.label.push_back({name, value});
  return metric;
}

prometheus::ClientMetric metric_of(const CounterReading& reading) {
  auto metric = labelled(reading.labels);
  metric.counter.value = reading.value;
  return metric;
}

// Prometheus' buckets are cumulative, the last one without a bound.
prometheus::ClientMetric metric_of(const HistogramReading& reading) {
  auto metric = labelled(reading.labels);
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < reading.counts.size(); ++i) {
    count += reading.counts[i];
    const double bound = i < reading.bounds.size() ? reading.bounds[i] : std::numeric_limits<double>::infinity();
    metric.histogram.bucket.push_back({.cumulative_count = count, .upper_bound = bound});
  }
  metric.histogram.sample_count = count;
  metric.histogram.sample_sum = reading.sum;
  return metric;
}

template <class Read>
std::function<prometheus::MetricFamily()> family_from(const std::string& name, const std::string& help,
                                                      prometheus::MetricType type, Read read) {
  return [name, help, type, read = std::move(read)] {
    prometheus::MetricFamily family{.name = name, .help = help, .type = type, .metric = {}};
    for (const auto& reading : read()) family.metric.push_back(metric_of(reading));
    return family;
  };
}
}  // namespace

Metrics::Metrics() : state_(std::make_unique<State>()) {}
Metrics::~Metrics() = default;

void Metrics::declare(const std::string& name, const std::string& kind, const std::string& help) {
  const bool is_taken = state_->declared.with([&](auto& declared) {
    const auto [at, is_new] = declared.try_emplace(name, MetricDeclaration{name, kind, help});
    return !is_new && at->second != MetricDeclaration{name, kind, help};
  });
  if (is_taken) throw std::invalid_argument("metric " + name + " is declared twice with another kind or help");
}

Counter Metrics::counter(const std::string& name, const std::string& help, const Labels& labels) {
  declare(name, "counter", help);
  auto& family = prometheus::BuildCounter().Name(name).Help(help).Register(state_->registry);
  return Counter(family.Add(labels));
}

Gauge Metrics::gauge(const std::string& name, const std::string& help, const Labels& labels) {
  declare(name, "gauge", help);
  auto& family = prometheus::BuildGauge().Name(name).Help(help).Register(state_->registry);
  return Gauge(family.Add(labels));
}

Histogram Metrics::histogram(const std::string& name, const std::string& help, const std::vector<double>& bounds,
                             const Labels& labels) {
  declare(name, "histogram", help);
  auto& family = prometheus::BuildHistogram().Name(name).Help(help).Register(state_->registry);
  return Histogram(family.Add(labels, bounds));
}

void Metrics::counter_from(const std::string& name, const std::string& help, std::function<double()> read) {
  counters_from(name, help, [read = std::move(read)] { return std::vector<CounterReading>{{{}, read()}}; });
}

void Metrics::counters_from(const std::string& name, const std::string& help,
                            std::function<std::vector<CounterReading>()> read) {
  declare(name, "counter", help);
  state_->read_families.with(
      [&](auto& all) { all.push_back(family_from(name, help, prometheus::MetricType::Counter, std::move(read))); });
}

void Metrics::histograms_from(const std::string& name, const std::string& help,
                              std::function<std::vector<HistogramReading>()> read) {
  declare(name, "histogram", help);
  state_->read_families.with(
      [&](auto& all) { all.push_back(family_from(name, help, prometheus::MetricType::Histogram, std::move(read))); });
}

void Metrics::before_expose(std::function<void()> refresh) {
  state_->refreshers.with([&](auto& all) { all.push_back(std::move(refresh)); });
}

std::string Metrics::expose() const {
  // Copied out first: nothing is called while a Guarded is held.
  const auto refreshers = state_->refreshers.with([](const auto& all) { return all; });
  for (const auto& refresh : refreshers) refresh();
  auto families = state_->registry.Collect();
  const auto read_families = state_->read_families.with([](const auto& all) { return all; });
  for (const auto& read : read_families) families.push_back(read());
  return prometheus::TextSerializer{}.Serialize(families);
}

std::vector<MetricDeclaration> Metrics::declarations() const {
  return state_->declared.with([](const auto& declared) {
    std::vector<MetricDeclaration> all;
    for (const auto& [name, declaration] : declared) all.push_back(declaration);
    return all;
  });
}

}  // namespace noetl::telemetry
