#pragma once
// VariableTable: noetl.variable through one session: what is known of an execution's variables beside their values.
// One thread, as long as the session.
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "shared/base/ids.hpp"

namespace noetl::postgres {
class Session;
}

namespace noetl::store {

struct VariableNote {
  std::string name;
  std::string var_type = "user_defined";
  std::string source_step;
  std::int64_t access_count = 0;
  std::string created_at, accessed_at;  // empty: not yet
};

class VariableTable {
 public:
  explicit VariableTable(postgres::Session& session) : session_(session) {}

  void upsert(base::ExecutionId execution_id, const std::vector<VariableNote>& notes);
  [[nodiscard]] std::map<std::string, VariableNote> list(base::ExecutionId execution_id);
  // Counts one read more; the note that there is then.
  [[nodiscard]] VariableNote count_read(base::ExecutionId execution_id, const VariableNote& when_new);
  void remove(base::ExecutionId execution_id, const std::string& name);
  // The state of a running execution whose row this transaction has locked; its other columns stay.
  void save_state(base::ExecutionId execution_id, const std::string& state);

 private:
  postgres::Session& session_;
};

}  // namespace noetl::store
