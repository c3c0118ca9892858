#pragma once
// Reads one step of the workflow. One thread.
#include "shared/language/loading/field.hpp"
#include "shared/language/loading/outline.hpp"

namespace noetl::language {

// Which generation's words a playbook uses; both in one playbook is "mixed".
struct Dialect {
  bool has_v2era = false;  // case, plain next, vars
  bool has_v10 = false;  // arcs, pipelines, set, policies
  bool has_args = false;  // only a hint when neither is there
};

[[nodiscard]] domain::Step read_step(const Field& field, Outline& outline, Dialect& dialect, Findings& findings);

}  // namespace noetl::language
