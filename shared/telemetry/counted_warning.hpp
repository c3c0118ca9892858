#pragma once
// CountedWarning: something that others can make happen as often as they like. Each time counts in a metric; the log has a line at
// most once a minute, with how many there were since the one before. Any thread.
#include <atomic>
#include <cstdint>
#include <string>

#include "shared/telemetry/log.hpp"
#include "shared/telemetry/metrics.hpp"

namespace noetl::telemetry {

class CountedWarning {
 public:
  struct Text {
    std::string metric, help;
    std::string component, message;  // of the log line
  };
  CountedWarning(Metrics& metrics, Text text, const Labels& labels = {});
  CountedWarning(const CountedWarning&) = delete;
  CountedWarning& operator=(const CountedWarning&) = delete;

  // `example`: what this one was about; stands in the line if there is one.
  void count(std::uint64_t times, const std::string& example);
  [[nodiscard]] double value() const { return counter_.value(); }

 private:
  const Counter counter_;
  const Text text_;
  std::atomic<std::int64_t> may_log_at_ms_{0};  // of the steady clock
  std::atomic<std::uint64_t> unsaid_{0};
};

}  // namespace noetl::telemetry
