#include "shared/engine/context/context.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

#include "shared/domain/deferred_template.hpp"
#include "shared/domain/json_text.hpp"
#include "shared/engine/context/rendering.hpp"
#include "shared/engine/plan/text_reads.hpp"
#include "shared/engine/state/fields.hpp"

namespace noetl::engine {
namespace {

// When the execution began, by its id: the engine has no clock, and deciding again must give the same.
std::string began_at(base::ExecutionId id) {
  constexpr int bits_below_ms = 22;
  const std::chrono::sys_time<std::chrono::milliseconds> began{
      std::chrono::milliseconds(base::IdGenerator::epoch_ms + (id.value >> bits_below_ms))};
  const auto day = std::chrono::floor<std::chrono::days>(began);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(began - day);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                static_cast<int>(time.seconds().count()), static_cast<int>(time.subseconds().count()));
  return text.data();
}

}  // namespace

void Context::pass_through(const std::string& step) {
  event_.name = "call.done";
  event_.step = step;
  if (event_.result == nullptr && event_.error == nullptr) event_.result = &nothing_;
}

base::Result<Json> Context::render(const Json& value, std::size_t bytes_max) {
  if (value.is_structured() && value.empty()) return value;
  const auto* known = plan_.facts(value);
  return render_with(value, known == nullptr ? facts_of(value) : *known, bytes_max);
}

base::Result<Json> Context::render_with(const Json& value, const TextFacts& facts, std::size_t bytes_max) {
  if (!facts.has_templates) return value;
  Rendering rendering;
  rendering.source = &value;
  fill(rendering, facts);
  return templating::render_value(value, rendering.scope, bytes_max);
}

bool Context::holds(const std::string& when) {
  if (when.empty()) return true;
  const Json* known = plan_.condition(when);
  const Json own = known == nullptr ? Json(when) : Json();
  const Json& source = known == nullptr ? own : *known;
  const auto* facts = known == nullptr ? nullptr : plan_.facts(source);
  Rendering rendering;
  rendering.source = &source;
  fill(rendering, facts == nullptr ? facts_of(source) : *facts);
  const auto value = templating::render_condition(when, rendering.scope);
  return value && templating::is_truthy(*value);
}

base::Result<Json> Context::evaluate(const std::string& expression) {
  return render(expression.find("{{") == std::string::npos ? Json("{{ " + expression + " }}") : Json(expression));
}

bool Context::gives_nothing(const std::string& text) {
  if (text.find("{{") == std::string::npos) return false;
  const auto parsed = templating::parse_cached(text);
  if (!parsed || !(*parsed)->is_single_expression()) return false;
  Rendering rendering;
  const Json source(text);
  rendering.source = &source;
  fill(rendering, facts_of(source));
  bool is_undefined = false;
  const auto value = (*parsed)->evaluate(rendering.scope, &is_undefined);
  return value && is_undefined;
}

void Context::fill(Rendering& rendering, const TextFacts& facts) {
  rendering.with_payload = facts.names_payload;
  rendering.with_response = facts.names_response;
  for (const auto& root : facts.roots) {
    const Json* value = find(root, rendering);
    if (value == nullptr) continue;
    const auto members = rendering.members.find(root);
    rendering.scope.add(root, *value, members == rendering.members.end() ? nullptr : members->second);
  }
}

// From the nearest to the farthest: arguments, what just happened, the frame, names of the language,
// results ("step wins"), variables, workload, other top-level maps of the playbook.
const Json* Context::find(const std::string& name, Rendering& rendering) {
  if (input_ != nullptr) {
    if (const Json* value = member_of(*input_, name)) return value;
    if (name == "input" || name == "args") return input_;
  }
  if (const Json* value = find_event(name, rendering)) return value;
  if (const Json* value = find_in_frame(name, rendering)) return value;
  if (const Json* value = find_special(name, rendering)) return value;
  if (const Json* value = find_result(name, rendering)) return value;
  if (const Json* value = member_of(state_.variables, name)) return value;
  if (const Json* value = member_of(decision_input_.workload, name)) return value;
  return member_of(decision_input_.playbook.extra, name);
}

const Json* Context::event_result() {
  if (event_.slot != nullptr) return value_of(*event_.slot);
  return event_.result == nullptr ? nullptr : &event_.result->get();
}

const Json* Context::find_event(const std::string& name, Rendering& rendering) {
  if (event_.name.empty()) return nullptr;
  if (name == "response" || name == "result") {
    const Json* result = event_result();
    return result == nullptr ? nullptr : opened(name, *result, rendering);
  }
  if (name == "error") return event_.error;
  if (name == "event") return rendering.make(event(rendering.with_payload));
  if (name == "output") return rendering.make(output(rendering.with_response, rendering));
  return nullptr;
}

// `loop`, as Jinja names it, and what else the language says about where an iteration stands.
Json Context::iteration() const {
  return Json{{"index", frame_->index},      {"index0", frame_->index},
              {"first", frame_->index == 0}, {"last", frame_->index + 1 == frame_->total},
              {"length", frame_->total},     {"done", frame_->index}};
}

const Json* Context::find_in_frame(const std::string& name, Rendering& rendering) {
  if (frame_ == nullptr) return nullptr;
  if (const Json* result = member_of(frame_->results, name)) return opened(name, *result, rendering);
  const auto* step = decision_input_.playbook.find_step(frame_->step);
  const bool is_iteration = frame_->is_iteration() && step != nullptr && step->loop.has_value();
  if (is_iteration && name == step->loop->iterator) return &frame_->item;
  if (name == "iter") {
    Json iter = frame_->iter.is_null() ? Json::object() : frame_->iter;
    if (is_iteration) {
      iter.emplace(step->loop->iterator, frame_->item);
      iter["_index"] = frame_->index;
      iter["_total"] = frame_->total;
    }
    return rendering.make(std::move(iter));
  }
  if (name == "_attempt") return rendering.make(frame_->attempt);
  if (name == "_prev") return &frame_->previous;
  if (is_iteration && (name == "loop_index" || name == "_index")) return rendering.make(frame_->index);
  if (is_iteration && name == "loop") return rendering.make(iteration());
  return member_of(frame_->iter, name);
}

const Json* Context::find_special(const std::string& name, Rendering& rendering) {
  if (name == "workload") {
    return decision_input_.playbook.generation == "v10" ? &decision_input_.workload
                                                        : workload_and_variables(name, rendering);
  }
  if (name == "vars")
    return decision_input_.playbook.generation == "v10" ? &state_.variables : workload_and_variables(name, rendering);
  if (name == "ctx") return workload_and_variables(name, rendering);
  if (name == "now") return rendering.make(began_at(decision_input_.execution_id));
  if (name == "step") {
    const auto scope = state_.notes.scopes.find(step_);
    return scope == state_.notes.scopes.end() ? nullptr : &scope->second;
  }
  if (name == "steps") return rendering.make(steps());
  if (name == "execution_id") return rendering.make(decision_input_.execution_id.str());
  if (name == "catalog_id") return rendering.make(decision_input_.playbook.catalog_id.str());
  if (name == "job") {
    const auto id = decision_input_.execution_id.str();
    return rendering.make(Json{{"uuid", id}, {"id", id}, {"execution_id", id}});
  }
  return nullptr;
}

// v2era has one flat namespace: `workload` and `vars` are the same map.
const Json* Context::workload_and_variables(const std::string& name, const Rendering& rendering) {
  const auto& workload = decision_input_.workload;
  if (state_.variables.empty()) return &workload;
  if (rendering.source != nullptr && !merged_workload_) {
    if (reads_only(*rendering.source, name, state_.variables)) return &state_.variables;
    if (reads_only(*rendering.source, name, workload, &state_.variables)) return &workload;
  }
  if (!merged_workload_) {
    merged_workload_ = decision_input_.workload.is_object() ? decision_input_.workload : Json::object();
    merged_workload_->update(state_.variables);
  }
  return &*merged_workload_;
}

Json Context::event(bool with_payload) {
  if (!with_payload) return Json{{"name", event_.name}, {"step", event_.step}};
  Json payload = Json::object();
  if (event_.error != nullptr) payload["error"] = *event_.error;
  const Json* result = event_result();
  if (event_.name == "step.exit") {
    payload["status"] = event_.error != nullptr ? "failed" : "completed";
    if (result != nullptr) payload["result"] = *result;
  } else if (result != nullptr) {
    payload["response"] = *result;
  }
  return Json{{"name", event_.name}, {"step", event_.step}, {"payload", std::move(payload)}};
}

Json Context::steps() {
  Json steps = Json::object();
  for (const auto& [name, slot] : state_.results) {
    if (const Json* value = value_of(slot)) steps[name] = *value;
  }
  return steps;
}

Json Context::names(const std::vector<std::string>& wanted) {
  Rendering rendering;
  rendering.with_payload = true;
  rendering.with_response = true;
  Json names = Json::object();
  for (const auto& name : wanted) {
    if (const Json* value = find(name, rendering)) names[name] = *value;
  }
  return names;
}

Json Context::small_names(std::size_t bytes_max) {
  std::vector<std::string> wanted;
  const auto add_members = [&](const Json& map) {
    for (const auto& [name, value] : map.items()) wanted.push_back(name);
  };
  if (frame_ != nullptr) {
    const auto* step = decision_input_.playbook.find_step(frame_->step);
    if (step != nullptr && step->loop.has_value()) wanted.push_back(step->loop->iterator);
    if (frame_->iter.is_object()) add_members(frame_->iter);
    if (frame_->results.is_object()) add_members(frame_->results);
  }
  add_members(state_.variables);
  if (decision_input_.workload.is_object()) add_members(decision_input_.workload);
  for (const auto& [name, slot] : state_.results) {
    if (!slot.reference.is_set() && slot.loop.empty()) wanted.push_back(name);
  }
  wanted.emplace_back("workload");

  Rendering rendering;
  Json names = Json::object();
  for (const auto& name : wanted) {
    const Json* value = names.contains(name) ? nullptr : find(name, rendering);
    if (value == nullptr) continue;
    const auto bytes = name.size() + domain::json_text(*value).size() + 4;
    if (bytes > bytes_max) continue;  // a smaller one may still fit
    bytes_max -= bytes;
    names[name] = *value;
  }
  return names;
}

base::Result<Json> Context::render_for_worker(const Json& value) {
  if (value.is_structured() && value.empty()) return value;
  const auto* known = plan_.facts(value);
  const auto own = known == nullptr ? facts_of(value) : TextFacts();
  const auto& facts = known == nullptr ? own : *known;
  if (!facts.names_keychain) return render_with(value, facts, templating::rendered_bytes_max_default);
  if (value.is_string()) {
    auto roots = facts.roots;
    const auto secret = std::find(roots.begin(), roots.end(), "keychain");
    if (secret == roots.end()) return render_with(value, facts, templating::rendered_bytes_max_default);
    roots.erase(secret);
    Json seen = names(roots);
    for (auto& [name, found] : seen.items()) {
      if (const Json* whole = whole_of_rows(name); whole != nullptr && reads_member(value, name)) found = *whole;
    }
    return domain::deferred_template(value, std::move(seen));
  }
  Json rendered = value.is_object() ? Json::object() : Json::array();
  for (const auto& [name, inner] : value.items()) {
    auto one = render_for_worker(inner);
    if (!one) return one;
    if (value.is_object())
      rendered[name] = std::move(*one);
    else
      rendered.push_back(std::move(*one));
  }
  return rendered;
}

}  // namespace noetl::engine
