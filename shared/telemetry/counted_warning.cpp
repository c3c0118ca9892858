#include "shared/telemetry/counted_warning.hpp"

#include <chrono>
#include <utility>

namespace noetl::telemetry {

namespace {
constexpr std::int64_t between_lines_ms = 60'000;

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}
}  // namespace

CountedWarning::CountedWarning(Metrics& metrics, Text text, const Labels& labels)
    : counter_(metrics.counter(text.metric, text.help, labels)), text_(std::move(text)) {}

void CountedWarning::count(std::uint64_t times, const std::string& example) {
  if (times == 0) return;
  counter_.add(static_cast<double>(times));
  unsaid_ += times;
  const auto now = now_ms();
  auto due = may_log_at_ms_.load();
  if (now < due || !may_log_at_ms_.compare_exchange_strong(due, now + between_lines_ms)) return;
  log_warn(text_.component, text_.message, {{"count", std::to_string(unsaid_.exchange(0))}, {"the_last", example}});
}

}  // namespace noetl::telemetry
