#include "tests/support/wait_until.hpp"

#include <thread>

namespace noetl::support {
namespace {
constexpr std::chrono::milliseconds poll_interval{10};
}

void wait_until(const std::string& what, std::chrono::milliseconds patience, const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  std::string last_problem;
  for (;;) {
    try {
      if (condition()) return;
    } catch (const std::exception& problem) {
      last_problem = problem.what();
    }
    if (std::chrono::steady_clock::now() >= deadline) break;
    std::this_thread::sleep_for(poll_interval);
  }
  throw TimedOut("waited " + std::to_string(patience.count()) + " ms for: " + what +
                 (last_problem.empty() ? "" : " (last problem: " + last_problem + ")"));
}

bool holds_for(std::chrono::milliseconds period, const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + period;
  while (std::chrono::steady_clock::now() < deadline) {
    if (!condition()) return false;
    std::this_thread::sleep_for(poll_interval);
  }
  return condition();
}

}  // namespace noetl::support
