#include "tests/unit/api/fake_app.hpp"

#include "server/attempts/report_events.hpp"
#include "server/attempts/run_ahead.hpp"
#include "server/catalog/register_playbook.hpp"
#include "server/executions/cancel_execution.hpp"
#include "server/executions/rerun_execution.hpp"
#include "server/executions/start_execution.hpp"
#include "server/feed/read_feed.hpp"
#include "server/queue/cancel_commands.hpp"
#include "server/queue/claim_commands.hpp"
#include "server/queue/enqueue_commands.hpp"
#include "server/queue/worker_commands.hpp"
#include "server/queue/worker_registry.hpp"
#include "server/views/read_executions.hpp"

namespace noetl::api_test {

FakeApp& fake_app() {
  static FakeApp app;
  return app;
}

FakeApp& reset_fake_app() {
  FakeApp& app = fake_app();
  app = FakeApp{};
  app.start = [](const wire::ExecuteRequest&) {
    return wire::ExecuteAnswer{.execution_id = {77}, .commands_generated = 1, .is_duplicate = false};
  };
  app.enqueue = [](const std::vector<wire::NewCommand>& commands) {
    std::vector<wire::EnqueuedCommand> enqueued;
    for (std::size_t i = 0; i < commands.size(); ++i)
      enqueued.push_back({.queue_id = {static_cast<std::int64_t>(i) + 1}, .is_duplicate = false});
    return enqueued;
  };
  app.claim = [](const wire::ClaimRequest& request, std::stop_token) {
    wire::ClaimAnswer answer;
    for (const auto id : request.queue_ids) {
      domain::ClaimedCommand command;
      command.lease = {.queue_id = id, .epoch = 1};
      command.tool_kind = "noop";
      command.node_id = "start#1";
      command.context = R"({"tool":{"kind":"noop"}})";
      answer.commands.push_back(command);
    }
    return answer;
  };
  app.report = [](const wire::ReportRequest& request) {
    wire::ReportAnswer answer;
    for (const auto& attempt : request.attempts)
      answer.verdicts.push_back({.queue_id = attempt.lease.queue_id, .refused = {}, .message = {}, .retry_after = {}});
    for (std::size_t i = 0; i < request.events.size(); ++i)
      answer.verdicts.push_back({.queue_id = {}, .refused = {}, .message = {}, .retry_after = {}});
    answer.commands_generated = 2;
    return answer;
  };
  app.register_playbook = [](const wire::RegisterRequest&) {
    return wire::RegisterAnswer{.catalog_id = {5}, .path = "a/b", .version = 1, .kind = "Playbook", .is_new = true};
  };
  app.heartbeat = [](const wire::Heartbeat&) { return wire::HeartbeatAnswer{}; };
  app.register_worker = [](const wire::WorkerRegistration& registration) {
    wire::RegistrationAnswer answer;
    answer.worker_id = registration.worker_id;
    return answer;
  };
  app.deregister = [](const std::string&) { return base::Result<void>{}; };
  app.execution = [](base::ExecutionId id) {
    wire::ExecutionRow row;
    row.execution_id = id;
    row.path = "a/b";
    row.version = 1;
    row.status = "COMPLETED";
    row.completed_steps = {"start", "end"};
    row.variables = R"({"x":1})";
    row.result = R"({"answer":42})";
    row.started_at = "2026-01-01T00:00:00Z";
    return row;
  };
  app.executions = [](const wire::ExecutionFilter&) { return std::vector<wire::ExecutionRow>{}; };
  app.events = [](const wire::EventFilter&) { return std::vector<wire::EventRow>{}; };
  app.cancel = [](const wire::CancelRequest& request) {
    return wire::CancelAnswer{.status = "cancelled", .cancelled_executions = {request.execution_id}};
  };
  return app;
}

}  // namespace noetl::api_test

namespace noetl::feed {

base::Result<FeedPage> read_feed(dispatch::ServerContext&, const FeedRequest& request) {
  return FeedPage{.events = {}, .next_after = request.after};
}

}  // namespace noetl::feed

namespace noetl::executions {

base::Result<wire::ExecuteAnswer> start_execution(dispatch::ServerContext&, const wire::ExecuteRequest& request) {
  return api_test::fake_app().start(request);
}
std::vector<base::Result<wire::ExecuteAnswer>> start_executions(dispatch::ServerContext&,
                                                                const std::vector<wire::ExecuteRequest>& requests) {
  std::vector<base::Result<wire::ExecuteAnswer>> answers;
  for (const auto& request : requests) answers.push_back(api_test::fake_app().start(request));
  return answers;
}

}  // namespace noetl::executions

namespace noetl::queue {

base::Result<std::vector<wire::EnqueuedCommand>> enqueue_commands(dispatch::ServerContext&,
                                                                  const std::vector<wire::NewCommand>& commands) {
  return api_test::fake_app().enqueue(commands);
}
base::Result<wire::ClaimAnswer> claim_commands(dispatch::ServerContext&, const wire::ClaimRequest& request,
                                               std::stop_token stop, std::function<bool()>) {
  return api_test::fake_app().claim(request, stop);
}

}  // namespace noetl::queue

namespace noetl::attempts {

base::Result<wire::AheadAnswer> run_ahead(dispatch::ServerContext&, const wire::AheadRequest&) {
  return wire::AheadAnswer{};
}
base::Result<wire::ReportAnswer> report_events(dispatch::ServerContext&, const wire::ReportRequest& request) {
  return api_test::fake_app().report(request);
}

}  // namespace noetl::attempts

namespace noetl::catalog {

base::Result<wire::RegisterAnswer> register_playbook(dispatch::ServerContext&, const wire::RegisterRequest& request) {
  return api_test::fake_app().register_playbook(request);
}
std::vector<wire::CatalogRow> list_catalog(dispatch::ServerContext&, const std::string&, int) { return {}; }
base::Result<wire::CatalogRow> get_resource(dispatch::ServerContext&, const wire::ResourceRequest& request) {
  wire::CatalogRow row;
  row.catalog_id = {5};
  row.path = request.path;
  row.version = request.version.value_or(9);
  return row;
}

}  // namespace noetl::catalog

namespace noetl::queue {

base::Result<wire::RegistrationAnswer> register_worker(dispatch::ServerContext&,
                                                       const wire::WorkerRegistration& registration) {
  return api_test::fake_app().register_worker(registration);
}
base::Result<wire::HeartbeatAnswer> renew_leases(dispatch::ServerContext&, const wire::Heartbeat& heartbeat) {
  return api_test::fake_app().heartbeat(heartbeat);
}
base::Result<void> deregister_worker(dispatch::ServerContext&, const Deregistration& request) {
  return api_test::fake_app().deregister(request.worker_id);
}
base::Result<void> drain_worker(dispatch::ServerContext&, const std::string&) { return {}; }
base::Result<wire::WorkerCommandAnswer> command_worker(dispatch::ServerContext&, const CommandToWorker& command,
                                                       const std::stop_token&, const std::function<bool()>&) {
  return wire::WorkerCommandAnswer{.command_id = {1},
                                   .status = 200,
                                   .body = R"({"id":")" + command.worker_id + R"(","name":"ping","status":"ready"})"};
}
base::Result<WorkerCommandView> read_worker_command(dispatch::ServerContext&, const std::string&,
                                                    base::WorkerCommandId) {
  return WorkerCommandView{.name = "ping",
                           .state = "waiting",
                           .answer = {},
                           .created_at = "2026-01-01T00:00:00Z",
                           .taken_at = {},
                           .answered_at = {}};
}
base::Result<CancelledOfWorker> cancel_of_worker(dispatch::ServerContext&, const CancelOfWorker&) {
  return CancelledOfWorker{.status = "cancelled", .executions = {}};
}
base::Result<base::EventId> record_event(dispatch::ServerContext&, const EventOfWorker&) { return base::EventId{9}; }
std::vector<wire::WorkerRow> list_workers(dispatch::ServerContext&, const std::string&, const std::string&) {
  wire::WorkerRow row;
  row.registration.worker_id = "w1";
  row.status = "ready";
  return {row};
}

}  // namespace noetl::queue

namespace noetl::views {

std::vector<wire::ExecutionRow> list_executions(dispatch::ServerContext&, const wire::ExecutionFilter& filter) {
  return api_test::fake_app().executions(filter);
}
base::Result<wire::ExecutionRow> get_execution(dispatch::ServerContext&, base::ExecutionId id) {
  return api_test::fake_app().execution(id);
}
base::Result<std::vector<wire::EventRow>> list_events(dispatch::ServerContext&, const wire::EventFilter& filter) {
  return api_test::fake_app().events(filter);
}

}  // namespace noetl::views

namespace noetl::executions {

base::Result<wire::ExecuteAnswer> rerun_execution(dispatch::ServerContext&, const RerunRequest& request) {
  wire::ExecuteRequest again;
  again.path = request.from_step;
  again.payload = request.payload;
  again.idempotency_key = request.idempotency_key;
  again.traceparent = request.traceparent;
  return api_test::fake_app().start(again);
}
base::Result<wire::CancelAnswer> cancel_execution(dispatch::ServerContext&, const wire::CancelRequest& request) {
  return api_test::fake_app().cancel(request);
}

}  // namespace noetl::executions

namespace noetl::views {

std::vector<wire::QueueDepth> read_queue_depth(dispatch::ServerContext&) {
  return {{.pool = "default", .status = "queued", .count = 3, .oldest_age_seconds = 1.5}};
}
base::Result<wire::CommandRow> get_command(dispatch::ServerContext&, base::CommandId queue_id) {
  wire::CommandRow row;
  row.queue_id = queue_id;
  row.status = "queued";
  return row;
}

}  // namespace noetl::views

namespace noetl::queue {

base::Result<wire::CancelledCommand> cancel_command(dispatch::ServerContext&, base::CommandId queue_id,
                                                    const std::string&) {
  return wire::CancelledCommand{.queue_id = queue_id, .is_cancelled = true, .status = "cancelled"};
}
wire::CancelledCommands cancel_commands(dispatch::ServerContext&, const wire::CancelCommandsRequest& request) {
  wire::CancelledCommands answer;
  answer.is_dry_run = request.is_dry_run;
  answer.queue_ids = request.queue_ids;
  return answer;
}

}  // namespace noetl::queue

namespace noetl::views {

std::vector<wire::CommandRow> list_commands(dispatch::ServerContext&, const wire::CommandFilter& filter, int limit) {
  std::vector<wire::CommandRow> rows;
  for (std::int64_t id = filter.before.is_set() ? filter.before.value - 1 : 10;
       id > 0 && static_cast<int>(rows.size()) < limit; --id) {
    wire::CommandRow row;
    row.queue_id = {id};
    row.status = "queued";
    rows.push_back(row);
  }
  return rows;
}
Readiness check_readiness(dispatch::ServerContext&) { return api_test::fake_app().readiness; }

}  // namespace noetl::views
