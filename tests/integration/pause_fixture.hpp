#pragma once
// What the tests of pauses and time limits work with: three playbooks, and a worker's view of what waits. Main thread.
#include <string>

#include "shared/wire/messages/claim.hpp"
#include "shared/wire/messages/execution.hpp"
#include "tests/integration/test_server.hpp"

namespace noetl::support {

// Registers tests/calling, which calls tests/single, and tests/limited, and starts one of them.
[[nodiscard]] base::ExecutionId execute(TestServer& server, wire::ExecuteRequest request);
[[nodiscard]] base::ExecutionId execute(TestServer& server, const std::string& path);
// The one command of it that is queued.
[[nodiscard]] base::CommandId queued_of(TestServer& server, base::ExecutionId id);
[[nodiscard]] base::ExecutionId child_of(TestServer& server, base::ExecutionId id);
// As worker "w".
[[nodiscard]] wire::ClaimAnswer poll(TestServer& server);
// As a redelivery.
[[nodiscard]] bool was_notified_again(TestServer& server, base::CommandId id);
[[nodiscard]] std::string status_of(TestServer& server, base::ExecutionId id);

}  // namespace noetl::support
