#pragma once
// Metrics of one process: counters, gauges and histograms, made once by name at start and then changed
// from any thread without a lock of ours. The only way to prometheus-cpp. main owns the Metrics and passes
// it by reference; the handles are small values that stay valid as long as it lives.
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace noetl::telemetry {

using Labels = std::map<std::string, std::string>;

class Counter {
 public:
  void add(double amount = 1) const;  // amount >= 0
  [[nodiscard]] double value() const;

 private:
  friend class Metrics;
  explicit Counter(prometheus::Counter& of) : of_(&of) {}
  prometheus::Counter* of_;
};

class Gauge {
 public:
  void set(double value) const;
  void add(double amount = 1) const;  // may be negative
  [[nodiscard]] double value() const;

 private:
  friend class Metrics;
  explicit Gauge(prometheus::Gauge& of) : of_(&of) {}
  prometheus::Gauge* of_;
};

class Histogram {
 public:
  void observe(double value) const;
  void observe(std::chrono::nanoseconds elapsed) const;  // in seconds

 private:
  friend class Metrics;
  explicit Histogram(prometheus::Histogram& of) : of_(&of) {}
  prometheus::Histogram* of_;
};

// Upper bounds in seconds, 100 µs to 100 s: calls, transactions, tools.
[[nodiscard]] const std::vector<double>& seconds_buckets();
// Upper bounds for counts such as the size of a batch: 1 to 4096.
[[nodiscard]] const std::vector<double>& size_buckets();

// One series of what is counted elsewhere, as it stands now.
struct CounterReading {
  Labels labels;
  double value = 0;
};
struct HistogramReading {
  Labels labels;
  std::vector<double> bounds;
  std::vector<std::uint64_t> counts;  // by bucket, one more than bounds
  double sum = 0;
};

struct MetricDeclaration {
  std::string name;
  std::string kind;  // counter | gauge | histogram
  std::string help;
  bool operator==(const MetricDeclaration&) const = default;
};

class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // The same name and labels give the same metric again. A name that is taken by another kind, or that
  // Prometheus does not allow, is our own bug: std::invalid_argument at start.
  [[nodiscard]] Counter counter(const std::string& name, const std::string& help, const Labels& labels = {});
  [[nodiscard]] Gauge gauge(const std::string& name, const std::string& help, const Labels& labels = {});
  [[nodiscard]] Histogram histogram(const std::string& name, const std::string& help,
                                    const std::vector<double>& bounds = seconds_buckets(), const Labels& labels = {});

  // Of what others count: read at each exposition, and has to grow. `read` must not throw.
  void counter_from(const std::string& name, const std::string& help, std::function<double()> read);
  void counters_from(const std::string& name, const std::string& help,
                     std::function<std::vector<CounterReading>()> read);
  void histograms_from(const std::string& name, const std::string& help,
                       std::function<std::vector<HistogramReading>()> read);

  // Called by expose() before it reads, for gauges that are looked up rather than kept. Must not throw.
  void before_expose(std::function<void()> refresh);
  // The Prometheus text format, version 0.0.4.
  [[nodiscard]] std::string expose() const;
  // Every name once, sorted: docs are checked against it.
  [[nodiscard]] std::vector<MetricDeclaration> declarations() const;

 private:
  struct State;
  void declare(const std::string& name, const std::string& kind, const std::string& help);
  std::unique_ptr<State> state_;
};

}  // namespace noetl::telemetry
