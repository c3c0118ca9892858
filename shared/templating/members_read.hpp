#pragma once
// members_read: the first members of free names that a template reads by name, for those who look for slips. Pure; any thread.
#include <string>
#include <vector>

#include "shared/templating/syntax/free_names.hpp"
#include "shared/templating/template.hpp"

namespace noetl::templating {

// Of "{{ workload.url }}" workload and url. Without those that the template takes to be missing perhaps: `| default`, `is defined`,
// `or`, the condition of an `if`. Sorted, unique. `parsed` is what parse() gave.
[[nodiscard]] std::vector<MemberRead> members_read(const Template& parsed);

}  // namespace noetl::templating
