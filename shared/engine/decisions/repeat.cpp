// v2era `retry` in both its forms, and `collect`.
#include <algorithm>

#include "shared/domain/error_kinds.hpp"
#include "shared/engine/decisions/evaluator.hpp"
#include "shared/engine/state/durations.hpp"
#include "shared/engine/state/fields.hpp"
#include "shared/engine/state/large_results.hpp"

namespace noetl::engine {
namespace {

constexpr int pages_default = 100;  // as NOETL_PAGINATION_MAX_PAGES
constexpr std::string_view request_fields[] = {"params", "url",     "endpoint", "method", "headers", "body",
                                               "data",   "payload", "json",     "args",   "input"};

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

// `into: ctx.pages` is the variable `pages`.
std::string variable_name(const std::string& into) {
  for (const std::string_view scope : {"ctx.", "vars.", "workload."}) {
    if (into.starts_with(scope)) return into.substr(scope.size());
  }
  return into;
}

// Where the rows of what a frame has collected are kept: beside the items of loops.
std::string parts_of(const Frame& frame) { return frame.node + "!collected"; }

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

void Evaluator::perform_retry(const domain::Step& step, const Json& written, RulesOutcome& outcome) {
  if (frame_ == nullptr) return;
  auto spec = render(step, without_nulls(written.is_object() ? written : Json::object()));
  if (!spec) return;
  const bool is_next_page = std::any_of(std::begin(request_fields), std::end(request_fields),
                                        [&](auto name) { return spec->contains(name); });
  if (is_next_page) {
    const auto pages = count_in(*spec, {"max_attempts"}, pages_default);
    const auto backoff = backoff_of(*spec);
    if (!pages || !backoff) return refuse_amount(step, "retry", pages ? backoff.error() : pages.error());
    if (frame_->requests >= *pages) return;
    ++frame_->requests;
    frame_->attempt = frame_->attempts = 1;
    for (const auto name : request_fields) {
      if (const auto field = spec->find(name); field != spec->end()) frame_->overrides[std::string(name)] = *field;
    }
    outcome.retry = RetryAsk{.delay = backoff->initial};
    return;
  }
  if (const auto delay = next_attempt(step, *spec)) outcome.retry = RetryAsk{.delay = *delay};
}

// Counts the frame's attempt up and says how long it waits. Nothing: no attempt is left.
std::optional<std::chrono::milliseconds> Evaluator::next_attempt(const domain::Step& step, const Json& spec) {
  const auto attempts = count_in(spec, {"max_attempts", "attempts"}, attempts_default);
  const auto backoff = backoff_of(spec);
  if (!attempts || !backoff) {
    refuse_amount(step, "retry", attempts ? backoff.error() : attempts.error());
    return std::nullopt;
  }
  tried_.attempts = frame_->attempts = *attempts;
  if (frame_->attempt >= *attempts) return std::nullopt;
  const auto delay = std::max(backoff->delay_after(frame_->attempt), delay_asked(error_));
  ++frame_->attempt;
  append("task.retry", step.name, "retrying",
         Json{{"node", frame_->node}, {"attempt", frame_->attempt}, {"delay_ms", delay.count()}});
  return delay;
}

// `retry` (a map, a number of attempts, or true for the usual number) of the tool or of the step's spec, and the latter's
// `max_attempts`: for errors that no policy has spoken of, before any rule is asked.
std::optional<std::chrono::milliseconds> Evaluator::written_retry(const domain::Step& step,
                                                                  const domain::ToolSpec& tool) {
  const Json& retry = first_member("retry", {&tool.options, &tool.spec, &step.spec});
  const Json& attempts = first_member("max_attempts", {&step.spec});
  if (retry.is_null() && attempts.is_null()) return std::nullopt;
  // The work is done and only its result is lost, or no attempt can pass: a policy may ask for another run, a number of attempts
  // does not.
  const auto kind = error_.value("kind", "");
  if (domain::is_work_done(kind)) return std::nullopt;
  if (domain::is_refusal(kind) && !error_.value("retryable", false)) return std::nullopt;
  auto spec = render(step, retry.is_null() ? Json{{"max_attempts", attempts}} : without_nulls(retry));
  if (!spec || *spec == false) return std::nullopt;
  if (*spec == true) return next_attempt(step, Json::object());
  return next_attempt(step, spec->is_object() ? *spec : Json{{"max_attempts", *spec}});
}

// {path, strategy, into}: a part of each page, flattened, is the step's result, and `into` another name of it.
// {from, into, mode}: a value is added to a variable.
void Evaluator::perform_collect(const domain::Step& step, const Json& spec) {
  auto strategy = spec.is_object() ? text_of(spec, {"strategy", "mode"}) : std::string();
  if (frame_ == nullptr && step.loop) return;  // the whole of a loop is no round of it
  if (spec.is_object() && spec.contains("from")) return collect_into_variable(step, spec, strategy);
  if (frame_ == nullptr) return;
  const Json* result = context_.result();
  if (result == nullptr) return;
  add_to(frame_->collected, part_of(*result, spec.is_string() ? spec.get<std::string>() : text_of(spec, {"path"})),
         strategy);
  if (strategy != "replace" && is_larger(frame_->collected, reference_bytes_min)) {
    // What travels with every command of the frame stays small: the pages so far become a row.
    std::vector<Json> part{std::move(frame_->collected)};
    decision_.loops.push_back({.loop = parts_of(*frame_), .first = frame_->parts_stored++, .items = std::move(part)});
    frame_->collected = Json::array();
  }
  if (const auto into = spec.is_object() ? text_of(spec, {"into"}) : std::string(); !into.empty()) {
    notes().aliases[variable_name(into)] = step.name;
  }
}

void Evaluator::collect_into_variable(const domain::Step& step, const Json& spec, const std::string& strategy) {
  // `from: result` is an expression, with or without braces.
  const Json& from = spec["from"];
  auto value =
      rendered_or_failed(step, from.is_string() ? context_.evaluate(from.get<std::string>()) : context_.render(from));
  if (!value) return;
  if (const auto path = text_of(spec, {"path"}); !path.empty()) *value = part_of(*value, path);
  const auto into = variable_name(text_of(spec, {"into", "name"}));
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
void Evaluator::publish_collected(const domain::Step& step) {
  if (frame_ == nullptr || frame_->collected.is_null() || frame_->is_iteration()) return;
  set_result(step, collected_of(*frame_));
}

Json Evaluator::collected_of(const Frame& frame) {
  if (frame.parts_stored == 0) return frame.collected;
  Json all = Json::array();
  for (int part = 0; part < frame.parts_stored; ++part) add_to(all, item_of(parts_of(frame), part), "extend");
  add_to(all, frame.collected, "extend");
  return all;
}

}  // namespace noetl::engine
