#pragma once
// Interpreter: one warm python3 that runs python_driver.py and answers one call at a time, by a process that it forks for that call,
// which is there before the call comes; or by itself, when it is reused. Owned by the PythonPool and lent to one thread at a time.
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "worker/tools/programs/child.hpp"
#include "worker/tools/results.hpp"

namespace noetl::tools {

struct InterpreterSettings {
  std::string path = "python3";  // searched on PATH when it has no slash
  ToolLimits limits;
  bool is_reused = false;  // runs the calls itself: what one changes, the next one meets
  std::string preload;  // "module,…", imported at its start
};

// How one call ended. The interpreter may be used again only after `completed` and `failed`, and only
// when must_retire is false.
struct CallEnd {
  enum class How { completed, failed, timed_out, cancelled, died, never_began, broke_protocol };
  How how = How::died;
  std::string body;  // completed: the result's JSON; failed: {kind, message, traceback}
  std::string output;  // what it printed, storable
  bool must_retire = false;
  std::optional<int> wait_status;  // of the process that the call had for itself, once it has ended
  bool is_channel_closed = false;  // died: by its code, and the process went on until it was killed for that
};

class Interpreter {
 public:
  // driver: a descriptor of the driver's text that /dev/fd can open.
  [[nodiscard]] static base::Result<std::unique_ptr<Interpreter>> start(const InterpreterSettings& settings,
                                                                        int driver);
  // `listener`, if any, hears what the code prints as it comes.
  [[nodiscard]] CallEnd call(std::string_view request, std::chrono::steady_clock::time_point deadline,
                             const std::stop_token& stop, Progress* listener = nullptr);
  [[nodiscard]] std::uint64_t calls() const { return calls_; }
  // Kills it and returns its wait status.
  int end() noexcept { return child_->end(); }

 private:
  Interpreter(ToolLimits limits, std::unique_ptr<Child> child) : limits_(limits), child_(std::move(child)) {}

  class Exchange;
  [[nodiscard]] CallEnd::How exchange_with(Exchange& exchange, std::chrono::steady_clock::time_point deadline,
                                           const std::stop_token& stop);
  void prepare_call();
  void hear();
  void await_end();
  [[nodiscard]] bool await_end_of_interpreter();

  ToolLimits limits_;
  Fd control_;  // to an interpreter that forks; closed when it is reused
  Fd channel_;
  Fd output_;
  // Of the process that the next call has for itself.
  bool is_forked_ = false;  // it is there
  std::optional<int> wait_status_;  // it has ended
  bool has_left_behind_ = false;
  Wake wake_;
  std::uint64_t calls_ = 0;
  std::uint64_t first_call_name_ = 0;  // at random: code that writes into the channel must not hit it
  std::unique_ptr<Child> child_;
};

}  // namespace noetl::tools
