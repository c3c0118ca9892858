#include "server/app/read_executions.hpp"

#include <nlohmann/json.hpp>

#include "server/app/event_view.hpp"
#include "server/engine/state.hpp"
#include "server/store/connection_pool.hpp"
#include "server/store/execution_table.hpp"
#include "server/store/wait_statements.hpp"
#include "server/waiting/wait_reason.hpp"
#include "shared/domain/json_text.hpp"

namespace noetl::app {

namespace {
tl::unexpected<base::Error> unknown(base::ExecutionId id) {
  return base::failure(base::ErrorCode::not_found, "no execution has execution_id " + id.str(),
                       "/execution_id");
}

using nlohmann::json;

// Of a loop with more items only the numbers are shown: clients ask for this answer again and again.
constexpr int loop_results_shown_max = 1000;

json loop_shown(store::Session& session, base::ExecutionId id, const engine::ResultSlot& slot) {
  json shown{{"stats", slot.value.get()}};
  if (slot.value.get().value("total", 0) > loop_results_shown_max) return shown;
  auto& results = shown["results"] = json::array();
  for (const auto& text : store::ExecutionTable(session).loop_results(id, slot.loop))
    results.push_back(json::parse(text));
  return shown;
}

// The seed's `variables`: the workload, what was set, and every step's result under its name; of a very
// large one what is at hand, with `_ref` to ask for the rest.
std::string variables_of(store::Session& session, const wire::ExecutionRow& row, const engine::State& state) {
  auto variables = json::parse(row.workload);
  for (const auto& [name, value] : state.variables.items()) variables[name] = value;
  std::vector<base::ResultId> references;
  for (const auto& [step, slot] : state.results) {
    if (slot.reference.is_set() && slot.value.is_null()) references.push_back(slot.reference);
  }
  std::map<base::ResultId, std::string> loaded;
  if (!references.empty()) loaded = store::ExecutionTable(session).results(references);
  for (const auto& [step, slot] : state.results) {
    const auto found = loaded.find(slot.reference);
    if (!slot.loop.empty())
      variables[step] = loop_shown(session, row.execution_id, slot);
    else
      variables[step] = found == loaded.end() ? slot.value.get() : json::parse(found->second);
  }
  return domain::json_text(variables);
}
// Why an execution that runs does nothing just now; nothing while a command of it runs.
void explain_wait(store::Session& session, wire::ExecutionRow& row) {
  const auto wait = store::WaitStatements(session).of_execution(row.execution_id);
  if (wait.has_running) return;
  if (wait.command) {
    const auto reason = waiting::reason_of(*wait.command);
    row.wait_reason = reason.code;
    row.wait_message = reason.message;
  } else if (wait.child.is_set()) {
    row.wait_reason = "called_playbook";
    row.wait_message = "waits for execution " + wait.child.str() + " of playbook '" + wait.child_path + "'";
  }
}
}  // namespace

std::vector<wire::ExecutionRow> list_executions(Parts& parts, const wire::ExecutionFilter& filter) {
  std::string status;
  if (!filter.status.empty()) {
    const auto known = domain::execution_status_from(filter.status);
    if (!known) return {};
    status = domain::to_string(*known);
  }
  std::vector<wire::ExecutionRow> rows;
  parts.connections.run_one(
      [&](store::Session& session) { rows = store::ExecutionTable(session).list(filter, status); });
  return rows;
}

base::Result<wire::ExecutionRow> get_execution(Parts& parts, base::ExecutionId execution_id) {
  std::optional<wire::ExecutionRow> row;
  parts.connections.run_one([&](store::Session& session) {
    std::string state_text;
    row = store::ExecutionTable(session).find(execution_id, state_text);
    if (!row) return;
    const auto state = engine::state_from_text(state_text);
    if (!state) return;
    row->completed_steps = state->completed_steps;
    row->variables = variables_of(session, *row, *state);
    if (!row->finished_at.empty()) return;
    explain_wait(session, *row);
  });
  if (!row) return unknown(execution_id);
  return std::move(*row);
}

base::Result<std::vector<wire::EventRow>> list_events(Parts& parts, const wire::EventFilter& filter) {
  constexpr int page = 500;
  std::vector<wire::EventRow> found;
  bool is_known = false;
  parts.connections.run_one([&](store::Session& session) {
    std::string state_text;
    is_known = store::ExecutionTable(session).find(filter.execution_id, state_text).has_value();
    if (!is_known) return;
    // A stored row may show events up to a block beyond its id: start that much earlier.
    base::EventId from{std::max<std::int64_t>(0, filter.after.value - base::IdGenerator::block_max)};
    const auto wanted = static_cast<std::size_t>(filter.limit);
    for (bool is_last = false; !is_last && found.size() < wanted;) {
      const auto rows = store::EventTable(session).list(filter.execution_id, from, page);
      is_last = rows.size() < page;
      for (const auto& stored : rows) {
        from = {stored.row.event_id.value + 1};
        for (auto& shown : show_event(stored)) {
          if (shown.event_id <= filter.after || found.size() >= wanted) continue;
          if (!filter.event_type.empty() && shown.event_type != filter.event_type) continue;
          if (!filter.step.empty() && shown.step != filter.step) continue;
          found.push_back(std::move(shown));
        }
      }
    }
  });
  if (!is_known) return unknown(filter.execution_id);
  return found;
}

}  // namespace noetl::app
