#pragma once
// Waiter: waits for a descriptor within a call's deadline and stop. Every tool that talks to a peer or a
// process through a descriptor waits with one of these, so that none of them outlives its call. One thread.
#include <poll.h>

#include <chrono>
#include <stop_token>

#include "worker/tools/programs/descriptors.hpp"

namespace noetl::tools {

class Waiter {
 public:
  enum class Ended { ready, timed_out, cancelled };

  Waiter(std::chrono::steady_clock::time_point deadline, const std::stop_token& stop)
      : deadline_(deadline), stop_(stop), on_stop_(stop, OnStop{&wake_}) {}
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  // ready: one of `events` (POLLIN, POLLOUT), an error or a hang-up is there.
  [[nodiscard]] Ended wait(int descriptor, short events) const { return wait_until(descriptor, events, deadline_); }
  // As wait(), but at most until then, deadline or not: `ready` may also mean that the time has come.
  [[nodiscard]] Ended wait_until(int descriptor, short events, std::chrono::steady_clock::time_point until) const;
  // Whether the call is over by now.
  [[nodiscard]] Ended look() const;

  [[nodiscard]] std::chrono::steady_clock::time_point deadline() const { return deadline_; }
  [[nodiscard]] const std::stop_token& stop() const { return stop_; }

 private:
  struct OnStop {
    const Wake* wake;
    void operator()() const noexcept { wake->signal(); }
  };
  std::chrono::steady_clock::time_point deadline_;
  std::stop_token stop_;
  Wake wake_;
  std::stop_callback<OnStop> on_stop_;  // last: it may signal at once
};

}  // namespace noetl::tools
