#include "worker/loop/ahead/ahead_line.hpp"

#include "shared/engine/ahead.hpp"
#include "shared/engine/command_context.hpp"

namespace noetl::loop {

using domain::Json;

void AheadLine::Archive::add(const std::string& loop, int first, std::vector<Json> items) {
  auto& known = items_[loop];
  for (auto& item : items) known.insert_or_assign(first++, std::move(item));
}

Json AheadLine::Archive::unknown() {
  is_missing_something_ = true;
  return nullptr;
}

Json AheadLine::Archive::result(base::ResultId /*id*/) { return unknown(); }
Json AheadLine::Archive::loop_results(const std::string& /*loop*/) { return unknown(); }

// An item is asked for once: afterwards it travels with its frame.
Json AheadLine::Archive::loop_item(const std::string& loop, int index) {
  auto& known = items_[loop];
  const auto found = known.find(index);
  if (found == known.end()) return unknown();
  Json item = std::move(found->second);
  known.erase(found);
  return item;
}

base::Result<std::unique_ptr<AheadLine>> AheadLine::begin(const wire::AheadBasis& basis, PlaybookPointer playbook) {
  std::unique_ptr<AheadLine> line(new AheadLine(basis, std::move(playbook)));
  auto state = engine::state_from_text(basis.state);
  if (!state) return base::failure(state.error());
  line->state_ = std::move(*state);
  line->workload_ = Json::parse(basis.workload, nullptr, false);
  for (const auto& loop : basis.items) {
    std::vector<Json> items;
    for (const auto& item : loop.items) items.push_back(Json::parse(item, nullptr, false));
    line->archive_.add(loop.loop, loop.first, std::move(items));
  }
  return line;
}

std::optional<std::vector<AheadCommand>> AheadLine::follow(const AheadCommand& ended, const wire::AttemptReport& report,
                                                           std::size_t others) {
  const engine::DecisionInput decision_input{*playbook_, execution_id_, workload_, archive_, {}};
  auto decision = engine::react(decision_input, std::move(state_),
                                {.node_id = ended.command.node_id,
                                 .outcome = report.outcome,
                                 .result = json::LazyJson::of_text(report.result),
                                 .error = report.error,
                                 .frame = ended.frame});
  const bool is_known =
      engine::may_run_ahead(decision, others + decision.commands.size()) && !archive_.is_missing_something();
  state_ = std::move(decision.state);
  if (!is_known) return std::nullopt;
  for (auto& loop : decision.loops) archive_.add(loop.loop, loop.first, std::move(loop.items));
  std::vector<AheadCommand> issued;
  for (auto& command : decision.commands) {
    command.may_run_ahead = false;  // that is for the one who claims it
    issued.push_back({.command = {.lease = {},
                                  .execution_id = execution_id_,
                                  .step = command.step,
                                  .node_id = command.node_id,
                                  .tool_kind = command.tool_kind,
                                  .attempt = 1,
                                  .max_attempts = command.max_attempts,
                                  .timeout = command.timeout,
                                  .context = engine::command_context(command),
                                  .traceparent = ended.command.traceparent,
                                  .priority = command.priority},
                      .frame = std::move(command.frame),
                      .delay = command.delay});
  }
  return issued;
}

int AheadLine::rows_at_once() const {
  const auto& loops = state_.notes.loops;
  if (loops.empty() || !loops.begin()->second.cursor) return 1;
  return static_cast<int>(loops.begin()->second.cursor->rows_at_once);
}

}  // namespace noetl::loop
