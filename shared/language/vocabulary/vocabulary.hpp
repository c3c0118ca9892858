#pragma once
// The words of the playbook language, both generations: which keys mean something where. Constants;
// any thread.
#include <array>
#include <span>
#include <string_view>

namespace noetl::language::vocabulary {

using Words = std::span<const std::string_view>;

// Keys.
extern const Words playbook_keys;
extern const Words step_keys;
extern const Words step_spec_keys;
extern const Words output_keys;
extern const Words loop_keys;
extern const Words loop_spec_keys;
extern const Words frame_keys;  // loop.spec.frame
extern const Words next_keys;  // next: {spec, arcs}
extern const Words next_spec_keys;
extern const Words arc_keys;
extern const Words case_keys;
extern const Words action_keys;  // of a `then`, in the order in which one map's actions act
extern const Words retry_keys;
extern const Words collect_keys;
extern const Words workbook_keys;
extern const Words policy_keys;
extern const Words policy_rule_keys;
extern const Words policy_then_keys;
extern const Words tool_options;  // of all tools together: only to recognize slips of the pen

// Values.
extern const Words tool_kinds;
extern const Words loop_modes;
extern const Words next_modes;
extern const Words policy_actions;  // then.do
extern const Words backoffs;
extern const Words frame_processes;  // loop.spec.frame.process
extern const Words collect_strategies;
extern const Words api_versions;

// Options that only a tool has: at the level of a step they are a mistake, not a decoration.
extern const Words tool_only_options;

[[nodiscard]] bool contains(Words words, std::string_view word);
// Options whose text is a program in another language, where {{ }} need not be a template's.
[[nodiscard]] bool is_program_text(std::string_view option);

}  // namespace noetl::language::vocabulary
