#pragma once
// Pace: how long the last commands took on their threads, and so how many more than it has slots a worker may hold: those begin
// when one ends, and are claimed and reported many at a time instead of one by one. Any thread.
#include <atomic>
#include <chrono>

namespace noetl::loop {

class Pace {
 public:
  // How long those that were claimed ahead may take to be begun, as far as can be foreseen.
  static constexpr std::chrono::milliseconds ahead_time{20};

  // `ahead_max` 0: nothing is ever claimed ahead.
  Pace(int slots, int ahead_max) : slots_(slots), ahead_max_(ahead_max) {}

  void note(std::chrono::microseconds duration);  // one has ended
  void forget();  // they take longer than they did
  // 0 while nothing is known, and when commands take longer than milliseconds.
  [[nodiscard]] int ahead() const;

 private:
  const int slots_;
  const int ahead_max_;
  std::atomic<double> mean_us_{-1};  // negative: nothing is known
};

}  // namespace noetl::loop
