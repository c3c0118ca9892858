#pragma once
// Trace: one line for each step of a run that is looked at, and the first thing in it that must never be. One thread.
#include <cstdio>
#include <string>

#include "tests/simulation/scheduler.hpp"

namespace noetl::simulation {

class Trace {
 public:
  // `out` null: nothing is written, and nobody should take the trouble to put a line together.
  Trace(Scheduler& scheduler, std::FILE* out) : scheduler_(scheduler), out_(out) {}
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;

  [[nodiscard]] bool is_on() const { return out_ != nullptr; }
  // `who`: the process it happens in, as the trace names it.
  void line(const std::string& who, const std::string& what) {
    if (out_ == nullptr) return;
    const double seconds = std::chrono::duration<double>(scheduler_.now()).count();
    std::fprintf(out_, "%10.6f %7llu %-8s %s\n", seconds, static_cast<unsigned long long>(scheduler_.steps()),
                 who.c_str(), what.c_str());
  }
  // The run ends here.
  void broken(const std::string& what) {
    if (violation_.empty()) violation_ = what;
    line("BROKEN", what);
    scheduler_.stop();
  }
  [[nodiscard]] const std::string& violation() const { return violation_; }

 private:
  Scheduler& scheduler_;
  std::FILE* out_;
  std::string violation_;
};

}  // namespace noetl::simulation
