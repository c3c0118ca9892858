#include "server/doctor/replay.hpp"

#include "server/decisions/log_notes.hpp"
#include "shared/engine/state/large_results.hpp"
#include "shared/engine/state/tool_error.hpp"

namespace noetl::doctor {
namespace {

using domain::Json;
namespace notes = decisions::log_notes;

// Nothing for a row that does not tell of an end.
std::optional<domain::Outcome> outcome_of(const std::string& event_type) {
  if (event_type == "call.done") return domain::Outcome::completed;
  if (event_type == "call.error") return domain::Outcome::failed;
  return domain::outcome_from_event_name(event_type);
}

Halt contradiction(std::string why) { return {.is_contradiction = true, .why = std::move(why)}; }
Halt unseen(std::string why) { return {.is_contradiction = false, .why = std::move(why)}; }

}  // namespace

// What the decisions of this execution have stored outside its state.
class Replay::Memory final : public engine::Archive {
 public:
  Json result(base::ResultId id) override {
    const auto found = results.find(id);
    return found == results.end() ? Json() : Json::parse(found->second);
  }
  Json loop_item(const std::string& loop, int index) override {
    const auto& rows = items[loop];
    const auto found = rows.find(index);
    return found == rows.end() ? Json() : found->second.item;
  }
  Json loop_results(const std::string& loop) override {
    Json all = Json::array();
    for (const auto& [index, row] : items[loop]) all.push_back(row.result.value_or(Json()));
    return all;
  }

  std::map<base::ResultId, std::string> results;
  std::map<std::string, std::map<int, ReplayedItem>> items;
};

Replay::Replay(const domain::Playbook& playbook, base::ExecutionId execution_id, const Json& workload,
               Elsewhere elsewhere)
    : playbook_(playbook),
      execution_id_(execution_id),
      workload_(workload),
      elsewhere_(std::move(elsewhere)),
      memory_(std::make_unique<Memory>()) {}

Replay::~Replay() = default;

const std::map<base::ResultId, std::string>& Replay::results() const { return memory_->results; }
const std::map<std::string, std::map<int, ReplayedItem>>& Replay::items() const { return memory_->items; }

engine::DecisionInput Replay::decision_input(bool may_move_out) {
  std::function<base::ResultId()> new_id;
  if (may_move_out) new_id = [this] { return left_used_ < left_.size() ? left_[left_used_++] : base::ResultId{}; };
  return {.playbook = playbook_,
          .execution_id = execution_id_,
          .workload = workload_,
          .archive = *memory_,
          .new_result_id = new_id};
}

std::optional<Halt> Replay::apply(const LoggedChange& change) {
  left_.clear();
  left_used_ = 0;
  // What is in the log was written by this product; anything else there is what this looks for.
  try {
    if (const auto left = change.meta.find(notes::results); left != change.meta.end()) {
      for (const auto& one : *left) left_.push_back({base::parse_id(one.at(1).get<std::string>()).value_or(0)});
    }
    const bool has_begun = state_.decisions > 0;
    if ((change.event_type == "playbook.initialized") == has_begun) {
      return has_begun ? contradiction("the log begins twice")
                       : unseen("it began before its log was numbered, or the beginning of its log is gone");
    }
    ++state_.decisions;
    if (!has_begun) return begin(change);
    if (change.event_type == "ctx.updated") return set_variables(change);
    if (change.event_type == "execution.cancelled") {
      open_nodes_.clear();
      frames_.clear();
      const auto reason = change.payload.value("reason", std::string());
      return take(engine::cancel(decision_input(false), std::move(state_), reason), change);
    }
    if (change.event_type == "playbook.failed") {
      open_nodes_.clear();
      frames_.clear();
      const auto message = change.payload.at("error").at("message").get<std::string>();
      return take(engine::time_out(decision_input(false), std::move(state_), message), change);
    }
    return node_ended(change);
  } catch (const std::exception& error) {
    return contradiction("'" + change.event_type + "' of '" + change.node_id + "' cannot be applied: " + error.what());
  }
}

std::optional<Halt> Replay::begin(const LoggedChange& change) {
  const auto from_step = change.payload.value("from_step", std::string());
  base::Result<engine::Decision> first{engine::Decision{}};
  if (from_step.empty()) {
    first = engine::start(decision_input(false));
  } else {
    const base::ExecutionId earlier_id{base::parse_id(change.payload.value("rerun_of", std::string())).value_or(0)};
    const auto earlier = elsewhere_.earlier(earlier_id);
    if (!earlier) return unseen("it repeats execution " + earlier_id.str() + ", which is gone");
    first = engine::start_again(decision_input(false), *earlier, from_step);
  }
  if (!first) return contradiction("it cannot begin: " + first.error().message);
  first->state.decisions = 1;
  return take(std::move(*first), change);
}

std::optional<Halt> Replay::set_variables(const LoggedChange& change) {
  if (const auto set = change.payload.find("set"); set != change.payload.end()) {
    for (const auto& [name, value] : set->items()) state_.variables[name] = value;
  }
  if (const auto unset = change.payload.find("unset"); unset != change.payload.end()) {
    for (const auto& name : *unset) state_.variables.erase(name.get<std::string>());
  }
  return std::nullopt;
}

std::optional<Halt> Replay::node_ended(const LoggedChange& change) {
  const auto outcome = outcome_of(change.event_type);
  if (!outcome) return contradiction("'" + change.event_type + "' is numbered, but changes nothing");
  const auto frame = frames_.find(change.node_id);
  if (frame == frames_.end()) {
    return contradiction("'" + change.event_type + "' tells of node '" + change.node_id +
                         "', which was never issued or has ended already");
  }
  engine::NodeResult node_result;
  node_result.node_id = change.node_id;
  node_result.outcome = *outcome;
  node_result.frame = std::move(frame->second);
  frames_.erase(frame);
  open_nodes_.erase(change.node_id);
  if (const auto reference = change.payload.find("result_ref"); reference != change.payload.end()) {
    const base::ResultId id{base::parse_id(reference->get<std::string>()).value_or(0)};
    node_result.result = elsewhere_.result(id);
    if (node_result.result.is_null()) {
      return contradiction("node '" + change.node_id + "' brought result " + id.str() + ", which is not stored");
    }
  } else if (const auto result = change.payload.find("result"); result != change.payload.end()) {
    node_result.result = *result;
  }
  if (const auto error = change.payload.find("error"); error != change.payload.end())
    node_result.error = engine::tool_error_from_json(*error);
  return take(engine::react(decision_input(true), std::move(state_), node_result), change);
}

std::optional<Halt> Replay::take(engine::Decision decision, const LoggedChange& change) {
  state_ = std::move(decision.state);
  if (decision.finish) finish_ = std::move(decision.finish);
  for (auto& large : decision.large_results) memory_->results[large.result_id] = std::move(large.json);
  // What the server moved out afterwards, by a limit of its own, is named in the log.
  const auto named = change.meta.find(notes::results);
  for (auto i = decision.large_results.size(); i < left_.size(); ++i) {
    const auto slot = state_.results.find(named->at(i).at(0).get<std::string>());
    if (slot == state_.results.end() || slot->second.reference.is_set()) {
      return contradiction("result " + left_[i].str() + " left the state, but no step brought it");
    }
    json::LazyJson value;
    auto large = engine::move_out(playbook_, slot->first, slot->second, left_[i], value);
    memory_->results[left_[i]] = std::move(large.json);
  }
  for (auto& command : decision.commands) {
    open_nodes_.insert(command.node_id);
    frames_[command.node_id] = std::move(command.frame);
    if (!nodes_.insert(command.node_id).second) return contradiction("node '" + command.node_id + "' is issued twice");
  }
  for (auto& child : decision.children) frames_[child.node_id] = std::move(child.frame);
  for (auto& loop : decision.loops) {
    int index = loop.first;
    for (auto& item : loop.items) memory_->items[loop.loop][index++].item = std::move(item);
  }
  for (auto& outcome : decision.loop_outcomes) {
    auto& row = memory_->items[outcome.loop][outcome.index];
    if (row.result) continue;  // an item has one outcome: the first (R7)
    row.result = outcome.result.take();
    row.is_completed = outcome.is_completed;
  }
  return std::nullopt;
}

}  // namespace noetl::doctor
