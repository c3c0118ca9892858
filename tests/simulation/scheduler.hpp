#pragma once
// Scheduler: the threads of all simulated processes as fibers in one real thread, on a clock that stands still while
// anything can run. Which of the runnable ones goes on is drawn from a seed, so a seed is one exact run. A process
// can be killed (its fibers never go on, nothing is unwound: what a SIGKILL does) and frozen (SIGSTOP).
// threads.cpp maps pthreads and the standard clocks to the scheduler that runs; one at a time, one real thread.
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/simulation/random.hpp"

namespace noetl::simulation {

using Time = std::chrono::nanoseconds;  // since the simulation began

// 2026-01-01T00:00:00Z: where the wall clock, and that of the database, stands when a simulation begins.
inline constexpr std::chrono::seconds wall_begin{1'767'225'600};

// The simulated parts of a system: 0 is the world outside (clients, faults), servers and workers have their own.
using ProcessNumber = int;

struct Fiber;

class Scheduler {
 public:
  explicit Scheduler(std::uint64_t seed);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // The one that runs now; null outside of run().
  [[nodiscard]] static Scheduler* running();

  // A fiber's number, from 1 on.
  std::uint64_t spawn(ProcessNumber process, std::function<void()> body);
  // Until stop(), until nothing can ever happen again, or until `limit` of virtual time.
  void run(Time limit);
  void stop() { is_stopped_ = true; }
  [[nodiscard]] bool is_stopped() const { return is_stopped_; }

  [[nodiscard]] Time now() const { return now_; }
  [[nodiscard]] Random& random() { return random_; }
  [[nodiscard]] std::uint64_t steps() const { return steps_; }

  // Of the fiber that asks.
  [[nodiscard]] bool in_fiber() const { return current_ != nullptr; }
  [[nodiscard]] ProcessNumber process() const;
  [[nodiscard]] std::uint64_t fiber_number() const;
  void sleep(Time time);
  void yield();  // lets others go first, or not
  // Blocks until wake(on), or the deadline; false for the latter.
  bool wait(const void* on, std::optional<Time> deadline);
  void wake(const void* on, bool all);
  // Blocks until that fiber has ended.
  void join(std::uint64_t number);

  void kill(ProcessNumber process);  // does not return when it is the caller's own
  void freeze(ProcessNumber process) { frozen_.insert(process); }
  void thaw(ProcessNumber process) { frozen_.erase(process); }
  [[nodiscard]] bool is_frozen(ProcessNumber process) const { return frozen_.contains(process); }

 private:
  static void enter();
  void resume(Fiber& fiber);
  void leave();  // from a fiber to run()
  [[nodiscard]] Fiber* choose();
  void bury();

  Random random_;
  Time now_{0};
  std::vector<std::unique_ptr<Fiber>> fibers_;
  std::vector<Fiber*> ready_;  // of choose(), kept for its memory
  std::set<ProcessNumber> frozen_;
  Fiber* current_ = nullptr;
  std::unique_ptr<Fiber> main_;
  std::uint64_t next_number_ = 1;
  std::uint64_t steps_ = 0;
  bool has_dead_ = false;
  bool is_stopped_ = false;
};

}  // namespace noetl::simulation
