#pragma once
// Use case: an execution is run again from one of its steps, as an execution of its own that keeps the
// results of what came before. Any thread.
#include <string>

#include <optional>

#include "server/dispatch/server_context.hpp"
#include "shared/base/result.hpp"
#include "shared/wire/messages/execution.hpp"

namespace noetl::executions {

struct RerunRequest {
  base::ExecutionId execution_id;
  std::string from_step = {};  // empty: from the beginning
  std::string payload = "{}";  // JSON text, over the earlier workload
  std::optional<int> version = {};  // of the playbook's path; nothing: the one that the execution ran, unless
  bool takes_latest = false;  // the newest
  std::string idempotency_key = {}, traceparent = {};
};

// Known idempotency keys give the first execution. Errors: not_found; conflict while the execution still runs, or when
// the key was used for something else; invalid_input for an unknown step; not_found for an unknown version.
[[nodiscard]] base::Result<wire::ExecuteAnswer> rerun_execution(dispatch::ServerContext& context,
                                                                const RerunRequest& request);

}  // namespace noetl::executions
