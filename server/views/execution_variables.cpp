#include "server/views/execution_variables.hpp"

#include <functional>

#include "server/catalog/playbook_cache.hpp"
#include "server/decisions/log_notes.hpp"
#include "server/postgres/connection_pool.hpp"
#include "server/store/executions/event_table.hpp"
#include "server/store/executions/execution_table.hpp"
#include "server/store/executions/variable_table.hpp"
#include "shared/domain/json_text.hpp"
#include "shared/engine/state/state.hpp"

namespace noetl::views {
namespace {

using base::ErrorCode;
using domain::Json;

tl::unexpected<base::Error> unknown_execution(base::ExecutionId id) {
  return base::failure(ErrorCode::not_found, "no execution has execution_id " + id.str(), "execution_id");
}

tl::unexpected<base::Error> unknown_variable(base::ExecutionId id, const std::string& name) {
  return base::failure(ErrorCode::not_found, "execution " + id.str() + " has no variable '" + name + "'", "var_name");
}

struct Found {
  base::CatalogId catalog_id;
  Json variables;
};

std::optional<Found> find(postgres::Session& session, base::ExecutionId id) {
  std::string text;
  const auto row = store::ExecutionTable(session).find(id, text);
  if (!row) return std::nullopt;
  auto state = engine::state_from_text(text);
  if (!state) throw std::runtime_error("execution " + id.str() + ": " + state.error().message);
  return Found{.catalog_id = row->catalog_id, .variables = std::move(state->variables)};
}

// What a variable that only steps have set is: the step whose `vars` (or `set`) names it.
store::VariableNote note_of(const domain::Playbook* playbook, const std::string& name) {
  store::VariableNote note;
  note.name = name;
  if (playbook == nullptr) return note;
  for (const auto& step : playbook->workflow) {
    if (!step.vars.contains(name) && !step.set.contains(name) && !step.set.contains("ctx." + name)) continue;
    note.var_type = "step_result";
    note.source_step = step.name;
  }
  return note;
}

wire::VariableRow row_of(base::ExecutionId execution_id, const store::VariableNote& note, const Json& value) {
  return {.execution_id = execution_id,
          .name = note.name,
          .value = domain::json_text(value),
          .var_type = note.var_type,
          .source_step = note.source_step,
          .access_count = note.access_count,
          .created_at = note.created_at,
          .accessed_at = note.accessed_at};
}

// Changes the variables of a running execution under its lock. `change` may refuse. Gives the number of the change.
base::Result<std::int64_t> change_state(postgres::Session& session, base::ExecutionId id,
                                        const std::function<base::Result<void>(Json& variables)>& change) {
  const auto locked = store::ExecutionTable(session).lock({id});
  if (locked.empty()) return unknown_execution(id);
  if (locked[0].status != domain::ExecutionStatus::running) {
    return base::failure(ErrorCode::already_terminal, "execution " + id.str() + " is " +
                                                          std::string(domain::to_display(locked[0].status)) +
                                                          ": its variables stay as they are");
  }
  auto state = engine::state_from_text(locked[0].state);
  if (!state) return base::failure(state.error());
  if (const auto changed = change(state->variables); !changed) return base::failure(changed.error());
  ++state->decisions;
  store::VariableTable(session).save_state(id, engine::state_text(*state));
  return state->decisions;
}

base::Result<void> done_or_refused(const base::Result<std::int64_t>& sequence) {
  if (!sequence) return base::failure(sequence.error());
  return {};
}

// `what`: {"set": {…}} or {"unset": […]}.
void log_change(dispatch::ServerContext& context, postgres::Session& session, base::ExecutionId id,
                std::int64_t sequence, Json what, const std::string& source_step) {
  store::NewEventRow event;
  event.event_id = {context.ids.next()};
  event.execution_id = id;
  event.event_type = "ctx.updated";
  event.step = source_step;
  event.status = "completed";
  event.payload = domain::json_text(what);
  decisions::log_notes::add_sequence(event.meta, sequence);
  store::EventTable(session).insert({event});
}

}  // namespace

base::Result<std::vector<wire::VariableRow>> list_variables(dispatch::ServerContext& context,
                                                            base::ExecutionId execution_id) {
  std::vector<wire::VariableRow> rows;
  bool is_known = false;
  context.connections.transact([&](postgres::Session& session) {
    rows.clear();
    const auto found = find(session, execution_id);
    is_known = found.has_value();
    if (!found) return;
    const auto playbook = context.playbooks.get(found->catalog_id, session);
    const auto notes = store::VariableTable(session).list(execution_id);
    for (const auto& [name, value] : found->variables.items()) {
      const auto note = notes.find(name);
      rows.push_back(row_of(execution_id,
                            note != notes.end() ? note->second : note_of(playbook ? playbook->get() : nullptr, name),
                            value));
    }
  });
  if (!is_known) return unknown_execution(execution_id);
  return rows;
}

base::Result<wire::VariableRow> read_variable(dispatch::ServerContext& context, base::ExecutionId execution_id,
                                              const std::string& name) {
  base::Result<wire::VariableRow> row;
  context.connections.transact([&](postgres::Session& session) {
    const auto found = find(session, execution_id);
    if (!found) {
      row = unknown_execution(execution_id);
      return;
    }
    const auto value = found->variables.find(name);
    if (value == found->variables.end()) {
      row = unknown_variable(execution_id, name);
      return;
    }
    const auto playbook = context.playbooks.get(found->catalog_id, session);
    const auto note =
        store::VariableTable(session).count_read(execution_id, note_of(playbook ? playbook->get() : nullptr, name));
    row = row_of(execution_id, note, *value);
  });
  return row;
}

base::Result<void> set_variables(dispatch::ServerContext& context, const wire::SetVariablesRequest& request) {
  if (request.variables.empty()) return {};
  base::Result<void> answer;
  context.connections.transact([&](postgres::Session& session) {
    Json changed = Json::object();
    const auto sequence = change_state(session, request.execution_id, [&](Json& variables) -> base::Result<void> {
      for (const auto& variable : request.variables) {
        changed[variable.name] = Json::parse(variable.value);
        variables[variable.name] = changed[variable.name];
      }
      return {};
    });
    answer = done_or_refused(sequence);
    if (!answer) return;
    std::vector<store::VariableNote> notes;
    for (const auto& variable : request.variables) {
      notes.push_back({.name = variable.name,
                       .var_type = variable.var_type,
                       .source_step = variable.source_step,
                       .access_count = 0,
                       .created_at = {},
                       .accessed_at = {}});
    }
    store::VariableTable(session).upsert(request.execution_id, notes);
    log_change(context, session, request.execution_id, *sequence, Json{{"set", std::move(changed)}},
               request.variables.front().source_step);
  });
  return answer;
}

base::Result<void> delete_variable(dispatch::ServerContext& context, base::ExecutionId execution_id,
                                   const std::string& name) {
  base::Result<void> answer;
  context.connections.transact([&](postgres::Session& session) {
    const auto sequence = change_state(session, execution_id, [&](Json& variables) -> base::Result<void> {
      if (variables.erase(name) == 0) return unknown_variable(execution_id, name);
      return {};
    });
    answer = done_or_refused(sequence);
    if (!answer) return;
    store::VariableTable(session).remove(execution_id, name);
    log_change(context, session, execution_id, *sequence, Json{{"unset", Json::array({name})}}, {});
  });
  return answer;
}

}  // namespace noetl::views
