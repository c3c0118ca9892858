#include <map>
#include <memory>

#include "cli/command_line.hpp"
#include "cli/command_wait.hpp"
#include "cli/commands/commands.hpp"
#include "cli/payload.hpp"
#include "cli/session.hpp"
#include "shared/base/text/percent.hpp"
#include "shared/durations/duration.hpp"

namespace noetl::cli {
namespace {

struct CommandArguments {
  std::string kind;
  std::string tool;
  std::string input;
  std::string pool, timeout, delay, available_at, idempotency_key, retry, group, wait_timeout;
  bool should_wait = false;
  int priority = 0;
  int max_attempts = 0;
};

base::Result<Json> command_from(const CommandArguments& arguments) {
  auto tool = read_payload(arguments.tool, "--tool");
  if (!tool) return tool;
  auto input = read_payload(arguments.input, "--input");
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
    auto retry = read_payload(arguments.retry, "--retry");
    if (!retry) return retry;
    command["retry"] = std::move(*retry);
  }
  for (const auto& [name, text] : {std::pair("timeout", &arguments.timeout), std::pair("delay", &arguments.delay)}) {
    if (text->empty()) continue;
    const auto time = durations::parse_duration(*text);
    if (!time)
      return base::failure(base::ErrorCode::invalid_input,
                           std::string("--") + name + ": expected a duration such as 30s, found '" + *text + "'");
    command[name] = static_cast<double>(time->count()) / 1000.0;
  }
  return command;
}

int enqueue_one(Session& session, const CommandArguments& arguments) {
  const auto limit = durations::parse_duration(arguments.wait_timeout.empty() ? "0s" : arguments.wait_timeout);
  if (!limit) {
    return session.output.error(
        base::failure(base::ErrorCode::invalid_input,
                      "--wait-timeout: expected a duration such as 30s, found '" + arguments.wait_timeout + "'")
            .value());
  }
  auto body = command_from(arguments);
  if (!body) return session.output.error(body.error());
  const auto answer = session.server().post("/api/v2/commands", std::move(*body));
  if (answer && (arguments.should_wait || limit->count() > 0))
    return wait_for_command(session, {.queue_id = cell_text(*answer, "queue_id"), .limit = *limit});
  return show_or_fail(session, answer, [&](const Json& shown) { session.output.fields(shown); });
}

void add_enqueue(CLI::App& command, CommandLine& line) {
  auto* enqueue = command.add_subcommand("enqueue", "Enqueue one command without a playbook");
  auto arguments = std::make_shared<CommandArguments>();
  enqueue->add_option("kind", arguments->kind, "Kind of tool: python, shell, http, noop, …");
  enqueue->add_option("--tool", arguments->tool, "The tool's options: JSON object or @file")->type_name("JSON");
  enqueue->add_option("--input", arguments->input, "The arguments: JSON object or @file")->type_name("JSON");
  enqueue->add_option("--pool", arguments->pool, "Pool that runs it");
  enqueue->add_option("--priority", arguments->priority,
                      "-100 to 100: of what is due in a pool the highest is claimed next, of one priority the oldest");
  enqueue->add_option("--group", arguments->group, "In whose line it waits; groups take turns")->type_name("NAME");
  enqueue->add_option("--max-attempts", arguments->max_attempts, "Attempts before it is dead");
  enqueue
      ->add_option("--retry", arguments->retry,
                   "Waits between attempts: {backoff, initial_delay, multiplier, max_delay, jitter}, JSON or @file")
      ->type_name("JSON");
  enqueue->add_option("--timeout", arguments->timeout, "Limit of one attempt")->type_name("TIME");
  enqueue->add_option("--delay", arguments->delay, "Not before this time has passed")->type_name("TIME");
  enqueue->add_option("--available-at", arguments->available_at, "Not before, RFC 3339")->type_name("TIME");
  enqueue->add_option("--idempotency-key", arguments->idempotency_key, "The same key enqueues one command only")
      ->type_name("KEY");
  enqueue->add_flag("--wait", arguments->should_wait, "Wait for the end and show the result");
  enqueue->add_option("--wait-timeout", arguments->wait_timeout, "Wait, and give up waiting after so long")
      ->type_name("TIME");
  on_chosen(*enqueue, line, [arguments](Session& session) { return enqueue_one(session, *arguments); });
}

void add_command_get(CLI::App& command, CommandLine& line) {
  auto* get = command.add_subcommand("get", "One command: status, attempts, result");
  auto queue_id = std::make_shared<std::string>();
  get->add_option("queue_id", *queue_id)->required();
  on_chosen(*get, line, [queue_id](Session& session) {
    return show_or_fail(session, session.server().get("/api/v2/commands/" + base::percent_encoded(*queue_id)),
                        [&](const Json& answer) { session.output.fields(answer); });
  });
}

// Fields of a filter by the names that they have in the API.
using Fields = std::map<std::string, std::string>;

void add_field(CLI::App& command, const std::shared_ptr<Fields>& fields, const char* option, const char* field,
               const char* help) {
  command.add_option_function<std::string>(
      option, [fields, field](const std::string& value) { (*fields)[field] = value; }, help);
}

void add_common_fields(CLI::App& command, const std::shared_ptr<Fields>& fields) {
  add_field(command, fields, "--status", "status", "queued, running, done, failed, dead or cancelled");
  add_field(command, fields, "--pool", "pool", "Of this pool");
  add_field(command, fields, "--tool", "tool_kind", "Of this kind of tool");
  add_field(command, fields, "--created-after", "created_after", "Made at this time (RFC 3339) or later");
  add_field(command, fields, "--created-before", "created_before", "Made before this time (RFC 3339)");
  add_field(command, fields, "--after", "after", "Newer than this command");
  add_field(command, fields, "--before", "before", "Older than this command");
}

void add_command_list(CLI::App& command, CommandLine& line) {
  auto* list = command.add_subcommand("list", "Commands, newest first");
  auto fields = std::make_shared<Fields>();
  auto limit = std::make_shared<int>(20);
  add_common_fields(*list, fields);
  add_field(*list, fields, "--execution", "execution_id", "Of this execution");
  add_field(*list, fields, "--idempotency-key", "idempotency_key", "The one that was enqueued with this key");
  list->add_option("--limit", *limit, "At most so many")->check(CLI::Range(1, 1000));
  on_chosen(*list, line, [fields, limit](Session& session) {
    std::string path = "/api/v2/commands?limit=" + std::to_string(*limit);
    for (const auto& [name, value] : *fields) path += "&" + name + "=" + base::percent_encoded(value);
    return show_or_fail(session, session.server().get(path), [&](const Json& answer) {
      session.output.rows(answer, {{"COMMAND", "queue_id"},
                                   {"POOL", "pool"},
                                   {"TOOL", "tool_kind"},
                                   {"STEP", "step"},
                                   {"STATUS", "status"},
                                   {"ATTEMPTS", "attempts"},
                                   {"CREATED", "created_at"},
                                   {"DUE", "available_at"},
                                   {"KEY", "idempotency_key"},
                                   {"EXECUTION", "execution_id"}});
    });
  });
}

struct CancelArguments {
  std::vector<std::string> ids;
  std::shared_ptr<Fields> filter = std::make_shared<Fields>();
  bool takes_all = false, is_dry_run = false;
  int limit = 1000;
  std::string reason;
};

base::Result<Json> cancel_request(const CancelArguments& arguments) {
  const bool has_filter = !arguments.filter->empty() || arguments.takes_all;
  if (arguments.ids.empty() != has_filter) {
    return base::failure(base::ErrorCode::invalid_input,
                         "say what to cancel, in one way: ids, a filter such as --pool, or --all");
  }
  Json body{{"limit", arguments.limit}, {"dry_run", arguments.is_dry_run}};
  if (has_filter) {
    body["filter"] = Json(*arguments.filter);
  } else {
    body["queue_ids"] = arguments.ids;
  }
  if (!arguments.reason.empty()) body["reason"] = arguments.reason;
  return body;
}

void add_command_cancel(CLI::App& command, CommandLine& line) {
  auto* cancel = command.add_subcommand("cancel", "Cancel plain commands that wait or run");
  auto arguments = std::make_shared<CancelArguments>();
  cancel->add_option("queue_id", arguments->ids, "These commands");
  add_common_fields(*cancel, arguments->filter);
  cancel->add_flag("--all", arguments->takes_all, "Every plain command that waits or runs");
  cancel->add_flag("--dry-run", arguments->is_dry_run, "Only show which");
  cancel->add_option("--limit", arguments->limit, "Of a filter: at most so many, the oldest first")
      ->check(CLI::Range(1, 10'000));
  cancel->add_option("--reason", arguments->reason, "Stands in the command's error")->type_name("TEXT");
  on_chosen(*cancel, line, [arguments](Session& session) {
    auto body = cancel_request(*arguments);
    if (!body) return session.output.error(body.error());
    const auto answer = session.server().post("/api/v2/commands/cancel", std::move(*body));
    if (!answer) return session.output.error(answer.error());
    session.output.fields(*answer);
    const bool is_nothing_done = answer->value("count", 0) == 0 && !answer->at("refused").empty();
    return is_nothing_done ? exit_conflict : 0;
  });
}

}  // namespace

void add_enqueue_command(CLI::App& app, CommandLine& line) {
  auto* command = app.add_subcommand("command", "Commands: enqueue, find, cancel");
  command->require_subcommand(1);
  add_enqueue(*command, line);
  add_command_get(*command, line);
  add_command_list(*command, line);
  add_command_cancel(*command, line);
}

}  // namespace noetl::cli
