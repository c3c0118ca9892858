#pragma once
// Child: a program that a tool starts, in a process group of its own, with bounds on its memory, below a supervisor
// (supervise.hpp) that ends whatever the program started and left: with the program, with this object, and with the worker.
// One thread at a time.
#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "shared/base/result.hpp"
#include "worker/tools/programs/descriptors.hpp"

namespace noetl::tools {

// 0: no bound.
struct ChildLimits {
  std::size_t memory_bytes_max = 0;
  std::size_t file_bytes_max = 0;
  std::chrono::seconds cpu_time_max{0};
  std::size_t processes_max = 0;  // of the user that we are
};

struct ChildSettings {
  std::vector<std::string> argv;  // argv[0] is searched on PATH
  std::vector<int> descriptors;  // element i becomes descriptor i, at least 0 to 2
  std::vector<std::string> environment;  // all of it, "NAME=value"
  std::string cwd;  // empty: ours
  ChildLimits limits;
};

class Child {
 public:
  [[nodiscard]] static base::Result<std::unique_ptr<Child>> start(const ChildSettings& settings);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() { (void)end(); }

  // Readable once the program has ended, and all that it left.
  [[nodiscard]] int ended_descriptor() const { return control_.get(); }
  [[nodiscard]] bool has_ended() const noexcept;
  void signal_group(int signal) const noexcept;
  // Kills whatever is left and returns the program's wait status; the same one when called again.
  int end() noexcept;

 private:
  Child(pid_t supervisor, Fd control) : pid_(supervisor), control_(std::move(control)) {}

  pid_t pid_;  // of the supervisor
  Fd control_;  // to the supervisor: see Launch
  std::optional<int> wait_status_;
};

}  // namespace noetl::tools
