#pragma once
// Context: what the templates of an execution can name at one moment of a decision. It only points at
// the input, the state and the result; a value is built (event, steps, output, …) when a
// template asks for it by name. Lives within one decision on one thread.
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/engine/plan/plan.hpp"
#include "shared/engine/state/decision.hpp"
#include "shared/templating/template.hpp"

namespace noetl::engine {

// What the decision is about right now: `event` in templates, with what it brought.
struct TemplateEvent {
  std::string name;  // call.done, call.error, step.exit, step.enter
  std::string step;
  const json::LazyJson* result = nullptr;  // of the tool
  const ResultSlot* slot = nullptr;  // instead: a result that is loaded only when a template asks for it
  const Json* error = nullptr;  // {kind, message, …}
};

class Context {
 public:
  // outcomes: of iterations, decided in this decision and not stored yet.
  Context(const DecisionInput& decision_input, const State& state, const std::vector<LoopOutcome>& outcomes)
      : decision_input_(decision_input), plan_(Plan::of(decision_input.playbook)), state_(state), outcomes_(outcomes) {}
  Context(const DecisionInput& decision_input, const State& state) : Context(decision_input, state, no_outcomes()) {}
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  void set_event(TemplateEvent about) { event_ = std::move(about); }
  // A step without a tool and without arguments: what the step before it brought is still what
  // `output` and `response` mean.
  void pass_through(const std::string& step);
  void rename_event(std::string_view event_name) { event_.name = event_name; }
  // Arguments of the step that is being entered, seen above everything else. Null: none.
  void set_input(const Json* input) { input_ = input; }
  // The step whose templates are rendered: `step.x` reads what was set for it.
  void set_step(const std::string& name) { step_ = name; }
  // The frame whose names are seen: iterator, `iter`, `_attempt`, labels of its tasks. Null: none.
  void set_frame(const Frame* frame) { frame_ = frame; }
  void variables_changed() { merged_workload_.reset(); }
  // While rules and `set` of a task are looked at, `output.data` is what the tool gave: of http the whole answer, of which
  // steps and arcs see the body.
  void see_whole_answers(bool sees_whole) { sees_whole_answers_ = sees_whole; }

  // Every template inside `value`, rendered; `bytes_max`: what all of them may make.
  [[nodiscard]] base::Result<Json> render(const Json& value,
                                          std::size_t bytes_max = templating::rendered_bytes_max_default);
  // A condition; empty holds. Never throws and never fails: what cannot be evaluated is false.
  [[nodiscard]] bool holds(const std::string& when);
  // The value of an expression, with or without its braces ("response.data").
  [[nodiscard]] base::Result<Json> evaluate(const std::string& expression);
  // Whether a text is one template and nothing else, whose expression gives nothing at all: null and empty texts are something.
  [[nodiscard]] bool gives_nothing(const std::string& text);
  // As render(), but a text that names `keychain` stays a template for the worker, with the values of the
  // other names that it uses: a deferred template (shared/domain). Secrets never come to the server's rows.
  [[nodiscard]] base::Result<Json> render_for_worker(const Json& value);
  [[nodiscard]] const Plan& plan() const { return plan_; }
  // What the tool gave that this is about, or null.
  [[nodiscard]] const Json* result() { return event_result(); }
  // The whole value of a result, wherever it is stored. Null pointer: it is gone.
  [[nodiscard]] const Json* value_of(const ResultSlot& slot);
  // Of a step; null pointer: it has none.
  [[nodiscard]] const Json* result_of(const std::string& step);
  // A result that this decision has moved out of the state, still read without the archive.
  void keep_loaded(base::ResultId id, json::LazyJson value) { loaded_[id.str()] = std::move(value); }
  // The names of `wanted` that can be seen now, with their values.
  [[nodiscard]] Json names(const std::vector<std::string>& wanted);
  // A SQL step's name is the list of its rows; this is all that it gave. Null: no such step, or it gave no rows.
  [[nodiscard]] const Json* whole_of_rows(const std::string& step);
  // Names for code that is not here to be looked into: of the frame, the variables, the workload, and results that stand in
  // the state; each that still fits into `bytes_max` of JSON in all.
  [[nodiscard]] Json small_names(std::size_t bytes_max);

 private:
  struct Rendering;
  static const std::vector<LoopOutcome>& no_outcomes() {
    static const std::vector<LoopOutcome> none;
    return none;
  }
  const Json* find(const std::string& name, Rendering& rendering);
  const Json* find_event(const std::string& name, Rendering& rendering);
  const Json* find_special(const std::string& name, Rendering& rendering);
  const Json* find_in_frame(const std::string& name, Rendering& rendering);
  const Json* find_result(const std::string& name, Rendering& rendering);
  // is_member: the texts read it as a member of something, `output.data`.
  const Json* opened(const std::string& name, const Json& result, Rendering& rendering, bool is_member = false) const;
  const Json* rows_of_sql(const std::string& name, const Json& result) const;
  [[nodiscard]] Json output_data(const Json& result, Rendering& rendering) const;
  const Json* event_result();
  const Json* workload_and_variables(const std::string& name, const Rendering& rendering);
  [[nodiscard]] Json iteration() const;
  Json event(bool with_payload);
  Json output(bool with_response, Rendering& rendering);
  Json steps();
  void fill(Rendering& rendering, const TextFacts& facts);
  base::Result<Json> render_with(const Json& value, const TextFacts& facts, std::size_t bytes_max);

  const DecisionInput& decision_input_;
  const Plan& plan_;
  const State& state_;
  const std::vector<LoopOutcome>& outcomes_;
  const json::LazyJson nothing_ = Json::object();
  TemplateEvent event_;
  const Json* input_ = nullptr;
  const Frame* frame_ = nullptr;
  std::string step_;
  bool sees_whole_answers_ = false;
  std::map<std::string, json::LazyJson> loaded_;  // results from the archive, by where they are
  std::optional<Json> merged_workload_;
};

}  // namespace noetl::engine
