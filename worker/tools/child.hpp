#pragma once
// Child: a process that a tool starts, in a process group of its own, with bounds on its memory. Closing
// it kills the whole group, so that nothing a playbook started goes on after its command. The kernel
// kills it when the THREAD that started it ends: start it from one that lives at least as long.
// One thread at a time. Fd and Wake are the descriptors that go with it.
#include <sys/types.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "shared/base/result.hpp"

namespace noetl::tools {

// Owns one file descriptor; closes it.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int number) : number_(number) {}
  Fd(Fd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd();
  [[nodiscard]] int get() const { return number_; }
  [[nodiscard]] bool is_open() const { return number_ >= 0; }

 private:
  int number_ = -1;
};

struct FdPair {
  Fd ours;  // does not block
  Fd theirs;  // blocks
};

// Throw std::system_error when the process is out of descriptors. All are close-on-exec.
[[nodiscard]] FdPair make_output_pipe();  // they write, we read
[[nodiscard]] FdPair make_socket_pair();  // both ways; writing to a dead peer is an error, not a signal

// A descriptor that becomes readable when rung. ring() may come from any thread and from a stop callback.
class Wake {
 public:
  Wake();
  void ring() const noexcept;
  void clear() const noexcept;
  [[nodiscard]] int descriptor() const { return event_.get(); }

 private:
  Fd event_;
};

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
