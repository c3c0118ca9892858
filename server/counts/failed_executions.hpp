#pragma once
// FailedExecutions: a log line for each execution that failed, at most lines_max a minute: whoever starts thousands of broken ones
// does not fill the disk. Any thread.
#include <chrono>
#include <cstdint>

#include "server/counts/work.hpp"
#include "shared/base/guarded.hpp"

namespace noetl::counts {

class FailedExecutions {
 public:
  static constexpr int lines_max = 60;  // a minute
  static constexpr std::size_t message_bytes_max = 300;

  void log(const EndedExecution& failed);

 private:
  struct Minute {
    std::chrono::steady_clock::time_point begin{};
    int lines = 0;
    std::uint64_t left_out = 0;
  };
  base::Guarded<Minute> minute_;
};

// The first bytes of a text, whole characters of UTF-8, with "..." where something was left out.
[[nodiscard]] std::string shortened(const std::string& text, std::size_t bytes_max);

}  // namespace noetl::counts
