#pragma once
// Variables of an execution seen from outside: /api/vars. Their truth is the engine's state, which a change takes the
// execution's row lock for, as every report does; who set them and who has read them is noted beside it. Any thread.
// Errors: not_found; already_terminal when a finished execution is to be changed.
#include <string>
#include <vector>

#include "server/dispatch/server_context.hpp"
#include "shared/base/result.hpp"
#include "shared/wire/messages/variable.hpp"

namespace noetl::views {

// By name. Not counted as reads.
[[nodiscard]] base::Result<std::vector<wire::VariableRow>> list_variables(dispatch::ServerContext& context,
                                                                          base::ExecutionId execution_id);
// Counts as a read.
[[nodiscard]] base::Result<wire::VariableRow> read_variable(dispatch::ServerContext& context,
                                                            base::ExecutionId execution_id, const std::string& name);
// Steps that are entered afterwards see them.
[[nodiscard]] base::Result<void> set_variables(dispatch::ServerContext& context,
                                               const wire::SetVariablesRequest& request);
[[nodiscard]] base::Result<void> delete_variable(dispatch::ServerContext& context, base::ExecutionId execution_id,
                                                 const std::string& name);

}  // namespace noetl::views
