#pragma once
// Reads what a step does: `tool` as a map, as a plain word with its options beside it, or as a pipeline;
// options beside `kind` or under `spec`; and the rules of spec.policy. One thread.
#include <vector>

#include "shared/language/loading/field.hpp"
#include "shared/language/loading/outline.hpp"

namespace noetl::language {

struct ToolReading {
  std::vector<domain::ToolSpec> tools;
  bool is_pipeline = false;
};

// `owner` is the step or workbook entry that has `tool`; with a plain word as tool, its other keys
// (all but `owner_keys`) are the tool's options.
[[nodiscard]] ToolReading read_tools(const Field& owner, vocabulary::Words owner_keys, const Outline& outline,
                                     Findings& findings);

// Checks spec.policy.rules: known keys and actions, jumps to tasks of this pipeline only.
void check_policy(const Field& spec, const std::vector<std::string>& labels, Findings& findings);

}  // namespace noetl::language
