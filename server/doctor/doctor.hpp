#pragma once
// Doctor: looks at a live installation from outside: the rules that always hold (docs/concepts/states.md), Postgres and NATS.
// It writes nothing. One thread; `noetlctl doctor` is its only caller.
#include <vector>

#include "server/doctor/check.hpp"
#include "server/doctor/replay_check.hpp"
#include "server/doctor/stack_checks.hpp"

namespace noetl::doctor {

struct DoctorSettings {
  StackSettings stack;
  bool is_deep = false;  // read whole tables and replay executions
  ReplaySettings replay;
};

[[nodiscard]] std::vector<Check> examine(const DoctorSettings& settings);

}  // namespace noetl::doctor
