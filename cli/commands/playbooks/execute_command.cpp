#include <memory>
#include <tuple>

#include "cli/commands/commands.hpp"
#include "cli/execution_wait.hpp"
#include "cli/payload.hpp"
#include "shared/durations/duration.hpp"

namespace noetl::cli {
namespace {

struct ExecuteArguments {
  std::string path;
  int version = 0;
  std::string payload;
  std::vector<std::string> assignments;
  std::string idempotency_key;
  WaitFlags wait;
  std::string limit, delay, start_at, group;
};

base::Result<Json> request_from(const ExecuteArguments& arguments) {
  auto payload = read_payload(arguments.payload, "--payload");
  if (!payload) return payload;
  for (const auto& assignment : arguments.assignments) {
    if (auto set = apply_setting(*payload, assignment); !set) return base::failure(std::move(set.error()));
  }
  Json request{{"path", arguments.path}, {"payload", std::move(*payload)}};
  if (arguments.version > 0) request["version"] = arguments.version;
  for (const auto& [flag, field, text] :
       {std::tuple{"--limit", "timeout", arguments.limit}, {"--delay", "delay", arguments.delay}}) {
    if (text.empty()) continue;
    const auto time = durations::parse_duration(text);
    if (!time) {
      return base::failure(base::ErrorCode::invalid_input,
                           std::string(flag) + ": expected a duration such as 30s, found '" + text + "'");
    }
    request[field] = std::chrono::duration<double>(*time).count();
  }
  if (!arguments.start_at.empty()) request["start_at"] = arguments.start_at;
  if (!arguments.group.empty()) request["group"] = arguments.group;
  return request;
}

// When a new execution begins, unless at once.
std::string beginning_of(const ExecuteArguments& arguments, const Json& answer) {
  if (answer.value("status", "") == "duplicate") return {};
  if (!arguments.delay.empty()) return ", begins in " + arguments.delay;
  return arguments.start_at.empty() ? std::string() : ", begins at " + arguments.start_at;
}

int execute(Session& session, const ExecuteArguments& arguments) {
  if (const auto limit = limit_of(arguments.wait); !limit) return session.output.error(limit.error());
  auto request = request_from(arguments);
  if (!request) return session.output.error(request.error());
  Call call{.method = "POST", .path = "/api/v2/execute", .body = std::move(*request), .headers = {}};
  if (!arguments.idempotency_key.empty()) call.headers["Idempotency-Key"] = arguments.idempotency_key;
  const auto answer = session.server().call(call);
  if (!answer) return session.output.error(answer.error());
  return show_started(session, *answer, arguments.wait, beginning_of(arguments, *answer));
}

void add_as(CLI::App& app, CommandLine& line, const char* name, const char* description) {
  auto* command = app.add_subcommand(name, description);
  auto arguments = std::make_shared<ExecuteArguments>();
  command->add_option("path", arguments->path, "Path of the playbook in the catalog")->required();
  command->add_option("--version", arguments->version, "Version; the latest when left out")->type_name("N");
  command->add_option("--payload,--workload", arguments->payload, "JSON object, or @file, or @- for stdin")
      ->type_name("JSON");
  command->add_option("--set", arguments->assignments, "key=value or a.b=value over the payload; repeatable")
      ->type_name("K=V")
      ->expected(1)
      ->take_all();
  command->add_option("--idempotency-key", arguments->idempotency_key, "The same key starts one execution only")
      ->type_name("KEY");
  add_wait_flags(*command, arguments->wait);
  command->add_option("--limit", arguments->limit, "The server fails it when it has taken so long")->type_name("TIME");
  command->add_option("--delay", arguments->delay, "Begin after so long")->type_name("TIME");
  command->add_option("--start-at", arguments->start_at, "Begin then, as in 2026-01-31T12:00:00Z")->type_name("TIME");
  command->add_option("--group", arguments->group, "In whose line it waits to begin; its playbook's when left out")
      ->type_name("NAME");
  on_chosen(*command, line, [arguments](Session& session) { return execute(session, *arguments); });
}

}  // namespace

void add_execute_command(CLI::App& app, CommandLine& line) {
  add_as(app, line, "execute", "Start an execution of a playbook");
  add_as(app, line, "run", "The same as execute");
}

}  // namespace noetl::cli
