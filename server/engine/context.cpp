#include "server/engine/context.hpp"

#include <algorithm>
#include <deque>

namespace noetl::engine {
namespace {

const Json* member(const Json& object, const std::string& name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

bool is_v10(const domain::Playbook& playbook) { return playbook.generation == "v10"; }

bool mentions(const Json& value, std::string_view word) {
  if (value.is_string()) return value.get_ref<const std::string&>().find(word) != std::string::npos;
  if (!value.is_structured()) return false;
  return std::any_of(value.begin(), value.end(), [&](const Json& inner) { return mentions(inner, word); });
}

// {status, data: {…}} and what may stand beside them, nothing else.
bool is_envelope(const Json& result) {
  if (!result.is_object() || !result.contains("status")) return false;
  const auto inner = result.find("data");
  if (inner == result.end() || !inner->is_object()) return false;
  static constexpr std::string_view members[] = {"data", "error", "message", "meta", "status"};
  for (const auto& [name, value] : result.items()) {
    if (std::find(std::begin(members), std::end(members), name) == std::end(members)) return false;
  }
  return true;
}

}  // namespace

// Values that are built for one rendering, and the names they are seen under.
struct Context::Rendering {
  // Whether the text to be rendered contains the word: results are copied into `event` and `output`
  // only for those who look at them.
  bool with_payload = false;
  bool with_response = false;
  std::deque<Json> made;   // a deque keeps the addresses that `scope` points at
  templating::Scope scope;

  const Json* make(Json value) { return &made.emplace_back(std::move(value)); }
};

void Context::pass_through(const std::string& step) {
  happening_.name = "call.done";
  happening_.step = step;
  if (happening_.result == nullptr && happening_.error == nullptr) happening_.result = &nothing_;
}

base::Result<Json> Context::render(const Json& value) {
  std::vector<std::string> roots;
  templating::collect_roots(value, roots);
  Rendering rendering;
  if (!roots.empty()) {
    rendering.with_payload = mentions(value, "payload");
    rendering.with_response = mentions(value, "response");
    fill(rendering, roots);
  }
  return templating::render_value(value, rendering.scope);
}

bool Context::holds(const std::string& when) {
  if (when.empty()) return true;
  const auto parsed = templating::parse_cached(when);
  if (!parsed) return false;
  Rendering rendering;
  rendering.with_payload = when.find("payload") != std::string::npos;
  rendering.with_response = when.find("response") != std::string::npos;
  fill(rendering, (*parsed)->roots());
  const auto value = templating::render_condition(when, rendering.scope);
  return value && templating::is_truthy(*value);
}

base::Result<Json> Context::evaluate(const std::string& expression) {
  return render(expression.find("{{") == std::string::npos ? Json("{{ " + expression + " }}") : Json(expression));
}

void Context::fill(Rendering& rendering, const std::vector<std::string>& roots) {
  for (const auto& root : roots) {
    if (const Json* value = find(root, rendering)) rendering.scope.add(root, *value);
  }
}

// From the nearest to the farthest: arguments, what just happened, names of the language, results
// ("step wins"), variables, workload, other top-level maps of the playbook.
const Json* Context::find(const std::string& name, Rendering& rendering) {
  if (input_ != nullptr) {
    if (const Json* value = member(*input_, name)) return value;
    if (name == "input" || name == "args") return input_;
  }
  if (const Json* value = find_happening(name, rendering)) return value;
  if (const Json* value = find_special(name, rendering)) return value;
  if (const auto slot = state_.results.find(name); slot != state_.results.end()) {
    if (const Json* value = value_of(slot->second)) return as_step_name(*value, rendering);
  }
  if (const Json* value = member(state_.variables, name)) return value;
  if (const Json* value = member(situation_.workload, name)) return value;
  return member(situation_.playbook.extra, name);
}

const Json* Context::find_happening(const std::string& name, Rendering& rendering) {
  if (happening_.name.empty()) return nullptr;
  if (name == "response" || name == "result") return happening_.result;
  if (name == "error") return happening_.error;
  if (name == "event") return rendering.make(event(rendering.with_payload));
  if (name == "output") return rendering.make(output(rendering.with_response));
  return nullptr;
}

const Json* Context::find_special(const std::string& name, Rendering& rendering) {
  if (name == "workload") {
    return is_v10(situation_.playbook) ? &situation_.workload : workload_and_variables();
  }
  if (name == "vars") return is_v10(situation_.playbook) ? &state_.variables : workload_and_variables();
  if (name == "ctx") return &state_.variables;
  if (name == "step") {
    const Json* scopes = member(state_.bookkeeping, "scopes");
    return scopes == nullptr ? nullptr : member(*scopes, step_);
  }
  if (name == "steps") return rendering.make(steps());
  if (name == "execution_id") return rendering.make(situation_.execution_id.str());
  if (name == "catalog_id") return rendering.make(situation_.playbook.catalog_id.str());
  if (name == "job") {
    const auto id = situation_.execution_id.str();
    return rendering.make(Json{{"uuid", id}, {"id", id}, {"execution_id", id}});
  }
  return nullptr;
}

// v10 authors write both `step.data.x` and `step.x` for the x inside an envelope {status, data: {x}}.
const Json* Context::as_step_name(const Json& result, Rendering& rendering) const {
  if (!is_v10(situation_.playbook) || !is_envelope(result)) return &result;
  Json opened = result["data"];
  opened.update(result);
  return rendering.make(std::move(opened));
}

// Null when the caller has not loaded it: the name is undefined then, as a step's that never ran.
const Json* Context::value_of(const ResultSlot& slot) const {
  if (!slot.reference.is_set()) return &slot.value;
  const auto found = situation_.values.find(slot.reference);
  return found == situation_.values.end() ? nullptr : &found->second;
}

// v2era has one flat namespace: `workload` and `vars` are the same map.
const Json* Context::workload_and_variables() {
  if (state_.variables.empty()) return &situation_.workload;
  if (!merged_workload_) {
    merged_workload_ = situation_.workload.is_object() ? situation_.workload : Json::object();
    merged_workload_->update(state_.variables);
  }
  return &*merged_workload_;
}

Json Context::event(bool with_payload) const {
  if (!with_payload) return Json{{"name", happening_.name}, {"step", happening_.step}};
  Json payload = Json::object();
  if (happening_.error != nullptr) payload["error"] = *happening_.error;
  if (happening_.name == "step.exit") {
    payload["status"] = happening_.error != nullptr ? "failed" : "completed";
    if (happening_.result != nullptr) payload["result"] = *happening_.result;
  } else if (happening_.result != nullptr) {
    payload["response"] = *happening_.result;
  }
  return Json{{"name", happening_.name}, {"step", happening_.step}, {"payload", std::move(payload)}};
}

Json Context::output(bool with_response) const {
  Json output{{"status", happening_.error != nullptr ? "error" : "ok"}};
  if (happening_.result != nullptr) {
    output["data"] = *happening_.result;
    if (with_response) output["response"] = *happening_.result;
  }
  if (happening_.error != nullptr) {
    output["error"] = *happening_.error;
    if (const Json* status = member(*happening_.error, "status")) output["http"] = Json{{"status", *status}};
  } else if (happening_.result != nullptr) {
    if (const Json* status = member(*happening_.result, "status_code")) output["http"] = Json{{"status", *status}};
  }
  return output;
}

Json Context::steps() const {
  Json steps = Json::object();
  for (const auto& [name, slot] : state_.results) {
    if (const Json* value = value_of(slot)) steps[name] = *value;
  }
  return steps;
}

}  // namespace noetl::engine
