#pragma once
// Reads what follows a step: `next` in its plain forms and as {spec, arcs}, and v2era's case rules. Every
// target is checked against the outline. One thread.
#include <vector>

#include "shared/language/loading/field.hpp"
#include "shared/language/loading/outline.hpp"

namespace noetl::language {

struct NextReading {
  std::vector<domain::Arc> arcs;
  domain::NextMode mode = domain::NextMode::inclusive;
  bool has_arcs = false;  // written as {spec, arcs}
};

// step | [step | {step, args, when, set}] | {step, …} | {spec: {mode}, arcs: […]}.
[[nodiscard]] NextReading read_next(const Field& field, Outline& outline, Findings& findings);
[[nodiscard]] std::vector<domain::CaseRule> read_cases(const Field& field, Outline& outline, Findings& findings);
// What `set` sets: a map of names or places to values, or the older list of {name, value}.
[[nodiscard]] Json read_set(const Field& field, Findings& findings);

}  // namespace noetl::language
