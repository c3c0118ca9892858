#include <memory>

#include "cli/commands/commands.hpp"
#include "cli/payload.hpp"
#include "cli/session.hpp"
#include "shared/base/percent.hpp"
#include "shared/durations/duration.hpp"

namespace noetl::cli {
namespace {

struct Arguments {
  std::string kind;
  std::string tool;
  std::string input;
  std::string pool, timeout, available_at, idempotency_key, retry, group;
  int priority = 0;
  int max_attempts = 0;
};

base::Result<Json> command_from(const Arguments& arguments) {
  auto tool = read_payload(arguments.tool);
  if (!tool) return tool;
  auto input = read_payload(arguments.input);
  if (!input) return input;
  if (!arguments.kind.empty()) (*tool)["kind"] = arguments.kind;
  Json command{{"tool", std::move(*tool)}, {"input", std::move(*input)}};
  if (!arguments.pool.empty()) command["pool"] = arguments.pool;
  if (!arguments.available_at.empty()) command["available_at"] = arguments.available_at;
  if (!arguments.idempotency_key.empty()) command["idempotency_key"] = arguments.idempotency_key;
  if (!arguments.group.empty()) command["group"] = arguments.group;
  if (arguments.priority != 0) command["priority"] = arguments.priority;
  if (arguments.max_attempts != 0) command["max_attempts"] = arguments.max_attempts;
  if (!arguments.retry.empty()) {
    auto retry = read_payload(arguments.retry);
    if (!retry) return retry;
    command["retry"] = std::move(*retry);
  }
  if (!arguments.timeout.empty()) {
    const auto timeout = durations::parse_duration(arguments.timeout);
    if (!timeout)
      return base::failure(base::ErrorCode::invalid_input,
                           "--timeout: expected a duration such as 30s, found '" + arguments.timeout + "'");
    command["timeout"] = static_cast<double>(timeout->count()) / 1000.0;
  }
  return command;
}

void add_enqueue(CLI::App& command, CommandLine& line) {
  auto* enqueue = command.add_subcommand("enqueue", "Enqueue one command without a playbook");
  auto arguments = std::make_shared<Arguments>();
  enqueue->add_option("kind", arguments->kind, "Kind of tool: python, shell, http, noop, …");
  enqueue->add_option("--tool", arguments->tool, "The tool's options: JSON object or @file")
      ->type_name("JSON");
  enqueue->add_option("--input", arguments->input, "The arguments: JSON object or @file")->type_name("JSON");
  enqueue->add_option("--pool", arguments->pool, "Pool that runs it");
  enqueue->add_option("--priority", arguments->priority, "Higher goes first");
  enqueue->add_option("--group", arguments->group, "In whose line it waits; groups take turns")
      ->type_name("NAME");
  enqueue->add_option("--max-attempts", arguments->max_attempts, "Attempts before it is dead");
  enqueue
      ->add_option(
          "--retry", arguments->retry,
          "Waits between attempts: {backoff, initial_delay, multiplier, max_delay, jitter}, JSON or @file")
      ->type_name("JSON");
  enqueue->add_option("--timeout", arguments->timeout, "Limit of one attempt")->type_name("TIME");
  enqueue->add_option("--available-at", arguments->available_at, "Not before, RFC 3339")->type_name("TIME");
  enqueue
      ->add_option("--idempotency-key", arguments->idempotency_key, "The same key enqueues one command only")
      ->type_name("KEY");
  on_chosen(*enqueue, line, [arguments](Session& session) {
    auto body = command_from(*arguments);
    if (!body) return session.output.error(body.error());
    return show_or_fail(session, session.server().post("/api/v2/commands", std::move(*body)),
                        [&](const Json& answer) { session.output.fields(answer); });
  });
}

}  // namespace

void add_enqueue_command(CLI::App& app, CommandLine& line) {
  auto* command = app.add_subcommand("command", "Commands: enqueue one, look one up");
  command->require_subcommand(1);
  add_enqueue(*command, line);
  auto* get = command->add_subcommand("get", "One command: status, attempts, result");
  auto queue_id = std::make_shared<std::string>();
  get->add_option("queue_id", *queue_id)->required();
  on_chosen(*get, line, [queue_id](Session& session) {
    return show_or_fail(session, session.server().get("/api/v2/commands/" + base::percent_encoded(*queue_id)),
                        [&](const Json& answer) { session.output.fields(answer); });
  });
}

}  // namespace noetl::cli
