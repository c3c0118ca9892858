#include "shared/engine/plan/plan.hpp"

#include "shared/engine/plan/set_places.hpp"
#include "shared/engine/plan/text_reads.hpp"
#include "shared/engine/state/fields.hpp"
#include "shared/templating/template.hpp"

namespace noetl::engine {
namespace {

template <class Key>
const Json* found_in(const std::unordered_map<const Key*, std::unique_ptr<const Json>>& known, const Key& key) {
  const auto found = known.find(&key);
  return found == known.end() ? nullptr : found->second.get();
}

}  // namespace

TextFacts facts_of(const Json& written) {
  TextFacts facts;
  templating::collect_roots(written, facts.roots);
  facts.has_templates = templating::has_templates(written);
  facts.names_payload = mentions(written, "payload");
  facts.names_response = mentions(written, "response");
  facts.names_keychain = mentions(written, "keychain");
  return facts;
}

const Plan& Plan::of(const domain::Playbook& playbook) {
  return playbook.plan.get<Plan>([&] { return std::make_unique<const Plan>(playbook); });
}

Plan::Plan(const domain::Playbook& playbook) : graph_(playbook) {
  for (const auto& step : playbook.workflow) {
    note_step(playbook, step);
    if (step.tools.size() <= 1) continue;
    if (engine::are_results_read(playbook, step)) results_read_.insert(&step);
    if (engine::is_previous_read(step)) previous_read_.insert(&step);
  }
}

const TextFacts* Plan::facts(const Json& written) const {
  const auto found = facts_.find(&written);
  return found == facts_.end() ? nullptr : &found->second;
}

const Json* Plan::condition(const std::string& when) const { return found_in(conditions_, when); }
const Json* Plan::places(const Json& set) const { return found_in(places_, set); }

void Plan::note(const Json& written) {
  if (!written.is_null() && !(written.is_structured() && written.empty())) facts_.emplace(&written, facts_of(written));
}

void Plan::note_condition(const std::string& when) {
  if (when.empty()) return;
  const auto& value = *(conditions_[&when] = std::make_unique<const Json>(when));
  note(value);
}

void Plan::note_set(const Json& set) {
  if (!set.is_object() || set.empty()) return;
  const auto& value = *(places_[&set] = std::make_unique<const Json>(by_place(set)));
  note(value);
}

void Plan::note_arc(const domain::Arc& arc) {
  note_condition(arc.when);
  note(arc.args);
  note_set(arc.set);
}

void Plan::note_tool(const domain::Playbook& playbook, const domain::Step& step, const domain::ToolSpec& tool) {
  const auto& resolved = tools_.emplace(&tool, resolve(playbook, step, tool)).first->second;
  if (resolved.options != nullptr) note(*resolved.options);
  if (resolved.input != nullptr) note(*resolved.input);
  note_set(tool.set);
}

void Plan::note_step(const domain::Playbook& playbook, const domain::Step& step) {
  note_condition(step.when);
  note(step.args);
  note_set(step.set);
  note_set(step.vars);
  if (step.loop) note(step.loop->in);
  if (step.loop) note(step.loop->spec);
  for (const auto& tool : step.tools) note_tool(playbook, step, tool);
  for (const auto& arc : step.next) note_arc(arc);
  for (const auto& rule : step.cases) {
    note_condition(rule.when);
    for (const auto& action : rule.then) {
      for (const auto& arc : action.arcs) note_arc(arc);
      if (action.kind == "set") note_set(action.spec);
    }
  }
}

}  // namespace noetl::engine
