#pragma once
// StopSignals: SIGINT and SIGTERM as a std::stop_token, for main. One object per process, made in main
// before other threads; the token may go to any thread. The first signal asks to stop; the second ends the
// process at once with 128 + its number, for the one who will not wait. Handlers are used instead of a
// blocked signal mask, since children would inherit the mask and could not be stopped.
#include <stop_token>
#include <thread>

namespace noetl::base {

class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  [[nodiscard]] std::stop_token token() const { return source_.get_token(); }
  [[nodiscard]] bool was_signalled() const { return source_.stop_requested(); }

 private:
  std::stop_source source_;
  std::jthread watch_;
};

}  // namespace noetl::base
