// What happens when a step is entered: waiting at a join, admission, routers, commands.
#include <algorithm>
#include <charconv>

#include "server/engine/action_fields.hpp"
#include "server/engine/decide.hpp"

namespace noetl::engine {
namespace {

constexpr std::size_t none_ready = static_cast<std::size_t>(-1);
constexpr std::chrono::milliseconds timeout_longest = std::chrono::hours(24 * 30);

// "step" on the first visit, "step#2" on the second: unique in the execution (R7).
std::string node_of(const std::string& step, int visit) {
  return visit == 1 ? step : step + "#" + std::to_string(visit);
}

// 30, 2.5, "30", "30s", "500ms", "5m", "1h" → a duration; anything else → zero, the tool's default.
std::chrono::milliseconds duration_from(const Json& value) {
  double amount = 0;
  double unit_ms = 1000;
  if (value.is_number()) {
    amount = value.get<double>();
  } else if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), amount);
    if (error != std::errc{}) return {};
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    if (unit == "ms") unit_ms = 1;
    else if (unit == "m") unit_ms = 60'000;
    else if (unit == "h") unit_ms = 3'600'000;
    else if (!unit.empty() && unit != "s") return {};
  }
  const double ms = amount * unit_ms;
  if (!(ms > 0)) return {};
  const auto longest = static_cast<double>(timeout_longest.count());
  return ms >= longest ? timeout_longest : std::chrono::milliseconds(static_cast<std::int64_t>(ms));
}

const Json& first_member(std::string_view name, std::initializer_list<const Json*> maps) {
  static const Json nothing;
  for (const Json* map : maps) {
    if (!map->is_object()) continue;
    if (const auto found = map->find(name); found != map->end()) return *found;
  }
  return nothing;
}

void lay_over(Json& below, const Json& above) {
  if (above.is_object() && !above.empty()) below.update(above);
}

const domain::WorkbookEntry* find_entry(const domain::Playbook& playbook, const std::string& name) {
  const auto found = std::find_if(playbook.workbook.begin(), playbook.workbook.end(),
                                  [&](const auto& entry) { return entry.name == name; });
  return found == playbook.workbook.end() ? nullptr : &*found;
}

// A tool as it is to be run: a workbook reference replaced by the entry that it names.
struct Resolved {
  std::string kind;
  Json options;
  Json input;   // templates; what is nearer to the step lies over what is farther
};

base::Result<Resolved> resolve(const domain::Playbook& playbook, const domain::Step& step) {
  const auto& tool = step.tools.front();
  Resolved resolved{.kind = tool.kind, .options = tool.options, .input = Json::object()};
  if (tool.kind == "workbook") {
    const auto name = text_of(tool.options, {"name"});
    const auto* entry = find_entry(playbook, name);
    if (entry == nullptr) {
      return base::failure(base::ErrorCode::invalid_playbook,
                           "step '" + step.name + "' names the workbook entry '" + name +
                               "', which the playbook does not have");
    }
    Json own = std::move(resolved.options);
    own.erase("name");
    resolved.kind = entry->tool.kind;
    resolved.options = entry->tool.options;
    lay_over(resolved.options, own);
    lay_over(resolved.input, entry->tool.input);
  }
  lay_over(resolved.input, tool.input);
  lay_over(resolved.input, step.args);
  return resolved;
}

}  // namespace

void Decide::settle() {
  while (!arrivals_.empty() && !has_failed()) {
    const auto next = first_ready();
    if (next == none_ready) break;
    const Arrival arrival = std::move(arrivals_[next]);
    arrivals_.erase(arrivals_.begin() + static_cast<std::ptrdiff_t>(next));
    enter(arrival);
  }
  finish_if_quiet();
}

std::size_t Decide::first_ready() {
  for (std::size_t i = 0; i < arrivals_.size(); ++i) {
    if (!waits_for_others(i)) return i;
  }
  // Joins that wait for one another, with nothing running: the first goes, or nobody ever would.
  return state().outstanding.empty() ? 0 : none_ready;
}

// A join waits while anything that is going on may still lead to it. That needs no counting of tokens,
// so a branch that was not taken, or that ended early, never blocks it.
bool Decide::waits_for_others(std::size_t arrival) {
  if (state().outstanding.empty() && arrivals_.size() == 1) return false;
  const auto step = index_of(arrivals_[arrival].step);
  if (graph().predecessors(step) <= 1) return false;
  return graph().reachable(live_steps(arrival), step)[step];
}

void Decide::enter(const Arrival& arrival) {
  const auto& step = *situation_.playbook.find_step(arrival.step);
  const int visit = ++state().visits[step.name];
  if (visit > visits_max) {
    return fail(step.name, "too_many_visits",
                "step '" + step.name + "' was entered " + std::to_string(visits_max) +
                    " times, which is the most that one execution may: look for a back-edge that never ends");
  }
  if (step.loop) return fail_unsupported(step, "loop");
  if (step.tools.size() > 1) {
    return fail_unsupported(step, "a pipeline of " + std::to_string(step.tools.size()) + " tasks");
  }
  context_.set_step(step.name);
  if (!is_admitted(step, arrival.args)) {
    append("step.skipped", step.name, "skipped", Json{{"reason", "its condition does not hold"}});
    return skip_branches(step, targets_of(step));
  }
  if (run_enter_rules(step) || has_failed()) return;
  if (step.tools.empty()) return run_router(step, arrival.args);
  issue(step, node_of(step.name, visit), arrival.args);
}

// `when` at the step, and spec.policy.admit: {rules: [{when, then: {allow}}]}, whose first match decides.
bool Decide::is_admitted(const domain::Step& step, const Json& args) {
  context_.set_input(&args);
  bool is_allowed = context_.holds(step.when);
  const Json* policy = map_member(step.spec, "policy");
  const Json* admit = policy == nullptr ? nullptr : map_member(*policy, "admit");
  if (is_allowed && admit != nullptr && admit->contains("rules") && (*admit)["rules"].is_array()) {
    for (const auto& rule : (*admit)["rules"]) {
      const Json* then = map_member(rule.contains("else") ? rule["else"] : rule, "then");
      if (then == nullptr || !context_.holds(text_of(rule, {"when"}))) continue;
      is_allowed = then->value("allow", Json(true)) != Json(false);
      break;
    }
  }
  context_.set_input(nullptr);
  return is_allowed;
}

// A step without a tool completes where it stands. Its arguments, when it has any, are its result.
void Decide::run_router(const domain::Step& step, const Json& args) {
  if (++routers_run_ > routers_max) {
    return fail(step.name, "too_many_visits",
                "step '" + step.name + "' is reached by more than " + std::to_string(routers_max) +
                    " steps without a tool, one after another: look for a back-edge that never ends");
  }
  auto input = render(step, step.args);
  if (!input) return;
  lay_over(*input, args);
  append("step.enter", step.name, "started", Json::object());
  if (input->is_object() && !input->empty()) {
    auto& slot = state().results[step.name];
    slot = ResultSlot{.value = std::move(*input), .reference = {}};
    state().bookkeeping["last_result_step"] = step.name;
    context_.set_happening({.name = "call.done", .step = step.name, .result = &slot.value, .error = nullptr});
  } else {
    context_.pass_through(step.name);
  }
  mark_completed(step.name);
  append("step.exit", step.name, "completed", Json::object());
  take_vars(step);
  if (has_failed() || !apply_set(step, step.set, step.name)) return;
  route(step);
}

// Code is full of braces that are no templates (f"{{x}}", ${#list}): an option that does not parse as a
// template stays as written. Looked into only when the rendering as a whole has failed.
std::optional<Json> Decide::render_options(const domain::Step& step, Json options) {
  if (auto rendered = context_.render(options)) return std::move(*rendered);
  Json as_written = Json::object();
  for (auto& [name, value] : options.items()) {
    if (value.is_string() && !templating::parse_cached(value.get_ref<const std::string&>())) as_written[name] = value;
  }
  for (const auto& [name, value] : as_written.items()) options.erase(name);
  auto rendered = render(step, options);
  if (rendered) lay_over(*rendered, as_written);
  return rendered;
}

void Decide::issue(const domain::Step& step, const std::string& node_id, const Json& args) {
  auto resolved = resolve(situation_.playbook, step);
  if (!resolved) return fail(step.name, "invalid_playbook", resolved.error().message);
  auto input = render(step, resolved->input);
  if (!input) return;
  if (!input->is_object()) *input = Json::object();
  lay_over(*input, args);
  // Code and commands may name the arguments of their own step.
  context_.set_input(&*input);
  auto tool = render_options(step, std::move(resolved->options));
  context_.set_input(nullptr);
  if (!tool) return;
  (*tool)["kind"] = resolved->kind;

  NewCommand command;
  command.step = step.name;
  command.node_id = node_id;
  command.tool_kind = resolved->kind;
  command.timeout = duration_from(first_member("timeout", {&*tool, &step.tools.front().spec, &step.spec}));
  if (auto pool = text_of(step.spec, {"pool"}); !pool.empty()) command.pool = std::move(pool);
  if (const auto& priority = first_member("priority", {&step.spec}); priority.is_number_integer()) {
    command.priority = priority.get<int>();
  }
  command.tool = std::move(*tool);
  command.input = std::move(*input);
  state().outstanding[node_id] = step.name;
  state().current_step = step.name;
  decision_.commands.push_back(std::move(command));
}

}  // namespace noetl::engine
