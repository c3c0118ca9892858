#include "tests/integration/pause_fixture.hpp"

#include <algorithm>

#include "server/catalog/register_playbook.hpp"
#include "server/executions/start_execution.hpp"
#include "server/queue/claim_commands.hpp"
#include "server/views/read_executions.hpp"

namespace noetl::support {

namespace {
constexpr const char* calling = R"(
apiVersion: noetl.io/v2
kind: Playbook
metadata: {name: calling, path: tests/calling}
workflow:
  - step: start
    tool: {kind: noop}
    next: [{step: nested}]
  - step: nested
    tool: {kind: playbook, path: tests/single}
    next: [{step: end}]
  - step: end
    tool: {kind: noop}
)";

constexpr const char* limited = R"(
apiVersion: noetl.io/v10
kind: Playbook
metadata: {name: limited, path: tests/limited}
executor: {spec: {timeout: 2h}}
workflow:
  - step: start
    tool: {kind: noop}
)";
}  // namespace

base::ExecutionId execute(TestServer& server, wire::ExecuteRequest request) {
  (void)catalog::register_playbook(server.context, {single_step}).value();
  (void)catalog::register_playbook(server.context, {calling}).value();
  (void)catalog::register_playbook(server.context, {limited}).value();
  return executions::start_execution(server.context, request).value().execution_id;
}

base::ExecutionId execute(TestServer& server, const std::string& path) {
  wire::ExecuteRequest request;
  request.path = path;
  return execute(server, request);
}

base::CommandId queued_of(TestServer& server, base::ExecutionId id) {
  return {server.number("select queue_id from noetl.queue where status = 'queued' and execution_id = " + id.str())};
}

base::ExecutionId child_of(TestServer& server, base::ExecutionId id) {
  return {server.number("select execution_id from noetl.execution where parent_execution_id = " + id.str())};
}

wire::ClaimAnswer poll(TestServer& server) {
  wire::ClaimRequest request;
  request.worker_id = "w";
  request.pool = "default";
  request.slots = 10;
  return queue::claim_commands(server.context, request, {}).value();
}

bool was_notified_again(TestServer& server, base::CommandId id) {
  const auto notifications = server.notifier.notifications();
  return std::any_of(notifications.begin(), notifications.end(), [&](const auto& notification) {
    return notification.queue_id == id && notification.redelivery > 0;
  });
}

std::string status_of(TestServer& server, base::ExecutionId id) {
  return views::get_execution(server.context, id).value().status;
}

}  // namespace noetl::support
