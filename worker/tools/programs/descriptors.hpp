#pragma once
// Descriptors: Fd owns one, FdPair is two ends of a channel, Wake is one that can be signalled. An Fd has one owner; Wake says who
// may signal it.
#include <utility>

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

// Of what errno says.
[[noreturn]] void throw_errno(const char* what);

// Throw std::system_error when the process is out of descriptors. All are close-on-exec.
[[nodiscard]] FdPair make_output_pipe();  // they write, we read
[[nodiscard]] FdPair make_socket_pair();  // both ways; writing to a dead peer is an error, not a signal

// A descriptor that becomes readable when signalled. signal() may come from any thread and from a stop callback.
class Wake {
 public:
  Wake();
  void signal() const noexcept;
  void clear() const noexcept;
  [[nodiscard]] int descriptor() const { return event_.get(); }

 private:
  Fd event_;
};

}  // namespace noetl::tools
