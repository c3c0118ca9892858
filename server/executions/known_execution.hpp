#pragma once
// known_execution: what a request is answered with whose Idempotency-Key has started an execution before: that one, when it is
// the same playbook with the same workload. A newer version of the playbook is no other work unless the request names
// the version; delays, limits and trace may differ. Any thread.
#include <optional>
#include <string>

#include "server/dispatch/server_context.hpp"
#include "shared/base/result.hpp"
#include "shared/domain/playbook.hpp"
#include "shared/wire/messages/execution.hpp"

namespace noetl::executions {

struct KnownKey {
  std::string key;
  std::string path;  // of the playbook that this request names
  base::ExecutionId rerun_of;  // the execution that it repeats, when it does
  base::CatalogId catalog_id;  // when the request names one
  std::optional<int> version;  // likewise
  std::optional<domain::Json> payload;  // laid over the workload of the first one's own version of the playbook
  std::optional<domain::Json> workload;  // or the whole of what it would begin with
};

// Errors: conflict when the key was used for something else.
[[nodiscard]] base::Result<wire::ExecuteAnswer> known_execution(dispatch::ServerContext& context,
                                                                const KnownKey& known);

}  // namespace noetl::executions
