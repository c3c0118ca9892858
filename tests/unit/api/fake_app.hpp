#pragma once
// FakeApp: what stands in for the use cases behind the API: each use case is a function that a test may
// replace, and remembers its last request. One test at a time; the door's threads only read the functions.
#include <functional>
#include <stop_token>

#include "server/dispatch/server_context.hpp"
#include "server/notify/notifier.hpp"
#include "server/views/read_queue.hpp"
#include "shared/base/guarded.hpp"
#include "shared/wire/messages/catalog.hpp"
#include "shared/wire/messages/claim.hpp"
#include "shared/wire/messages/command.hpp"
#include "shared/wire/messages/execution.hpp"
#include "shared/wire/messages/report.hpp"
#include "shared/wire/messages/worker.hpp"

namespace noetl::api_test {

struct FakeApp {
  std::function<base::Result<wire::ExecuteAnswer>(const wire::ExecuteRequest&)> start;
  std::function<base::Result<std::vector<wire::EnqueuedCommand>>(const std::vector<wire::NewCommand>&)> enqueue;
  std::function<base::Result<wire::ClaimAnswer>(const wire::ClaimRequest&, std::stop_token)> claim;
  std::function<base::Result<wire::ReportAnswer>(const wire::ReportRequest&)> report;
  std::function<base::Result<wire::RegisterAnswer>(const wire::RegisterRequest&)> register_playbook;
  std::function<base::Result<wire::HeartbeatAnswer>(const wire::Heartbeat&)> heartbeat;
  std::function<base::Result<wire::RegistrationAnswer>(const wire::WorkerRegistration&)> register_worker;
  std::function<base::Result<void>(const std::string&)> deregister;
  std::function<base::Result<wire::ExecutionRow>(base::ExecutionId)> execution;
  std::function<std::vector<wire::ExecutionRow>(const wire::ExecutionFilter&)> executions;
  std::function<base::Result<std::vector<wire::EventRow>>(const wire::EventFilter&)> events;
  std::function<base::Result<wire::CancelAnswer>(const wire::CancelRequest&)> cancel;
  views::Readiness readiness{
      .has_postgres = true, .is_schema_current = true, .schema_version = 1, .has_nats = true, .message = {}};
};

// Back to answers that succeed.
FakeApp& reset_fake_app();
FakeApp& fake_app();

class SilentNotifier final : public notify::Notifier {
 public:
  void notify(const std::vector<notify::Notification>&) override {}
  void publish_dead_letters(const std::vector<notify::DeadLetterMessage>&) override {}
  [[nodiscard]] bool is_connected() const override { return true; }
  [[nodiscard]] notify::PoolLanes lanes(const std::string&) const override { return {}; }
  [[nodiscard]] std::size_t lane_of(const notify::Notification&) const override { return 0; }
};

}  // namespace noetl::api_test
