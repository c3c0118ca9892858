#pragma once
// Evaluator: one decision being made. It owns the state while it works on it and collects what is to be
// done; take() gives both away. Internal to this folder. Lives for one call on one thread.
//
// The plot of every decision: something happened → route() puts the steps that follow into `tokens_`
// → settle() enters those that wait for nobody any more → finish when nothing is outstanding.
#include <chrono>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/engine/context/bounds.hpp"
#include "shared/engine/context/context.hpp"
#include "shared/engine/state/decision.hpp"
#include "shared/engine/state/tool_error.hpp"

namespace noetl::engine {
class Evaluator {
 public:
  Evaluator(const DecisionInput& decision_input, State state);
  Evaluator(const Evaluator&) = delete;
  Evaluator& operator=(const Evaluator&) = delete;

  void begin(const std::string& entry);  // engine.cpp: the step to begin with
  void node_ended(const NodeResult& node_result);  // engine.cpp: a command of this execution ended
  void end_now(domain::ExecutionStatus status, std::string_view kind,
               const std::string& message);  // engine.cpp
  [[nodiscard]] bool is_finished() const;
  // Why the execution failed, when a template did it.
  [[nodiscard]] const base::Error* render_error() const {
    return render_error_ && has_failed() ? &*render_error_ : nullptr;
  }
  [[nodiscard]] Decision take();

 private:
  // How a tool ended, as the step's rules and policy see it.
  struct ToolEnd {
    json::LazyJson result;  // also of a failed tool, when it brought one
    std::optional<domain::ToolError> error;
  };
  // What a tool's policy says, and what a rule's `retry` asks for.
  enum class Verdict { none, go_on, fail, retry, jump, leave };
  struct RetryAsk {
    std::chrono::milliseconds delay{0};
  };
  struct RulesOutcome {
    bool is_routed = false;  // a `next` acted: plain `next` does not
    bool is_handled = false;  // for an error: a rule says how to go on
    std::optional<RetryAsk> retry;
    std::vector<Sink> sinks;
    std::vector<Token> tokens;
    std::optional<Json> result;  // what a `result` action makes of a round
  };

  // enter.cpp: what happens when a step is entered
  void settle();
  [[nodiscard]] std::size_t first_ready();
  [[nodiscard]] bool waits_for_others(std::size_t token);
  void enter(const Token& token);
  void begin_node(const domain::Step& step, const std::string& node, const Json& args);
  [[nodiscard]] bool begin_final_step();
  [[nodiscard]] bool is_admitted(const domain::Step& step, const Json& args);
  void run_router(const domain::Step& step, const Json& args);

  // issue.cpp: commands and sub-playbooks
  [[nodiscard]] bool issue(const domain::Step& step, Frame& frame, std::chrono::milliseconds delay);
  [[nodiscard]] bool cannot_render(const domain::Step& step, const std::string& what, const base::Error& error);
  void note_empty_templates(const domain::Step& step, const Frame& frame, domain::ToolError& error);
  void issue_command(const domain::Step& step, Frame frame, NewCommand command);
  void issue_child(const domain::Step& step, Frame frame, NewCommand command);
  static void settle_templates(NewCommand& command);

  // frames.cpp: from one command of a frame to the next
  [[nodiscard]] base::Result<std::optional<Frame>> frame_of(const NodeResult& node_result) const;
  void give_up_frame(const std::string& node_id, const std::string& why);
  [[nodiscard]] bool carry_out_here(const domain::Step& step, Frame& frame);
  void run(const domain::Step& step, Frame frame, std::chrono::milliseconds delay);
  void tool_ended(const domain::Step& step, Frame frame);
  [[nodiscard]] bool judge(const domain::Step& step, Frame& frame, ToolEnd& end, std::chrono::milliseconds& delay);
  [[nodiscard]] bool judge_by_rules(const domain::Step& step, Frame& frame, ToolEnd& end,
                                    std::chrono::milliseconds& delay);
  [[nodiscard]] bool next_task(const domain::Step& step, Frame& frame, ToolEnd& end);
  [[nodiscard]] bool conclude(const domain::Step& step, Frame& frame, ToolEnd& end, RulesOutcome outcome,
                              std::chrono::milliseconds& delay);
  void note_attempt(const domain::Step& step, const Frame& frame);
  void frame_completed(const domain::Step& step, Frame& frame, json::LazyJson result);
  void frame_failed(const domain::Step& step, Frame& frame, ToolEnd& end);
  void step_completed(const domain::Step& step);
  void move_out_very_large(const domain::Step& step);

  // policy.cpp: spec.policy.rules of a tool
  Verdict apply_policy(const domain::Step& step, const domain::ToolSpec& tool, Frame& frame,
                       std::chrono::milliseconds& delay);
  Verdict carry_out(const domain::Step& step, const domain::ToolSpec& tool, const Json& then, Frame& frame,
                    std::chrono::milliseconds& delay);
  bool apply_task_set(const domain::Step& step, const Json& set, const Frame& frame);
  void take_vars(const domain::Step& step);

  // loops.cpp
  void begin_loop(const domain::Step& step, const std::string& node, const Json& args);
  void begin_iteration(const domain::Step& step, const std::string& node, int index, Json item);
  void iteration_over(const Frame& frame, const ToolEnd& end, bool is_handled = false);
  void go_on_with_loop(const std::string& node);
  void loop_done(const domain::Step& step, const std::string& node);
  [[nodiscard]] LoopNotes* find_loop(const std::string& node);  // null: it is over
  [[nodiscard]] Json item_of(const std::string& node, int index);

  // cursors.cpp
  void begin_cursor(const domain::Step& step, const std::string& node, const Json& args);
  void go_on_with_cursor(const domain::Step& step, const std::string& node);
  void issue_claim(const domain::Step& step, const std::string& node);
  void claim_ended(const domain::Step& step, const std::string& node, ToolEnd& end);

  // route.cpp: what follows a step
  void route(const domain::Step& step, std::initializer_list<std::string_view> event_names);
  void follow_arcs(const domain::Step& step);
  bool fire(const domain::Step& step, const domain::Arc& arc);
  void arrive(const domain::Step& from, const std::string& target, Json args);
  void add_token(Token token);
  void skip_branches(const domain::Step& from, const std::vector<std::string>& targets);
  bool apply_set(const domain::Step& step, const Json& set, const std::string& scope_of);
  void set_one(const std::string& key, Json value, const std::string& scope_of);

  // actions.cpp: v2era rules
  RulesOutcome run_rules(const domain::Step& step, std::initializer_list<std::string_view> event_names);
  bool run_enter_rules(const domain::Step& step, std::vector<Sink>& sinks);
  void perform(const domain::Step& step, const domain::Action& action, RulesOutcome& outcome);
  void perform_next(const domain::Step& step, const domain::Action& action, RulesOutcome& outcome);
  [[nodiscard]] bool is_for_item(const domain::Step& step, const domain::Arc& arc) const;
  void perform_result(const domain::Step& step, const Json& spec, RulesOutcome& outcome);
  void perform_skip(const domain::Step& step, const Json& spec, RulesOutcome& outcome);

  // repeat.cpp: v2era retry, pagination and collect
  void perform_retry(const domain::Step& step, const Json& spec, RulesOutcome& outcome);
  [[nodiscard]] std::optional<std::chrono::milliseconds> next_attempt(const domain::Step& step, const Json& spec);
  [[nodiscard]] std::optional<std::chrono::milliseconds> written_retry(const domain::Step& step,
                                                                       const domain::ToolSpec& tool);
  void perform_collect(const domain::Step& step, const Json& spec);
  void collect_into_variable(const domain::Step& step, const Json& spec, const std::string& strategy);
  void publish_collected(const domain::Step& step);
  [[nodiscard]] Json collected_of(const Frame& frame);

  // sinks.cpp
  void hold_for_sinks(const domain::Step& step, Frame frame, ToolEnd& end, RulesOutcome outcome);
  void issue_sink(const domain::Step& step, Frame frame);  // the next one: a command like any other
  void sink_ended(const domain::Step& step, Frame frame);
  void perform_sink(const domain::Step& step, const Json& spec, RulesOutcome& outcome);

  // evaluator.cpp
  std::optional<Json> render(const domain::Step& step, const Json& value);  // nothing: the execution failed
  std::optional<Json> render_for_worker(const domain::Step& step, const Json& value);
  std::optional<Json> rendered_or_failed(const domain::Step& step, base::Result<Json> rendered);
  void fail(const std::string& step, std::string_view kind, std::string message, const Json& details = {});
  [[nodiscard]] bool has_failed() const { return !decision_.state.notes.failure.is_null(); }
  // issue.cpp. Nothing: it cannot be read, and the step fails. `written` may be a template.
  void refuse_amount(const domain::Step& step, std::string_view of, const base::Error& error);
  bool settle_limits(const domain::Step& step, const domain::ToolSpec& tool, const Json* own, NewCommand& command);
  std::optional<int> read_count(const domain::Step& step, const Json& written, const char* name);
  // An object of one member, written without a tree.
  [[nodiscard]] static json::LazyJson map_of(std::string_view name, const Json& value);
  void append(std::string type, const std::string& step, std::string status, json::LazyJson payload);
  void finish_if_quiet();
  [[nodiscard]] json::LazyJson final_result(std::string& final_step);
  [[nodiscard]] std::size_t index_of(const std::string& step) const;
  [[nodiscard]] std::vector<std::size_t> live_steps(std::size_t but_not_token) const;
  void mark_completed(const std::string& step);
  ResultSlot& set_result(const domain::Step& step, json::LazyJson value);
  State& state() { return decision_.state; }
  Notes& notes() { return decision_.state.notes; }

  const DecisionInput& decision_input_;
  Decision decision_;
  Context context_;
  std::vector<Token> tokens_;
  std::vector<Token>* arriving_ = &tokens_;  // where arrive() puts what follows
  bool is_firing_for_item_ = false;
  Frame* frame_ = nullptr;  // whose rules are being looked through
  ToolEnd end_;  // what the event points to
  Tried tried_;  // of the frame that is judged
  std::vector<std::string> open_loops_;  // loops that may have room for more, or be over
  int routers_run_ = 0;
  int tasks_run_here_ = 0;
  std::optional<base::Error> render_error_;
  Json error_;  // of the command that failed, as templates see it
};
}  // namespace noetl::engine
