#include "server/store/executions/variable_table.hpp"

#include "server/postgres/array_literal.hpp"
#include "server/postgres/queries.hpp"
#include "server/postgres/session.hpp"

namespace noetl::store {
namespace {

VariableNote note_from(const pqxx::row& row, std::string name) {
  return {.name = std::move(name),
          .var_type = postgres::text_of(row["var_type"]),
          .source_step = postgres::text_of(row["source_step"]),
          .access_count = row["access_count"].as<std::int64_t>(),
          .created_at = postgres::text_of(row["created_at"]),
          .accessed_at = postgres::text_of(row["accessed_at"])};
}

}  // namespace

void VariableTable::upsert(base::ExecutionId execution_id, const std::vector<VariableNote>& notes) {
  postgres::ArrayLiteral names, types, steps;
  for (const auto& note : notes) {
    names.add(note.name);
    types.add(note.var_type);
    steps.add(note.source_step);
  }
  session_.run(queries::UpsertVariables{
      .execution_id = execution_id.value, .names = names.text(), .types = types.text(), .steps = steps.text()});
}

std::map<std::string, VariableNote> VariableTable::list(base::ExecutionId execution_id) {
  std::map<std::string, VariableNote> found;
  for (const auto& row : session_.run(queries::VariablesOfExecution{.execution_id = execution_id.value})) {
    auto name = postgres::text_of(row["name"]);
    found.emplace(name, note_from(row, name));
  }
  return found;
}

VariableNote VariableTable::count_read(base::ExecutionId execution_id, const VariableNote& when_new) {
  const auto rows = session_.run(queries::CountVariableRead{.execution_id = execution_id.value,
                                                            .name = when_new.name,
                                                            .var_type = when_new.var_type,
                                                            .source_step = when_new.source_step});
  return note_from(rows[0], when_new.name);
}

void VariableTable::remove(base::ExecutionId execution_id, const std::string& name) {
  session_.run(queries::DeleteVariable{.execution_id = execution_id.value, .name = name});
}

void VariableTable::save_state(base::ExecutionId execution_id, const std::string& state) {
  session_.run(queries::SaveExecutionState{.execution_id = execution_id.value, .state = state});
}

}  // namespace noetl::store
