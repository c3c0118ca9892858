#pragma once
// OomKills: how many processes the kernel has ended for want of memory, in our cgroup where that says so, else on the whole machine.
// A process that got SIGKILL does not know from whom. Any thread.
#include <atomic>
#include <cstdint>
#include <string>

namespace noetl::tools {

class OomKills {
 public:
  // `file` has a line "oom_kill N". Empty: looked for.
  explicit OomKills(std::string file = {});

  [[nodiscard]] std::uint64_t count_now() noexcept;  // 0 where the kernel does not say
  // The same, at most a second old: for what asks with every call.
  [[nodiscard]] std::uint64_t count_lately() noexcept;

 private:
  const std::string file_;
  std::atomic<std::uint64_t> count_{0};
  std::atomic<std::int64_t> next_look_ms_{0};  // of the steady clock
};

}  // namespace noetl::tools
