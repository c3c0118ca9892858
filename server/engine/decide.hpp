#pragma once
// Decide: one decision being made. It owns the state while it works on it and collects what is to be
// done; take() gives both away. Internal to this folder. Lives for one call on one thread.
//
// The plot of every decision: something happened → route() puts the steps that follow into `arrivals_`
// → settle() enters those that wait for nobody any more → finish when nothing is outstanding.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/engine/context.hpp"
#include "server/engine/engine.hpp"
#include "server/engine/graph.hpp"

namespace noetl::engine {

// A step may be entered this often in one execution: a back-edge that never ends is a mistake.
inline constexpr int visits_max = 10'000;

// Steps without a tool that one decision may pass: without a worker between them, a cycle of such steps
// would fill the log within one transaction.
inline constexpr int routers_max = 1000;

class Decide {
 public:
  Decide(const Situation& situation, State state);
  Decide(const Decide&) = delete;
  Decide& operator=(const Decide&) = delete;

  void begin();                                    // engine.cpp: the entry step
  void occurred(const Occurrence& occurrence);     // engine.cpp: a command of this execution ended
  void cancel(const std::string& reason);          // engine.cpp
  [[nodiscard]] bool is_finished() const;
  [[nodiscard]] const std::optional<base::Error>& render_error() const { return render_error_; }
  [[nodiscard]] Decision take();

 private:
  // A step that something leads to, not yet entered: it waits for its other live upstreams.
  struct Arrival {
    std::string step;
    Json args = Json::object();   // given by what led here, rendered already; override the step's own
  };
  enum class Verdict { none, go_on, fail };        // of a tool's policy

  // engine.cpp
  void completed(const domain::Step& step, const Json& result);
  void failed(const domain::Step& step, const domain::ToolError& error, const Json& result);
  void take_vars(const domain::Step& step);
  Verdict apply_policy(const domain::Step& step, bool is_error);

  // enter.cpp: what happens when a step is entered
  void settle();
  [[nodiscard]] std::size_t first_ready();
  [[nodiscard]] bool waits_for_others(std::size_t arrival);
  void enter(const Arrival& arrival);
  [[nodiscard]] bool is_admitted(const domain::Step& step, const Json& args);
  void run_router(const domain::Step& step, const Json& args);
  std::optional<Json> render_options(const domain::Step& step, Json options);
  void issue(const domain::Step& step, const std::string& node_id, const Json& args);

  // route.cpp: what follows a step
  void route(const domain::Step& step);
  void follow_arcs(const domain::Step& step);
  bool fire(const domain::Step& from, const domain::Arc& arc);
  void arrive(const domain::Step& from, const std::string& target, Json args);
  void skip_branches(const domain::Step& from, const std::vector<std::string>& targets);
  bool apply_set(const domain::Step& step, const Json& set, const std::string& scope_of);

  // actions.cpp: v2era rules
  struct RulesOutcome {
    bool is_routed = false;     // a `next` acted: plain `next` does not
    bool is_handled = false;    // for an error: a rule says how to go on
  };
  RulesOutcome run_rules(const domain::Step& step, const std::vector<std::string_view>& event_names);
  bool run_enter_rules(const domain::Step& step);
  void perform(const domain::Step& step, const domain::Action& action, RulesOutcome& outcome);
  void perform_next(const domain::Step& step, const domain::Action& action, RulesOutcome& outcome);
  void perform_result(const domain::Step& step, const Json& spec);
  void perform_skip(const domain::Step& step, const Json& spec, RulesOutcome& outcome);
  void perform_sink(const domain::Step& step, const Json& spec);

  // decide.cpp
  std::optional<Json> render(const domain::Step& step, const Json& value);   // nothing: the execution failed
  void fail(const std::string& step, std::string_view kind, std::string message);
  void fail_unsupported(const domain::Step& step, const std::string& what);
  [[nodiscard]] bool has_failed() const { return decision_.state.bookkeeping.contains("failure"); }
  void append(std::string type, const std::string& step, std::string status, Json payload);
  void finish_if_quiet();
  [[nodiscard]] Json final_result(std::string& final_step) const;
  void remember_arrivals();
  [[nodiscard]] const Graph& graph();
  [[nodiscard]] std::size_t index_of(const std::string& step) const;
  [[nodiscard]] std::vector<std::size_t> live_steps(std::size_t but_not_arrival) const;
  void mark_completed(const std::string& step);
  State& state() { return decision_.state; }

  const Situation& situation_;
  Decision decision_;
  Context context_;
  std::vector<Arrival> arrivals_;
  int routers_run_ = 0;
  std::optional<Graph> graph_;
  std::optional<base::Error> render_error_;
  Json error_;   // of the command that failed, as templates see it
};

}  // namespace noetl::engine
