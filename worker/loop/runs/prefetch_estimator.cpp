#include "worker/loop/runs/prefetch_estimator.hpp"

#include <algorithm>

namespace noetl::loop {

namespace {
constexpr double weight = 1.0 / 8;  // of the newest: a few slow ones are noticed
constexpr double shortest_us = 1;
}  // namespace

// Of two that end at the same time one may be forgotten: it is an estimate.
void PrefetchEstimator::note(std::chrono::microseconds duration) {
  const double newest = std::max(shortest_us, static_cast<double>(duration.count()));
  const double mean = mean_us_.load(std::memory_order_relaxed);
  mean_us_.store(mean < 0 ? newest : mean + (newest - mean) * weight, std::memory_order_relaxed);
}

void PrefetchEstimator::forget() { mean_us_.store(-1, std::memory_order_relaxed); }

int PrefetchEstimator::count() const {
  const double mean = mean_us_.load(std::memory_order_relaxed);
  if (mean < 0) return 0;
  const double fitting = slots_ * static_cast<double>(std::chrono::microseconds(queue_time).count()) / mean;
  return static_cast<int>(std::min(fitting, static_cast<double>(prefetch_max_)));
}

}  // namespace noetl::loop
