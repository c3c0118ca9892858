#pragma once
// Requests for executions over NATS: `<prefix>.<session>`. The body is that of POST /api/v2/execute, or a message of a session
// ({message_id, session_id, message, context, …}), which becomes the payload of a playbook. message_id is the idempotency key: the same
// message twice starts one execution. Free functions; any thread.
#include <string>

#include "server/cluster/nats_requests.hpp"

namespace noetl::cluster {

struct ExecutionRoutesSettings {
  std::string prefix = "noetl.workflow.execute";
  std::string
      playbook;  // path of the one that messages of sessions go to, unless their context names another; empty: none
};

// Errors: invalid_input for a prefix that is no subject.
[[nodiscard]] base::Result<void> serve_executions(NatsRequests& requests, const ExecutionRoutesSettings& settings);

// Exposed for tests. Errors: what the message lacks.
[[nodiscard]] base::Result<HttpForm> execution_form(const ExecutionRoutesSettings& settings,
                                                    nats::Responder::Incoming& request);

}  // namespace noetl::cluster
