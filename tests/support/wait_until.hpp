#pragma once
// wait_until: polls a condition of another process, which can send no signal to us. The only place in
// the tests that sleeps. Any thread.
#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>

namespace noetl::support {

struct TimedOut : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Returns once `condition` holds; throws TimedOut naming `what` when it does not within `patience`.
// An exception of the condition counts as "not yet" and is quoted when the time is over.
void wait_until(const std::string& what, std::chrono::milliseconds patience, const std::function<bool()>& condition);

// For what must stay true: polls for `period` and returns false as soon as `condition` fails.
[[nodiscard]] bool holds_for(std::chrono::milliseconds period, const std::function<bool()>& condition);

}  // namespace noetl::support
