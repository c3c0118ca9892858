#include "shared/engine/plan/resolved_tool.hpp"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "shared/engine/plan/text_reads.hpp"
#include "shared/engine/state/fields.hpp"

namespace noetl::engine {
namespace {

// Options nearer to the step lie over those farther away: the last over all others.
void merge_inputs(ResolvedTool& resolved, std::initializer_list<const Json*> inputs) {
  static const Json none = Json::object();
  resolved.input = &none;
  for (const Json* input : inputs) {
    if (!input->is_object() || input->empty()) continue;
    if (resolved.input->empty()) {
      resolved.input = input;
      continue;
    }
    Json merged = *resolved.input;
    merged.update(*input);
    resolved.own_input = std::make_unique<const Json>(std::move(merged));
    resolved.input = resolved.own_input.get();
  }
}

void take_entry(ResolvedTool& resolved, const domain::WorkbookEntry& entry, const Json& own) {
  resolved.kind = entry.tool.kind;
  Json merged = entry.tool.options;
  for (const auto& [name, value] : own.items()) {
    if (name != "name") merged[name] = value;  // that is the entry's
  }
  resolved.own_options = std::make_unique<const Json>(std::move(merged));
  resolved.options = resolved.own_options.get();
}

}  // namespace

CodeFacts facts_of_code(const std::string& code) { return {names_in_code(code), parameters_of_main(code)}; }

ResolvedTool resolve(const domain::Playbook& playbook, const domain::Step& step, const domain::ToolSpec& tool) {
  ResolvedTool resolved;
  resolved.kind = tool.kind;
  if (tool.kind == "workbook") {
    resolved.entry = text_of(tool.options, {"name"});
    const auto entry = std::ranges::find(playbook.workbook, resolved.entry, &domain::WorkbookEntry::name);
    if (entry == playbook.workbook.end()) return resolved;
    take_entry(resolved, *entry, tool.options);
    merge_inputs(resolved, {&entry->tool.input, &tool.input, &step.args});
  } else {
    resolved.options = &tool.options;
    merge_inputs(resolved, {&tool.input, &step.args});
  }
  const auto& code = first_of(*resolved.options, {"code"});
  if (code.is_string()) resolved.code = facts_of_code(code.get_ref<const std::string&>());
  return resolved;
}

}  // namespace noetl::engine
