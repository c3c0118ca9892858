#pragma once
// Context: what the templates of an execution can name at one moment of a decision. It only points at
// the situation, the state and the occurrence; a value is built (event, steps, output, …) when a
// template asks for it by name. Lives within one decision on one thread.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/engine/engine.hpp"
#include "shared/templating/template.hpp"

namespace noetl::engine {

// What the decision is about right now: `event` in templates, with what it brought.
struct Happening {
  std::string name;                // call.done, call.error, step.exit, step.enter
  std::string step;
  const Json* result = nullptr;    // of the tool
  const Json* error = nullptr;     // {kind, message, …}
};

class Context {
 public:
  Context(const Situation& situation, const State& state) : situation_(situation), state_(state) {}
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  void set_happening(Happening happening) { happening_ = std::move(happening); }
  // A step without a tool and without arguments: what the step before it brought is still what
  // `output` and `response` mean.
  void pass_through(const std::string& step);
  void rename_happening(std::string_view event_name) { happening_.name = event_name; }
  // Arguments of the step that is being entered, seen above everything else. Null: none.
  void set_input(const Json* input) { input_ = input; }
  // The step whose templates are rendered: `step.x` reads what was set for it.
  void set_step(const std::string& name) { step_ = name; }
  void variables_changed() { merged_workload_.reset(); }

  // Every template inside `value`, rendered.
  [[nodiscard]] base::Result<Json> render(const Json& value);
  // A condition; empty holds. Never throws and never fails: what cannot be evaluated is false.
  [[nodiscard]] bool holds(const std::string& when);
  // The value of an expression, with or without its braces ("response.data").
  [[nodiscard]] base::Result<Json> evaluate(const std::string& expression);

 private:
  struct Rendering;
  const Json* find(const std::string& name, Rendering& rendering);
  const Json* find_happening(const std::string& name, Rendering& rendering);
  const Json* find_special(const std::string& name, Rendering& rendering);
  const Json* as_step_name(const Json& result, Rendering& rendering) const;
  const Json* value_of(const ResultSlot& slot) const;
  const Json* workload_and_variables();
  Json event(bool with_payload) const;
  Json output(bool with_response) const;
  Json steps() const;
  void fill(Rendering& rendering, const std::vector<std::string>& roots);

  const Situation& situation_;
  const State& state_;
  const Json nothing_ = Json::object();
  Happening happening_;
  const Json* input_ = nullptr;
  std::string step_;
  std::optional<Json> merged_workload_;
};

}  // namespace noetl::engine
