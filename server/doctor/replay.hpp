#pragma once
// Replay: one execution decided about anew from its log, change by change, with the real engine. What it comes to is
// compared with what is stored (R5). No I/O but through the two ports it is given. One thread.
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "shared/engine/engine.hpp"

namespace noetl::doctor {

// One numbered row of the log.
struct LoggedChange {
  std::string event_type;
  std::string step, node_id;
  domain::Json payload, meta;
};

// What lies outside the log.
struct Elsewhere {
  std::function<json::LazyJson(base::ResultId)> result;  // null when it is not there
  // The last state of the execution that this one repeats, with every result in it; nothing when it is gone.
  std::function<std::optional<engine::State>(base::ExecutionId)> earlier;
};

struct ReplayedItem {
  domain::Json item;
  std::optional<domain::Json> result;
  bool is_completed = false;
};

// Why a change could not be applied.
struct Halt {
  bool is_contradiction = true;  // false: the log leads out of what is stored, so nothing can be said
  std::string why;
};

class Replay {
 public:
  Replay(const domain::Playbook& playbook, base::ExecutionId execution_id, const domain::Json& workload,
         Elsewhere elsewhere);
  ~Replay();
  Replay(const Replay&) = delete;
  Replay& operator=(const Replay&) = delete;

  // Changes come in the order of their numbers. Nothing when it was applied.
  [[nodiscard]] std::optional<Halt> apply(const LoggedChange& change);

  [[nodiscard]] const engine::State& state() const { return state_; }
  [[nodiscard]] const std::optional<engine::Finish>& finish() const { return finish_; }
  [[nodiscard]] const std::set<std::string>& nodes() const { return nodes_; }  // of all commands issued
  [[nodiscard]] const std::set<std::string>& open_nodes() const { return open_nodes_; }  // of those that have not ended
  [[nodiscard]] const std::map<base::ResultId, std::string>& results() const;  // that left the state
  [[nodiscard]] const std::map<std::string, std::map<int, ReplayedItem>>& items() const;

 private:
  class Memory;
  [[nodiscard]] std::optional<Halt> begin(const LoggedChange& change);
  [[nodiscard]] std::optional<Halt> set_variables(const LoggedChange& change);
  [[nodiscard]] std::optional<Halt> node_ended(const LoggedChange& change);
  [[nodiscard]] std::optional<Halt> take(engine::Decision decision, const LoggedChange& change);
  [[nodiscard]] engine::DecisionInput decision_input(bool may_move_out);

  const domain::Playbook& playbook_;
  const base::ExecutionId execution_id_;
  const domain::Json& workload_;
  const Elsewhere elsewhere_;
  std::unique_ptr<Memory> memory_;
  engine::State state_;
  std::optional<engine::Finish> finish_;
  std::map<std::string, std::string> frames_;  // of nodes that have not ended
  std::set<std::string> nodes_, open_nodes_;
  std::vector<base::ResultId> left_;  // ids that this change's results got
  std::size_t left_used_ = 0;
};

}  // namespace noetl::doctor
