#pragma once
// Child: a process that a tool starts, in a process group of its own, with bounds on its memory. Closing
// it kills the whole group, so that nothing a playbook started goes on after its command. The kernel
// kills it when the THREAD that started it ends: start it from one that lives at least as long.
// One thread at a time.
#include <sys/types.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "shared/base/result.hpp"
#include "worker/tools/descriptors.hpp"

namespace noetl::tools {

struct ChildSettings {
  std::vector<std::string> argv;  // argv[0] is searched on PATH
  std::vector<int> descriptors;  // element i becomes descriptor i, at least 0 to 2
  std::optional<std::vector<std::string>> environment;  // "NAME=value"; absent: ours
  std::string cwd;  // empty: ours
  std::size_t memory_bytes_max = 0;  // 0: no bound
};

class Child {
 public:
  [[nodiscard]] static base::Result<std::unique_ptr<Child>> start(const ChildSettings& settings);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() { (void)end(); }

  [[nodiscard]] pid_t pid() const { return pid_; }
  // Readable once the process has ended; -1 on kernels without it.
  [[nodiscard]] int ended_descriptor() const { return pidfd_.get(); }
  [[nodiscard]] bool has_ended() const noexcept;
  void signal_group(int signal) const noexcept;
  // Kills whatever is left of the group and returns the wait status; the same one when called again.
  int end() noexcept;

 private:
  explicit Child(pid_t pid);

  pid_t pid_;
  Fd pidfd_;
  std::optional<int> wait_status_;
};

}  // namespace noetl::tools
