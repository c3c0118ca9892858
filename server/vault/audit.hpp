#pragma once
// The audit: who read or changed which secret, and who did what an operator does. Never what a secret is. Who: the address of the
// caller, and the worker only when the server knows that it is that worker. Free functions; any thread.
#include <string>
#include <string_view>

#include "server/dispatch/server_context.hpp"
#include "shared/wire/messages/credential.hpp"

namespace noetl::vault {

// One log line and one row of noetl.event: `what` is an event's name, e.g. credential.read. In the row `worker_id` is of a worker
// that has shown its instance, `execution_id` of an execution that it runs a command of; what the caller only says is in `said`.
void audit_read(dispatch::ServerContext& context, std::string_view what, const std::string& name,
                const wire::SecretReader& reader);
// One log line.
void audit_change(std::string_view what, const std::string& name);

struct AuditedCall {
  std::string_view operation;  // an operation id of the API
  std::string object;  // name or id
  std::string_view outcome;  // success, or the code of the refusal
  std::string from;  // address
  bool shows_token = false;  // the token of callers is set, and was shown
};
// One log line and one row of noetl.event, `audit.<operation>`. Does not throw: a row that cannot be written is in the log.
void audit_call(dispatch::ServerContext& context, const AuditedCall& call);

}  // namespace noetl::vault
