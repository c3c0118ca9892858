// What follows a step: rules, arcs, variables, and the branches that are not taken.
#include <algorithm>

#include "shared/domain/json_text.hpp"
#include "shared/engine/commands/code_names.hpp"
#include "shared/engine/decisions/evaluator.hpp"
#include "shared/engine/plan/set_places.hpp"

namespace noetl::engine {
namespace {

bool is_bare_output(const Json& written) {
  if (!written.is_string()) return false;
  std::string text = written.get<std::string>();
  std::erase(text, ' ');
  return text == "{{output}}";
}

}  // namespace

// Rules first, when the step has any that were not looked through with its tool; then its arcs.
void Evaluator::route(const domain::Step& step, std::initializer_list<std::string_view> event_names) {
  auto outcome = run_rules(step, event_names);
  for (auto& token : outcome.tokens) add_token(std::move(token));
  if (outcome.is_routed || has_failed()) return;
  context_.rename_event(*event_names.begin());
  follow_arcs(step);
}

// v10 arcs: the first that holds wins, or every one that holds; what did not fire is skipped, visibly.
// A plain `next` list is taken as a whole and nothing is said about what it leaves out.
void Evaluator::follow_arcs(const domain::Step& step) {
  const bool is_exclusive = step.has_next_arcs && step.next_mode == domain::NextMode::exclusive;
  bool has_fired = false;
  std::vector<std::string> not_taken;
  for (const auto& arc : step.next) {
    if ((is_exclusive && has_fired) || !context_.holds(arc.when)) {
      not_taken.push_back(arc.step);
      continue;
    }
    has_fired = true;
    if (!fire(step, arc)) return;
  }
  if (step.has_next_arcs) skip_branches(step, not_taken);
}

bool Evaluator::fire(const domain::Step& from, const domain::Arc& arc) {
  auto args = render(from, arc.args);
  if (!args || !apply_set(from, arc.set, arc.step)) return false;
  if (!args->is_object()) *args = Json::object();
  if (const auto* target = decision_input_.playbook.find_step(arc.step); target != nullptr && target->tools.size() == 1)
    keep_maps_for_code(context_, target->tools.front().options, arc.args, *args);
  arrive(from, arc.step, std::move(*args));
  return !has_failed();
}

// Two branches that lead to the same waiting step meet there: it is entered once, with the arguments
// of both, the later ones winning. A step with one upstream has nothing to meet.
void Evaluator::add_token(Token token) {
  const auto waiting = std::find_if(tokens_.begin(), tokens_.end(),
                                    [&](const Token& other) { return other.step == token.step && !other.is_of_item; });
  if (waiting == tokens_.end() || token.is_of_item) {
    tokens_.push_back(std::move(token));
  } else {
    waiting->args.update(token.args);
  }
}

void Evaluator::arrive(const domain::Step& from, const std::string& target, Json args) {
  const auto index = index_of(target);
  if (index == Graph::no_barrier) {
    // Authors end a flow with `next: end` without writing that step.
    if (target == "end") return;
    return fail(from.name, "invalid_playbook",
                "step '" + from.name + "' leads to the step '" + target + "', which the playbook does not have");
  }
  Token token{.step = target,
              .args = std::move(args),
              .is_of_item = is_firing_for_item_,
              .waits_its_turn = is_firing_for_item_ && from.loop && from.loop->mode == "sequential"};
  if (arriving_ == &tokens_)
    add_token(std::move(token));
  else
    arriving_->push_back(std::move(token));
}

// Every target gets its step.skipped. Steps behind it that nothing can reach any more, and that never
// ran, are skipped with it, so that the log accounts for every step of a branch that was not taken.
void Evaluator::skip_branches(const domain::Step& from, const std::vector<std::string>& targets) {
  if (targets.empty() || has_failed()) return;
  const auto alive_from = live_steps(Graph::no_barrier);
  auto alive = context_.plan().graph().reachable(alive_from, Graph::no_barrier);
  for (const auto index : alive_from) alive[index] = true;
  std::vector<bool> told(alive.size(), false);
  std::vector<std::size_t> open;
  const auto tell = [&](std::size_t index, const std::string& because_of) {
    if (told[index]) return;
    told[index] = true;
    const auto& name = decision_input_.playbook.workflow[index].name;
    append("step.skipped", name, "skipped", map_of("from", because_of));
    if (!alive[index] && !state().visits.contains(name)) open.push_back(index);
  };
  for (const auto& target : targets) {
    if (const auto index = index_of(target); index != Graph::no_barrier) tell(index, from.name);
  }
  while (!open.empty()) {
    const auto index = open.back();
    open.pop_back();
    for (const auto next : context_.plan().graph().successors(index)) {
      const auto& name = decision_input_.playbook.workflow[next].name;
      if (!alive[next] && !state().visits.contains(name)) tell(next, decision_input_.playbook.workflow[index].name);
    }
  }
}

// "ctx.x" and bare "x" are variables of the execution, "a.x" is a member of one; "step.x" belongs to one
// step: `scope_of` is the step itself for its own `set`, and the target for an arc's. "iter.x" belongs to
// the frame; so does a bare "x" that a task of an iteration sets, since its siblings must not see it.
bool Evaluator::apply_set(const domain::Step& step, const Json& set, const std::string& scope_of) {
  if (!set.is_object() || set.empty()) return true;
  const Json* known = context_.plan().places(set);
  const Json own = known == nullptr ? by_place(set) : Json();
  const Json& written = known == nullptr ? own : *known;
  auto values = render(step, written);
  if (!values) return false;
  // `x: "{{ output }}"` means what the tool gave; `output.status` and the like are for conditions.
  for (const auto& [key, value] : written.items()) {
    if (const Json* result = context_.result(); result != nullptr && is_bare_output(value)) (*values)[key] = *result;
  }
  for (const auto* scope : {"ctx", "iter"}) {
    if (!values->contains(scope)) continue;
    // ctx: "{{ response }}" sets each member of the map.
    const Json map = std::move((*values)[scope]);
    values->erase(scope);
    if (!map.is_object()) {
      fail(step.name, "invalid_playbook",
           "step '" + step.name + "', set: `" + scope + "` is a scope, whose value is a map of names; found " +
               std::string(map.type_name()));
      return false;
    }
    for (const auto& [name, value] : map.items()) (*values)[std::string(scope) + "." + name] = value;
  }
  std::string changed;
  for (auto& [key, value] : values->get_ref<Json::object_t&>()) {
    if (frame_ == nullptr || !key.starts_with("iter.")) {
      changed += changed.empty() ? R"({"set":{)" : ",";
      domain::append_json_string(changed, key);
      changed += ':';
      domain::append_json(changed, value);
    }
    set_one(key, std::move(value), scope_of);
  }
  context_.variables_changed();
  if (!changed.empty()) append("ctx.updated", step.name, "completed", json::LazyJson::of_text(changed + "}}"));
  return true;
}

void Evaluator::set_one(const std::string& key, Json value, const std::string& scope_of) {
  const auto dot = key.find('.');
  const auto scope = dot == std::string::npos ? std::string() : key.substr(0, dot);
  const auto name = dot == std::string::npos ? key : key.substr(dot + 1);
  if (frame_ != nullptr && scope == "iter") {
    put_at(frame_->iter, name, std::move(value));
  } else if (scope == "step") {
    put_at(notes().scopes[scope_of], name, std::move(value));
  } else if (scope == "ctx" || scope == "vars" || scope == "workload") {
    put_at(state().variables, name, std::move(value));
  } else {
    put_at(state().variables, key, std::move(value));
  }
}

}  // namespace noetl::engine
