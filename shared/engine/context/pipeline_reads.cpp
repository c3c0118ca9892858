#include "shared/engine/context/pipeline_reads.hpp"

#include <algorithm>

#include "shared/engine/state/fields.hpp"

namespace noetl::engine {
namespace {

bool arc_mentions(const domain::Arc& arc, std::string_view word) {
  return arc.when.find(word) != std::string::npos || mentions(arc.args, word) || mentions(arc.set, word);
}

bool tool_mentions(const domain::ToolSpec& tool, std::string_view label) {
  return mentions(tool.options, label) || mentions(tool.input, label) || mentions(tool.spec, label) ||
         mentions(tool.set, label);
}

bool may_jump_back(const domain::Step& step) {
  return std::any_of(step.tools.begin(), step.tools.end(),
                     [](const auto& tool) { return mentions(tool.spec, "jump"); });
}

bool step_mentions(const domain::Step& step, std::string_view word) {
  const auto arc_does = [&](const domain::Arc& arc) { return arc_mentions(arc, word); };
  if (mentions(step.args, word) || mentions(step.set, word) || mentions(step.vars, word)) return true;
  if (step.loop && mentions(step.loop->in, word)) return true;
  if (std::any_of(step.next.begin(), step.next.end(), arc_does)) return true;
  if (std::any_of(step.tools.begin(), step.tools.end(), [&](const auto& tool) { return tool_mentions(tool, word); }))
    return true;
  return std::any_of(step.cases.begin(), step.cases.end(), [&](const domain::CaseRule& rule) {
    return rule.when.find(word) != std::string::npos ||
           std::any_of(rule.then.begin(), rule.then.end(), [&](const domain::Action& action) {
             return mentions(action.spec, word) || std::any_of(action.arcs.begin(), action.arcs.end(), arc_does);
           });
  });
}

}  // namespace

// Whether anything of this step that is still to come, from task `from` on, reads a task's result by its
// label. What nothing reads is not carried from command to command: it may be large.
bool is_label_read(const domain::Step& step, std::string_view label, std::size_t from) {
  if (mentions(step.args, label) || mentions(step.set, label)) return true;
  if (std::any_of(step.next.begin(), step.next.end(), [&](const auto& arc) { return arc_mentions(arc, label); })) {
    return true;
  }
  const auto first = step.tools.begin() + (may_jump_back(step) ? 0 : static_cast<std::ptrdiff_t>(from));
  return std::any_of(first, step.tools.end(), [&](const auto& tool) { return tool_mentions(tool, label); });
}

// Whether `step.results.label` is read anywhere. Rounds of a loop have no such member.
bool are_results_read(const domain::Playbook& playbook, const domain::Step& step, const Frame& frame) {
  if (frame.is_iteration()) return false;
  const auto word = step.name + ".results";
  return std::any_of(playbook.workflow.begin(), playbook.workflow.end(),
                     [&](const domain::Step& other) { return step_mentions(other, word); });
}

void forget_what_nothing_reads(const domain::Step& step, Frame& frame) {
  for (auto label = frame.results.begin(); label != frame.results.end();) {
    if (is_label_read(step, label.key(), frame.task))
      ++label;
    else
      label = frame.results.erase(label);
  }
}

bool is_previous_read(const domain::Step& step) {
  return std::any_of(step.tools.begin(), step.tools.end(), [&](const domain::ToolSpec& tool) {
    return mentions(tool.options, "_prev") || mentions(tool.input, "_prev") || mentions(tool.spec, "_prev") ||
           mentions(tool.set, "_prev");
  });
}

}  // namespace noetl::engine
