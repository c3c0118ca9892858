// v2era `retry` in both its forms, and `collect`.
#include <algorithm>

#include "server/engine/action_fields.hpp"
#include "server/engine/decide.hpp"
#include "server/engine/durations.hpp"

namespace noetl::engine {
namespace {

constexpr int attempts_default = 3;
constexpr int pages_default = 100;   // as NOETL_PAGINATION_MAX_PAGES
constexpr std::string_view request_fields[] = {"params", "url",  "endpoint", "method", "headers",
                                               "body",   "data", "payload",  "json",   "args", "input"};

int count_in(const Json& spec, const char* name, int otherwise) {
  const auto found = spec.find(name);
  if (found == spec.end()) return otherwise;
  return static_cast<int>(number_from(*found).value_or(otherwise));
}

// delay | initial_delay, backoff (a word or a number) | backoff_multiplier, max_delay.
RetryDelay delay_of(const Json& spec) {
  RetryDelay delay;
  for (const auto* name : {"initial_delay", "delay"}) {
    if (const auto found = spec.find(name); found != spec.end()) delay.first = duration_from(*found);
  }
  for (const auto* name : {"backoff_multiplier", "backoff"}) {
    const auto found = spec.find(name);
    if (found == spec.end()) continue;
    if (const auto factor = number_from(*found)) {
      delay.backoff = "exponential";
      delay.multiplier = *factor;
    } else if (found->is_string()) {
      delay.backoff = found->get<std::string>();
    }
  }
  if (const auto found = spec.find("max_delay"); found != spec.end()) delay.longest = duration_from(*found);
  return delay;
}

// a.b.c inside a value; null pointer when something on the way is not there.
const Json* at_path(const Json& value, std::string_view path) {
  const Json* at = &value;
  while (!path.empty()) {
    const auto dot = path.find('.');
    const auto name = path.substr(0, dot);
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
    if (!at->is_object()) return nullptr;
    const auto found = at->find(name);
    if (found == at->end()) return nullptr;
    at = &*found;
  }
  return at;
}

// `path` is meant from the body of an http answer; some write it from the answer itself.
Json part_of(const Json& result, const std::string& path) {
  if (path.empty()) return result;
  const Json* body = result.is_object() && result.contains("status_code") ? at_path(result, "data") : nullptr;
  if (body != nullptr) {
    if (const Json* found = at_path(*body, path)) return *found;
  }
  const Json* found = at_path(result, path);
  return found == nullptr ? Json() : *found;
}

void add_to(Json& list, Json value, const std::string& strategy) {
  if (!list.is_array() || strategy == "replace") list = Json::array();
  if (value.is_null()) return;
  if (value.is_array()) {
    for (auto& item : value) list.push_back(std::move(item));
  } else {
    list.push_back(std::move(value));
  }
}

}  // namespace

void Decide::perform_retry(const domain::Step& step, const Json& written, RulesOutcome& outcome) {
  if (frame_ == nullptr) return;
  auto spec = render(step, written.is_object() ? written : Json::object());
  if (!spec) return;
  const bool is_next_page = std::any_of(std::begin(request_fields), std::end(request_fields),
                                        [&](auto name) { return spec->contains(name); });
  if (is_next_page) {
    if (frame_->requests >= count_in(*spec, "max_attempts", pages_default)) return;
    ++frame_->requests;
    frame_->attempt = 1;
    for (const auto name : request_fields) {
      if (const auto field = spec->find(name); field != spec->end()) frame_->overrides[std::string(name)] = *field;
    }
    outcome.retry = RetryAsk{.delay = delay_of(*spec).first};
    return;
  }
  if (frame_->attempt >= count_in(*spec, "max_attempts", count_in(*spec, "attempts", attempts_default))) return;
  auto delay = delay_of(*spec).after(frame_->attempt);
  if (error_.is_object() && error_.contains("retry_after")) delay = std::max(delay, duration_from(error_["retry_after"]));
  ++frame_->attempt;
  append("task.retry", step.name, "retrying",
         Json{{"node", frame_->node}, {"attempt", frame_->attempt}, {"delay_ms", delay.count()}});
  outcome.retry = RetryAsk{.delay = delay};
}

// {path, strategy, into}: a part of each page, flattened, is the step's result, and `into` another name of it.
// {from, into, mode}: a value is added to a variable.
void Decide::perform_collect(const domain::Step& step, const Json& spec) {
  if (frame_ == nullptr) return;
  auto strategy = spec.is_object() ? text_of(spec, {"strategy", "mode"}) : std::string();
  if (spec.is_object() && spec.contains("from")) return collect_into_variable(step, spec, strategy);
  const Json* result = context_.result();
  if (result == nullptr) return;
  add_to(frame_->collected, part_of(*result, spec.is_string() ? spec.get<std::string>() : text_of(spec, {"path"})), strategy);
  if (const auto into = spec.is_object() ? text_of(spec, {"into"}) : std::string(); !into.empty()) {
    state().bookkeeping["aliases"][into] = step.name;
  }
}

void Decide::collect_into_variable(const domain::Step& step, const Json& spec, const std::string& strategy) {
  auto value = render(step, spec["from"]);
  if (!value) return;
  const auto into = text_of(spec, {"into"});
  if (into.empty()) return fail(step.name, "invalid_playbook", "step '" + step.name + "': `collect` needs `into`");
  auto& list = state().variables[into];
  if (strategy.empty() || strategy == "append") {
    if (!list.is_array()) list = Json::array();
    list.push_back(std::move(*value));
  } else {
    add_to(list, std::move(*value), strategy);
  }
  context_.variables_changed();
}

// What follows may name the step's result, which is what was collected.
void Decide::publish_collected(const domain::Step& step) {
  if (frame_ == nullptr || frame_->collected.is_null() || frame_->is_iteration()) return;
  state().results[step.name] = {.value = frame_->collected, .reference = {}, .loop = {}};
}

}  // namespace noetl::engine
