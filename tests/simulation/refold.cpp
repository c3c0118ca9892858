#include "tests/simulation/refold.hpp"

#include <nlohmann/json.hpp>

#include "shared/engine/engine.hpp"
#include "shared/engine/state/tool_error.hpp"
#include "shared/language/loading/playbook_loader.hpp"
#include "tests/engine/memory_archive.hpp"
#include "tests/engine/state_json.hpp"

namespace noetl::simulation {

namespace {
using domain::Json;

// The playbook of each text is parsed once in a process.
const domain::Playbook& playbook_of(const Database& database, base::CatalogId id) {
  static std::map<std::string, domain::Playbook> parsed;
  const auto& text = database.catalog.at(id).content;
  const auto known = parsed.find(text);
  if (known != parsed.end()) return known->second;
  auto loaded = language::load_playbook(text);
  return parsed.emplace(text, std::move(loaded->playbook)).first->second;
}

class Folding {
 public:
  Folding(const Database& database, const ExecutionRow& execution)
      : database_(database),
        execution_(execution),
        workload_(Json::parse(execution.row.workload)),
        decision_input_{playbook_of(database, execution.row.catalog_id), execution.row.execution_id, workload_,
                        archive_} {}

  std::string run() {
    auto first = engine::start(decision_input_);
    if (!first) return "it cannot even start: " + first.error().message;
    take(std::move(*first));
    for (const auto& event : database_.events) {
      if (event.execution_id == execution_.row.execution_id) follow(event);
    }
    return difference();
  }

 private:
  void take(engine::Decision decision) {
    if (!archive_.take(decision)) problem_ = "an item of a loop ended twice";
    for (const auto& command : decision.commands) frames_[command.node_id] = command.frame;
    for (const auto& child : decision.children) frames_[child.node_id] = child.frame;
    if (decision.finish) finish_ = decision.finish->status;
    state_ = std::move(decision.state);
  }

  void follow(const store::NewEventRow& event) {
    if (event.event_type == "execution.cancelled") {
      take(engine::cancel(decision_input_, std::move(state_),
                          Json::parse(event.payload).value("reason", std::string())));
      return;
    }
    const bool is_of_command = event.queue_id.is_set() && event.epoch > 0;
    const bool is_of_child = event.event_type == "call.done" || event.event_type == "call.error";
    // An attempt that is made again is no end.
    if (is_of_command && event.status == "queued") return;
    if (!is_of_command && !is_of_child) return;
    engine::NodeResult node_result;
    node_result.node_id = event.node_id;
    node_result.frame = frames_[event.node_id];
    node_result.outcome = is_of_command
                              ? domain::outcome_from_event_name(event.event_type).value_or(domain::Outcome::failed)
                          : event.event_type == "call.done" ? domain::Outcome::completed
                                                            : domain::Outcome::failed;
    const Json payload = event.payload.empty() ? Json::object() : Json::parse(event.payload);
    if (payload.contains("result")) node_result.result = payload.at("result");
    if (payload.contains("error") && node_result.outcome != domain::Outcome::completed) {
      node_result.error = engine::tool_error_from_json(payload.at("error"));
    }
    take(engine::react(decision_input_, std::move(state_), node_result));
  }

  [[nodiscard]] std::string difference() const {
    if (!problem_.empty()) return problem_;
    const auto status = finish_.value_or(domain::ExecutionStatus::running);
    if (status != execution_.row.status) {
      return "the log leads to " + std::string(to_string(status)) + ", the row says " +
             std::string(to_string(execution_.row.status));
    }
    auto folded = engine::to_json(state_);
    auto stored = Json::parse(execution_.row.state);
    // Counted by the use cases to number the log, not decided by the engine.
    folded.erase("decisions");
    stored.erase("decisions");
    if (folded == stored) return {};
    for (const auto& [key, value] : stored.items()) {
      if (folded.value(key, Json()) != value)
        return key + " is " + value.dump() + ", folded " + folded.value(key, Json()).dump();
    }
    return "the states differ";
  }

  const Database& database_;
  const ExecutionRow& execution_;
  const Json workload_;
  engine_tests::MemoryArchive archive_;
  engine::DecisionInput decision_input_;
  engine::State state_;
  std::map<std::string, std::string> frames_;
  std::optional<domain::ExecutionStatus> finish_;
  std::string problem_;
};
}  // namespace

std::string refold(const Database& database, const ExecutionRow& execution) {
  return Folding(database, execution).run();
}

}  // namespace noetl::simulation
