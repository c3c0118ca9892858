#include "server/engine/context.hpp"

#include <algorithm>
#include <deque>

#include "server/engine/fields.hpp"
#include "server/engine/loop_value.hpp"
#include "server/engine/text_reads.hpp"
#include "shared/domain/deferred_template.hpp"
#include "shared/domain/json_text.hpp"

namespace noetl::engine {
namespace {

const Json* member(const Json& object, const std::string& name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

bool is_v10(const domain::Playbook& playbook) { return playbook.generation == "v10"; }

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

// What the http tool gives, with a body that is a map.
bool is_http_answer(const Json& result) {
  const Json* body = member(result, "data");
  return body != nullptr && body->is_object() && result.contains("status_code");
}

// `output.data` of an http task is the body; what else the answer has stands beside its members.
Json body_first(const Json& result) {
  Json data = result;
  data.erase("data");
  data.update(result["data"]);
  return data;
}

}  // namespace

// Values that are built for one rendering, and the names they are seen under.
struct Context::Rendering {
  // Whether the text to be rendered contains the word: results are copied into `event` and `output`
  // only for those who look at them.
  bool with_payload = false;
  bool with_response = false;
  const Json* source = nullptr;  // what is rendered
  std::deque<Json> made;  // a deque keeps the addresses that `scope` points at
  templating::Scope scope;

  const Json* make(Json value) { return &made.emplace_back(std::move(value)); }
};

void Context::pass_through(const std::string& step) {
  happening_.name = "call.done";
  happening_.step = step;
  if (happening_.result == nullptr && happening_.error == nullptr) happening_.result = &nothing_;
}

base::Result<Json> Context::render(const Json& value, std::size_t bytes_max) {
  std::vector<std::string> roots;
  templating::collect_roots(value, roots);
  Rendering rendering;
  rendering.source = &value;
  if (!roots.empty()) {
    rendering.with_payload = mentions(value, "payload");
    rendering.with_response = mentions(value, "response");
    fill(rendering, roots);
  }
  return templating::render_value(value, rendering.scope, bytes_max);
}

bool Context::holds(const std::string& when) {
  if (when.empty()) return true;
  const auto parsed = templating::parse_cached(when);
  if (!parsed) return false;
  Rendering rendering;
  const Json source(when);
  rendering.source = &source;
  rendering.with_payload = when.find("payload") != std::string::npos;
  rendering.with_response = when.find("response") != std::string::npos;
  fill(rendering, (*parsed)->roots());
  const auto value = templating::render_condition(when, rendering.scope);
  return value && templating::is_truthy(*value);
}

base::Result<Json> Context::evaluate(const std::string& expression) {
  return render(expression.find("{{") == std::string::npos ? Json("{{ " + expression + " }}")
                                                           : Json(expression));
}

void Context::fill(Rendering& rendering, const std::vector<std::string>& roots) {
  for (const auto& root : roots) {
    if (const Json* value = find(root, rendering)) rendering.scope.add(root, *value);
  }
}

// From the nearest to the farthest: arguments, what just happened, the frame, names of the language,
// results ("step wins"), variables, workload, other top-level maps of the playbook.
const Json* Context::find(const std::string& name, Rendering& rendering) {
  if (input_ != nullptr) {
    if (const Json* value = member(*input_, name)) return value;
    if (name == "input" || name == "args") return input_;
  }
  if (const Json* value = find_happening(name, rendering)) return value;
  if (const Json* value = find_in_frame(name, rendering)) return value;
  if (const Json* value = find_special(name, rendering)) return value;
  if (const Json* value = find_result(name, rendering)) return value;
  if (const Json* value = member(state_.variables, name)) return value;
  if (const Json* value = member(situation_.workload, name)) return value;
  return member(situation_.playbook.extra, name);
}

const Json* Context::happening_result() {
  return happening_.slot != nullptr ? value_of(*happening_.slot) : happening_.result;
}

const Json* Context::find_happening(const std::string& name, Rendering& rendering) {
  if (happening_.name.empty()) return nullptr;
  if (name == "response" || name == "result") {
    const Json* result = happening_result();
    return result == nullptr ? nullptr : opened(name, *result, rendering);
  }
  if (name == "error") return happening_.error;
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
  if (const Json* result = member(frame_->results, name)) return opened(name, *result, rendering);
  const auto* step = situation_.playbook.find_step(frame_->step);
  const bool is_iteration = frame_->is_iteration() && step != nullptr && step->loop.has_value();
  if (is_iteration && name == step->loop->iterator) return &frame_->item;
  if (name == "iter") {
    Json iter = frame_->iter;
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
  return member(frame_->iter, name);
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

// A step's result by its name, or by the name that `collect: {into: name}` gave it.
const Json* Context::find_result(const std::string& name, Rendering& rendering) {
  auto slot = state_.results.find(name);
  if (slot == state_.results.end()) {
    const Json* aliases = member(state_.bookkeeping, "aliases");
    const Json* step = aliases == nullptr ? nullptr : member(*aliases, name);
    if (step == nullptr || !step->is_string()) return nullptr;
    slot = state_.results.find(step->get_ref<const std::string&>());
    if (slot == state_.results.end()) return nullptr;
  }
  const auto& kept = slot->second.value;
  const bool is_kept = slot->second.reference.is_set() && kept.is_object();
  if (is_kept && rendering.source != nullptr && reads_only(*rendering.source, name, kept)) return &kept;
  const Json* value = value_of(slot->second);
  if (value == nullptr) return nullptr;
  const Json* seen = opened(name, *value, rendering);
  if (!is_kept || !seen->is_object()) return seen;
  Json whole = *seen;
  whole.update(kept);
  return rendering.make(std::move(whole));
}

// Authors write `fetch.data.paging` and `fetch.paging` for the same member of an http answer's body, and
// `step.data.x` and `step.x` for the x inside an envelope {status, data: {x}}. Who asks for the whole gets
// it as it is.
const Json* Context::opened(const std::string& name, const Json& result, Rendering& rendering) const {
  if (const Json* rows = rows_meant(name, result, rendering)) return rows;
  const bool has_code = !is_v10(situation_.playbook) && member(result, "status_code") != nullptr;
  const bool has_inner = is_http_answer(result) || is_envelope(result);
  if (!has_inner && !has_code) return &result;
  if (rendering.source == nullptr || !reads_member(*rendering.source, name)) return &result;
  Json opened = has_inner ? result["data"] : Json::object();
  // The older generation calls an http answer's code `status` as well.
  if (has_code) opened["status"] = result["status_code"];
  opened.update(result);
  return rendering.make(std::move(opened));
}

// The older generation's duckdb step is the list of its last statement's rows, unless a member is read.
const Json* Context::rows_meant(const std::string& name, const Json& result,
                                const Rendering& rendering) const {
  if (is_v10(situation_.playbook) || rendering.source == nullptr) return nullptr;
  const auto* step = situation_.playbook.find_step(name);
  if (step == nullptr || step->tools.size() != 1 || step->tools.front().kind != "duckdb") return nullptr;
  const Json* rows = member(result, "rows");
  return rows != nullptr && rows->is_array() && !reads_member(*rendering.source, name) ? rows : nullptr;
}

const Json* Context::value_of(const ResultSlot& slot) {
  if (!slot.reference.is_set() && slot.loop.empty()) return &slot.value;
  const auto place = slot.loop.empty() ? slot.reference.str() : slot.loop;
  auto found = loaded_.find(place);
  if (found == loaded_.end()) {
    Json value;
    if (slot.loop.empty()) {
      value = situation_.archive.result(slot.reference);
    } else {
      Json results = situation_.archive.loop_results(slot.loop);
      for (const auto& outcome : outcomes_) {
        if (outcome.loop == slot.loop) results[static_cast<std::size_t>(outcome.index)] = outcome.result;
      }
      value = loop_value(std::move(results), slot.value);
    }
    found = loaded_.emplace(place, std::move(value)).first;
  }
  return &found->second;
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

Json Context::event(bool with_payload) {
  if (!with_payload) return Json{{"name", happening_.name}, {"step", happening_.step}};
  Json payload = Json::object();
  if (happening_.error != nullptr) payload["error"] = *happening_.error;
  const Json* result = happening_result();
  if (happening_.name == "step.exit") {
    payload["status"] = happening_.error != nullptr ? "failed" : "completed";
    if (result != nullptr) payload["result"] = *result;
  } else if (result != nullptr) {
    payload["response"] = *result;
  }
  return Json{{"name", happening_.name}, {"step", happening_.step}, {"payload", std::move(payload)}};
}

Json Context::output(bool with_response, Rendering& rendering) {
  Json output{{"status", happening_.error != nullptr ? "error" : "ok"}};
  const Json* result = happening_result();
  if (result != nullptr) {
    output["data"] = is_http_answer(*result) ? body_first(*result) : *opened("data", *result, rendering);
    if (with_response) output["response"] = *opened("response", *result, rendering);
  }
  if (happening_.error != nullptr) {
    output["error"] = *happening_.error;
    if (const Json* status = member(*happening_.error, "status")) output["http"] = Json{{"status", *status}};
  } else if (result != nullptr) {
    if (const Json* status = member(*result, "status_code")) output["http"] = Json{{"status", *status}};
  }
  return output;
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
    const auto* step = situation_.playbook.find_step(frame_->step);
    if (step != nullptr && step->loop.has_value()) wanted.push_back(step->loop->iterator);
    if (frame_->iter.is_object()) add_members(frame_->iter);
    if (frame_->results.is_object()) add_members(frame_->results);
  }
  add_members(state_.variables);
  if (situation_.workload.is_object()) add_members(situation_.workload);
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
  if (!mentions(value, "keychain")) return render(value);
  if (value.is_string()) {
    std::vector<std::string> roots;
    templating::collect_roots(value, roots);
    const auto secret = std::find(roots.begin(), roots.end(), "keychain");
    if (secret == roots.end()) return render(value);
    roots.erase(secret);
    return domain::deferred_template(value, names(roots));
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
