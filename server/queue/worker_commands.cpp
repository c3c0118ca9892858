#include "server/queue/worker_commands.hpp"

#include "server/decisions/perform.hpp"
#include "server/dispatch/long_polls.hpp"
#include "server/executions/cancel_execution.hpp"
#include "server/postgres/connection_pool.hpp"
#include "server/queue/cancel_commands.hpp"
#include "server/store/executions/event_table.hpp"
#include "server/store/executions/execution_table.hpp"
#include "server/store/queue/worker_command_table.hpp"

namespace noetl::queue {
namespace {

using base::ErrorCode;
using std::chrono::steady_clock;

base::Error why_not_placed(dispatch::ServerContext& context, const std::string& worker_id) {
  std::optional<store::WorkerLease> lease;
  context.connections.run_one(
      [&](postgres::Session& session) { lease = store::WorkerTable(session).lease_of(worker_id); });
  base::Error error{.code = ErrorCode::not_found, .message = {}, .field = "/worker_id", .details = {}};
  if (!lease) {
    error.message = "no worker is registered as '" + worker_id + "': GET /api/v2/workers lists them";
  } else if (!lease->is_alive) {
    error.message = "worker '" + worker_id + "' is not there: its lease ended at " + lease->until;
  } else {
    error = {.code = ErrorCode::saturated,
             .message = std::to_string(wire::worker_commands_max) + " commands to worker '" + worker_id +
                        "' wait for its heartbeat: send it again after the time in Retry-After",
             .field = {},
             .retry_after = std::chrono::seconds(1),
             .details = {}};
  }
  return error;
}

std::optional<store::StoredWorkerCommand> stored(dispatch::ServerContext& context, const std::string& worker_id,
                                                 base::WorkerCommandId id) {
  std::optional<store::StoredWorkerCommand> found;
  context.connections.run_one(
      [&](postgres::Session& session) { found = store::WorkerCommandTable(session).find(worker_id, id); });
  return found;
}

base::Error nobody_answered(const CommandToWorker& command, base::WorkerCommandId id) {
  return {.code = ErrorCode::timeout,
          .message = "worker '" + command.worker_id + "' has not answered command " + id.str() + " ('" + command.name +
                     "') within " + std::to_string(command.patience.count()) + " ms; GET /api/v2/workers/" +
                     command.worker_id + "/commands/" + id.str() +
                     " says what became of it. Workers of releases before this one take none",
          .field = {},
          .details = {}};
}

}  // namespace

base::Result<wire::WorkerCommandAnswer> command_worker(dispatch::ServerContext& context, const CommandToWorker& command,
                                                       const std::stop_token& stop,
                                                       const std::function<bool()>& is_asker_there) {
  const base::WorkerCommandId id{context.ids.next()};
  const auto until = steady_clock::now() + command.patience;
  bool is_placed = false;
  context.connections.run_one([&](postgres::Session& session) {
    is_placed = store::WorkerCommandTable(session).place(
        {.command = {.command_id = id, .name = command.name, .body = command.body},
         .worker_id = command.worker_id,
         .patience = command.patience});
  });
  if (!is_placed) return base::failure(why_not_placed(context, command.worker_id));
  // Like a long poll: woken when the answer comes to this server; one that came to another is found by looking again.
  for (;;) {
    const auto seen = context.long_polls.seen(answers_of(command.worker_id));
    const auto found = stored(context, command.worker_id, id);
    if (found && found->status != 0)
      return wire::WorkerCommandAnswer{.command_id = id, .status = found->status, .body = found->answer};
    const auto now = steady_clock::now();
    if (now >= until || stop.stop_requested() || (is_asker_there && !is_asker_there()))
      return base::failure(nobody_answered(command, id));
    context.long_polls.wait(answers_of(command.worker_id), seen,
                            std::min(until, now + dispatch::LongPolls::poll_interval), stop);
  }
}

base::Result<WorkerCommandView> read_worker_command(dispatch::ServerContext& context, const std::string& worker_id,
                                                    base::WorkerCommandId id) {
  auto found = stored(context, worker_id, id);
  if (!found)
    return base::failure(ErrorCode::not_found,
                         "no command " + id.str() + " to worker '" + worker_id + "': they are kept for an hour");
  return WorkerCommandView{.name = std::move(found->name),
                           .state = std::move(found->state),
                           .status = found->status,
                           .answer = std::move(found->answer),
                           .created_at = std::move(found->created_at),
                           .taken_at = std::move(found->taken_at),
                           .answered_at = std::move(found->answered_at)};
}

base::Result<CancelledOfWorker> cancel_of_worker(dispatch::ServerContext& context, const CancelOfWorker& request) {
  const store::Caller caller{request.worker_id, request.instance};
  store::CallingWorker calling;
  context.connections.run_one([&](postgres::Session& session) {
    calling = request.queue_id.is_set() ? store::WorkerCommandTable(session).calling(caller, request.queue_id)
                                        : store::WorkerTable(session).calling(caller, request.execution_id);
  });
  if (!calling.is_worker || !calling.is_holder) {
    const std::string what = request.queue_id.is_set() ? "command " + request.queue_id.str()
                                                       : "a command of execution " + request.execution_id.str();
    return base::failure(ErrorCode::not_found, "worker '" + request.worker_id + "' does not run " + what,
                         request.queue_id.is_set() ? "/queue_id" : "/execution_id");
  }
  if (request.queue_id.is_set()) {
    const auto cancelled = cancel_command(context, request.queue_id, request.reason);
    if (!cancelled) return base::failure(cancelled.error());
    return CancelledOfWorker{.status = cancelled->status, .executions = {}};
  }
  const auto cancelled = executions::cancel_execution(
      context, {.execution_id = request.execution_id, .reason = request.reason, .cascade = true});
  if (!cancelled) return base::failure(cancelled.error());
  return CancelledOfWorker{.status = cancelled->status, .executions = cancelled->cancelled_executions};
}

base::Result<base::EventId> record_event(dispatch::ServerContext& context, const EventOfWorker& event) {
  const base::EventId id{context.ids.next()};
  std::optional<base::Error> refusal;
  decisions::commit(context, [&](postgres::Session& session) -> dispatch::Effects {
    refusal.reset();
    // Locked: it does not end meanwhile.
    const auto locked = store::ExecutionTable(session).lock({event.execution_id});
    if (locked.empty()) {
      refusal = base::Error{.code = ErrorCode::not_found,
                            .message = "no execution has id " + event.execution_id.str(),
                            .field = "/execution_id",
                            .details = {}};
    } else if (locked[0].status != domain::ExecutionStatus::running) {
      refusal = base::Error{.code = ErrorCode::already_terminal,
                            .message = "execution " + event.execution_id.str() + " has ended: " +
                                       std::string(domain::to_string(locked[0].status)) + ", it takes no events",
                            .field = "/execution_id",
                            .details = {}};
    } else {
      (void)store::EventTable(session).insert_once({{.event_id = id,
                                                     .execution_id = event.execution_id,
                                                     .event_type = event.event_type,
                                                     .step = {},
                                                     .payload = event.fields,
                                                     .meta = {},
                                                     .worker_id = event.worker_id}});
    }
    return {};
  });
  if (refusal) return base::failure(std::move(*refusal));
  return id;
}

}  // namespace noetl::queue
