#include <memory>

#include "cli/commands/commands.hpp"
#include "cli/payload.hpp"
#include "cli/session.hpp"
#include "shared/base/text/percent.hpp"

namespace noetl::cli {
namespace {

void add_start(CLI::App& worker, CommandLine& line) {
  auto* start = worker.add_subcommand("start", "Run a worker in the foreground, as noetl-worker does");
  const auto as_setting = [&line](const char* name) {
    return [&line, name](const std::string& value) { line.flags[name] = value; };
  };
  start->add_flag("--v2")->description("Accepted for habit: every worker speaks the second protocol");
  start->add_option_function<std::string>("-c,--concurrency,--slots", as_setting("slots"), "Commands at the same time")
      ->type_name("N");
  start->add_option_function<std::string>("--pool", as_setting("pool"), "Pool that the worker serves")
      ->type_name("POOL");
  add_setting_flags(*start, line, config::worker);
  on_chosen(*start, line, [](Session& session) {
    const auto settings = config::worker_settings(session.resolved);
    if (!settings) return session.output.error(settings.error());
    return session.programs.run_worker(*settings, session.stop);
  });
}

void add_worker_list(CLI::App& worker, CommandLine& line) {
  struct WorkerFilter {
    std::string pool, status;
  };
  auto* list = worker.add_subcommand("list", "Workers of the last day");
  auto filter = std::make_shared<WorkerFilter>();
  list->add_option("--pool", filter->pool, "Of this pool");
  list->add_option("--status", filter->status, "ready, draining, stopped or lost");
  on_chosen(*list, line, [filter](Session& session) {
    std::string path = "/api/v2/workers";
    if (!filter->pool.empty()) path += "?pool=" + base::percent_encoded(filter->pool);
    if (!filter->status.empty())
      path += (filter->pool.empty() ? "?status=" : "&status=") + base::percent_encoded(filter->status);
    return show_or_fail(session, session.server().get(path), [&](const Json& answer) {
      session.output.rows(answer, {{"WORKER", "worker_id"},
                                   {"POOL", "pool"},
                                   {"STATUS", "status"},
                                   {"RUNNING", "running"},
                                   {"SLOTS", "slots"},
                                   {"HOST", "hostname"},
                                   {"PID", "pid"},
                                   {"HEARTBEAT", "heartbeat_at"}});
    });
  });
}

void add_drain(CLI::App& worker, CommandLine& line) {
  auto* drain = worker.add_subcommand("drain", "Ask a worker to finish what it runs and to claim nothing more");
  auto worker_id = std::make_shared<std::string>();
  drain->add_option("worker_id", *worker_id, "As `worker list` shows it")->required();
  on_chosen(*drain, line, [worker_id](Session& session) {
    const auto path = "/api/v2/workers/" + base::percent_encoded(*worker_id) + "/drain";
    return show_or_fail(session, session.server().post(path, Json::object()), [&](const Json& answer) {
      session.output.line(answer, "worker " + *worker_id + " drains with its next heartbeat");
    });
  });
}

void add_deregister(CLI::App& worker, CommandLine& line) {
  struct WorkerArguments {
    std::string worker_id;
    bool is_forced = false;
  };
  auto* command = worker.add_subcommand("deregister", "Forget a worker; what it held is claimed by others");
  auto arguments = std::make_shared<WorkerArguments>();
  command->add_option("worker_id", arguments->worker_id, "As `worker list` shows it")->required();
  command->add_flag("--force", arguments->is_forced,
                    "Also one that is alive: its commands run elsewhere while it still works on them");
  on_chosen(*command, line, [arguments](Session& session) {
    const auto path =
        "/api/v2/workers/" + base::percent_encoded(arguments->worker_id) + (arguments->is_forced ? "?force=true" : "");
    return show_or_fail(session, session.server().call({"DELETE", path}), [&](const Json& answer) {
      session.output.line(answer, "worker " + arguments->worker_id + " is deregistered");
    });
  });
}

void add_order(CLI::App& worker, CommandLine& line) {
  struct OrderArguments {
    std::string worker_id, name, data;
    int timeout = 10;
  };
  auto* command = worker.add_subcommand("command", "Command one worker, and show its answer");
  auto arguments = std::make_shared<OrderArguments>();
  command->add_option("worker_id", arguments->worker_id, "As `worker list` shows it")->required();
  command
      ->add_option("name", arguments->name,
                   "ping, status, pause, resume, drain, cancel, deploy, undeploy, inject, inject_batch, checkpoint or "
                   "restore")
      ->required();
  command->add_option("--data", arguments->data, "Its fields: JSON object or @file")->type_name("JSON");
  command->add_option("--timeout", arguments->timeout, "Seconds to wait for the answer")
      ->check(CLI::Range(1, 60))
      ->type_name("SECONDS");
  on_chosen(*command, line, [arguments](Session& session) {
    Json body = Json::object();
    if (!arguments->data.empty()) {
      auto data = read_payload(arguments->data);
      if (!data) return session.output.error(data.error());
      body = std::move(*data);
    }
    const auto path = "/api/v2/workers/" + base::percent_encoded(arguments->worker_id) + "/commands/" +
                      base::percent_encoded(arguments->name) + "?timeout=" + std::to_string(arguments->timeout);
    return show_or_fail(session, session.server().post(path, std::move(body)),
                        [&](const Json& answer) { session.output.fields(answer); });
  });
}

}  // namespace

void add_worker_command(CLI::App& app, CommandLine& line) {
  auto* worker = app.add_subcommand("worker", "Workers: start, list, command, drain, deregister");
  worker->require_subcommand(1);
  add_start(*worker, line);
  add_worker_list(*worker, line);
  add_order(*worker, line);
  add_drain(*worker, line);
  add_deregister(*worker, line);
}

}  // namespace noetl::cli
