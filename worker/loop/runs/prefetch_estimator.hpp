#pragma once
// PrefetchEstimator: how many commands a worker may hold beyond its slots, from how long the last ones took on their threads.
// Those begin when another ends, and are claimed and reported many at a time instead of one by one. Any thread.
#include <atomic>
#include <chrono>

namespace noetl::loop {

class PrefetchEstimator {
 public:
  // How long prefetched commands may wait to begin, as far as can be foreseen.
  static constexpr std::chrono::milliseconds queue_time{20};

  // `prefetch_max` 0: nothing is ever prefetched.
  PrefetchEstimator(int slots, int prefetch_max) : slots_(slots), prefetch_max_(prefetch_max) {}

  void note(std::chrono::microseconds duration);  // one has ended
  void forget();  // they take longer than they did
  // 0 while nothing is known, and when commands take longer than milliseconds.
  [[nodiscard]] int count() const;

 private:
  const int slots_;
  const int prefetch_max_;
  std::atomic<double> mean_us_{-1};  // negative: nothing is known
};

}  // namespace noetl::loop
