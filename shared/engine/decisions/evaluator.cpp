#include "shared/engine/decisions/evaluator.hpp"

#include <algorithm>

#include "shared/domain/json_text.hpp"
#include "shared/engine/state/large_results.hpp"

namespace noetl::engine {
namespace {

// A result above this is not repeated in the last event: it is in the execution's row.
constexpr std::size_t event_result_bytes_max = 4096;

std::string end_payload(const Finish& finish, const std::string& final_step) {
  std::string payload = "{";
  if (!finish.error.is_null()) {
    payload += R"("error":)";
    domain::append_json(payload, finish.error);
    payload += ',';
  }
  payload += R"("final_step":)";
  domain::append_json_string(payload, final_step);
  if (!finish.result.is_null() && !is_larger(finish.result, event_result_bytes_max)) {
    payload += R"(,"result":)";
    finish.result.append_to(payload);
  }
  payload += '}';
  return payload;
}

}  // namespace

Evaluator::Evaluator(const DecisionInput& decision_input, State state)
    : decision_input_(decision_input),
      decision_{.state = std::move(state),
                .commands = {},
                .children = {},
                .loops = {},
                .loop_outcomes = {},
                .large_results = {},
                .events = {},
                .finish = {},
                .place = {}},
      context_(decision_input_, decision_.state, decision_.loop_outcomes),
      tokens_(std::move(decision_.state.notes.arrivals)) {}

bool Evaluator::is_finished() const { return !decision_.state.notes.finished.empty(); }

Decision Evaluator::take() {
  notes().arrivals = std::move(tokens_);
  return std::move(decision_);
}

std::optional<Json> Evaluator::render(const domain::Step& step, const Json& value) {
  return rendered_or_failed(step, context_.render(value));
}

std::optional<Json> Evaluator::render_for_worker(const domain::Step& step, const Json& value) {
  return rendered_or_failed(step, context_.render_for_worker(value));
}

std::optional<Json> Evaluator::rendered_or_failed(const domain::Step& step, base::Result<Json> rendered) {
  if (rendered) return std::move(*rendered);
  auto error = std::move(rendered.error());
  error.message =
      "step '" + step.name + "'" + (error.field.empty() ? "" : ", " + error.field.substr(1)) + ": " + error.message;
  fail(step.name, "template", error.message);
  if (!render_error_) render_error_ = std::move(error);
  return std::nullopt;
}

// The first failure counts. Nothing more is issued; what is running runs to its end.
void Evaluator::fail(const std::string& step, std::string_view kind, std::string message, const Json& details) {
  if (!has_failed()) {
    auto& failure = notes().failure;
    failure = details.is_object() ? details : Json::object();
    failure.update(Json{{"kind", kind}, {"message", std::move(message)}, {"step", step}});
  }
  tokens_.clear();
}

void Evaluator::refuse_amount(const domain::Step& step, std::string_view of, const base::Error& error) {
  fail(step.name, "invalid_input", "step '" + step.name + "', " + std::string(of) + ": " + error.message);
}

json::LazyJson Evaluator::map_of(std::string_view name, const Json& value) {
  std::string text = "{";
  domain::append_json_string(text, name);
  text += ':';
  domain::append_json(text, value);
  return json::LazyJson::of_text(text += '}');
}

void Evaluator::append(std::string type, const std::string& step, std::string status, json::LazyJson payload) {
  decision_.events.push_back(
      {.event_type = std::move(type), .step = step, .status = std::move(status), .payload = std::move(payload)});
}

void Evaluator::mark_completed(const std::string& step) {
  state().current_step = step;
  auto& steps = state().completed_steps;
  if (std::find(steps.begin(), steps.end(), step) == steps.end()) steps.push_back(step);
}

ResultSlot& Evaluator::set_result(const domain::Step& step, json::LazyJson value) {
  auto& slot = state().results[step.name];
  slot = {.value = std::move(value), .reference = {}, .loop = {}};
  return slot;
}

void Evaluator::finish_if_quiet() {
  if (!state().outstanding.empty() || !tokens_.empty() || is_finished()) return;
  Finish finish;
  std::string final_step = state().current_step;
  // What another step brought is no result of an execution that failed; its variables have it.
  if (!has_failed()) finish.result = final_result(final_step);
  if (has_failed()) {
    finish.status = domain::ExecutionStatus::failed;
    finish.error = notes().failure;
  }
  append(has_failed() ? "playbook.failed" : "playbook.completed", final_step, has_failed() ? "failed" : "completed",
         json::LazyJson::of_text(end_payload(finish, final_step)));
  notes().finished = to_string(finish.status);
  decision_.finish = std::move(finish);
}

// What `result` actions set, else of the last step that brought one.
json::LazyJson Evaluator::final_result(std::string& final_step) {
  final_step = decision_.state.current_step;
  for (const auto* noted : {&notes().result_step, &notes().last_result_step}) {
    const auto slot = decision_.state.results.find(*noted);
    if (slot == decision_.state.results.end()) continue;
    const bool is_at_hand = slot->second.loop.empty() && !slot->second.reference.is_set();
    if (is_at_hand) return slot->second.value;
    const Json* value = context_.value_of(slot->second);
    if (value == nullptr) return {};
    if (slot->second.loop.empty()) return *value;
    return Json{{"results", value->at("results")}, {"stats", value->at("stats")}};
  }
  return {};
}

std::size_t Evaluator::index_of(const std::string& step) const {
  const auto found = decision_input_.playbook.step_index.find(step);
  return found == decision_input_.playbook.step_index.end() ? Graph::no_barrier : found->second;
}

// Steps at which something is going on: a command that has not ended, or another token.
std::vector<std::size_t> Evaluator::live_steps(std::size_t but_not_token) const {
  std::vector<std::size_t> live;
  for (const auto& [node_id, step] : decision_.state.outstanding) {
    if (const auto index = index_of(step); index != Graph::no_barrier) live.push_back(index);
  }
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    if (i != but_not_token) live.push_back(index_of(tokens_[i].step));
  }
  return live;
}

}  // namespace noetl::engine
