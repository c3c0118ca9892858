#pragma once
// known_execution: what a request is answered with whose Idempotency-Key has started an execution before. Any thread.
#include <string>

#include "server/app/parts.hpp"
#include "shared/base/result.hpp"
#include "shared/wire/execution.hpp"

namespace noetl::app {

struct KnownKey {
  std::string key;
  std::string path;  // of the playbook that this request names
  base::ExecutionId rerun_of;  // the execution that it repeats, when it does
};

// Errors: conflict when the key was used for something else.
[[nodiscard]] base::Result<wire::ExecuteAnswer> known_execution(Parts& parts, const KnownKey& known);

}  // namespace noetl::app
