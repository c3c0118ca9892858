#include <algorithm>
#include <memory>
#include <ostream>
#include <set>

#include "cli/command_line.hpp"
#include "cli/commands/commands.hpp"
#include "cli/execution_wait.hpp"
#include "cli/interruptible_wait.hpp"
#include "cli/payload.hpp"
#include "cli/text/error_text.hpp"
#include "shared/base/ids.hpp"
#include "shared/base/text/percent.hpp"

namespace noetl::cli {
namespace {

const std::vector<Column> event_columns{{"TIME", "created_at"}, {"EVENT", "event_type"}, {"STEP", "step"},
                                        {"STATUS", "status"},   {"WORKER", "worker_id"}, {"TEXT", "text"}};

std::string execution_path(const std::string& id) { return "/api/v2/executions/" + base::percent_encoded(id); }

void add_execution_list(CLI::App& execution, CommandLine& line) {
  struct ExecutionFilter {
    std::string status, path, parent, before;
    int limit = 20;
  };
  auto* list = execution.add_subcommand("list", "Executions, newest first");
  auto filter = std::make_shared<ExecutionFilter>();
  list->add_option("--status", filter->status, "scheduled, running, completed, failed or cancelled");
  list->add_option("--path", filter->path, "Path of the playbook");
  list->add_option("--parent", filter->parent, "Only those that this execution has called")->type_name("ID");
  list->add_option("--before", filter->before, "Only executions older than this id: the next page");
  list->add_option("--limit", filter->limit, "At most so many")->check(CLI::Range(1, 1000));
  on_chosen(*list, line, [filter](Session& session) {
    std::string path = "/api/v2/executions?limit=" + std::to_string(filter->limit);
    if (!filter->status.empty()) path += "&status=" + base::percent_encoded(filter->status);
    if (!filter->path.empty()) path += "&path=" + base::percent_encoded(filter->path);
    if (!filter->parent.empty()) path += "&parent_execution_id=" + base::percent_encoded(filter->parent);
    if (!filter->before.empty()) path += "&before=" + base::percent_encoded(filter->before);
    return show_or_fail(session, session.server().get(path), [&](const Json& answer) {
      session.output.rows(answer, {{"EXECUTION", "execution_id"},
                                   {"PATH", "path"},
                                   {"VERSION", "version"},
                                   {"STATUS", "status"},
                                   {"DUE", "due_at"},
                                   {"STARTED", "started_at"},
                                   {"SECONDS", "duration"}});
    });
  });
}

void add_execution_get(CLI::App& execution, CommandLine& line, const std::shared_ptr<std::string>& id) {
  auto* get = execution.add_subcommand("get", "One execution: status, steps, result, error");
  get->add_option("execution_id", *id)->required();
  on_chosen(*get, line, [id](Session& session) {
    return show_or_fail(session, session.server().get(execution_path(*id)),
                        [&](const Json& answer) { session.output.fields(answer); });
  });
}

Json events_of(const Json& answer) { return answer.is_array() ? answer : answer.value("events", Json::array()); }

void add_events(CLI::App& execution, CommandLine& line, const std::shared_ptr<std::string>& id) {
  auto* events = execution.add_subcommand("events", "Events of an execution, oldest first");
  struct ExecutionFilter {
    std::string type, step, after;
    int limit = 1000;
  };
  auto filter = std::make_shared<ExecutionFilter>();
  events->add_option("execution_id", *id)->required();
  events->add_option("--type", filter->type, "Only events of this type, such as call.error");
  events->add_option("--step", filter->step, "Only events of this step");
  events->add_option("--after", filter->after, "Only events after this id: the next page")->type_name("ID");
  events->add_option("--limit", filter->limit, "At most so many")->check(CLI::Range(1, 1000));
  on_chosen(*events, line, [id, filter](Session& session) {
    std::string path = execution_path(*id) + "/events?limit=" + std::to_string(filter->limit);
    if (!filter->type.empty()) path += "&event_type=" + base::percent_encoded(filter->type);
    if (!filter->step.empty()) path += "&step=" + base::percent_encoded(filter->step);
    if (!filter->after.empty()) path += "&after=" + base::percent_encoded(filter->after);
    return show_or_fail(session, session.server().get(path), [&](const Json& answer) {
      if (session.output.is_json()) return session.output.rows(answer, event_columns);
      Json rows = events_of(answer);
      for (auto& row : rows) row["text"] = event_text(row);
      session.output.rows(rows, event_columns);
    });
  });
}

// The events of an execution as they come. An event may be committed after a later one was read, so each look goes back a little.
class EventFeed {
 public:
  EventFeed(const Session& session, std::string id) : session_(session), id_(std::move(id)) {}

  base::Result<Json> fresh() {
    constexpr std::size_t page_max = 1000;
    constexpr std::int64_t looked_back = std::int64_t{2000}
                                         << 22;  // two seconds: below its milliseconds an id has 22 bits
    Json fresh = Json::array();
    auto from = std::max<std::int64_t>(0, last_ - looked_back);
    for (std::size_t size = page_max; size == page_max && fresh.size() < page_max;) {
      const std::string after = from > 0 ? "&after=" + std::to_string(from) : "";
      const auto answer =
          session_.server().get(execution_path(id_) + "/events?limit=" + std::to_string(page_max) + after);
      if (!answer) return answer;
      const Json events = events_of(*answer);
      size = events.size();
      for (const auto& event : events) {
        from = base::parse_id(cell_text(event, "event_id")).value_or(from);
        last_ = std::max(last_, from);
        if (seen_.insert(from).second) fresh.push_back(event);
      }
    }
    seen_.erase(seen_.begin(), seen_.lower_bound(last_ - looked_back));
    return fresh;
  }

 private:
  const Session& session_;
  const std::string id_;
  std::int64_t last_ = 0;
  std::set<std::int64_t> seen_;
};

// What a person follows an execution by: one line for each event, and below it what was printed.
class Narrator {
 public:
  void tell(const Json& event, std::ostream& out) {
    const auto command = cell_text(event, "queue_id");
    const auto type = cell_text(event, "event_type");
    std::string line = cell_text(event, "created_at") + "  " + type;
    if (const auto step = cell_text(event, "step"); !step.empty()) line += "  " + step;
    auto text = event_text(event);
    if (type == "command.log") printing_.insert(command);
    if (type.starts_with("call.") && !printing_.contains(command)) {
      // A short command has said it with its end alone.
      const auto output = printed_of(event);
      text += text.empty() || output.empty() ? output : "\n" + output;
    }
    while (!text.empty() && text.back() == '\n') text.pop_back();
    out << line;
    const bool is_one_line = text.find('\n') == std::string::npos;
    if (!text.empty()) out << (is_one_line ? "  " : "\n    ");
    for (const char c : text) out << (c == '\n' ? "\n    " : std::string(1, c));
    out << '\n' << std::flush;
  }

 private:
  static std::string printed_of(const Json& event) {
    const auto meta = event.find("meta");
    return meta != event.end() && meta->is_object() ? printable_lines(meta->value("output", "")) : std::string();
  }

  std::set<std::string> printing_;  // commands that have told what they print
};

int watch(Session& session, const std::string& id) {
  EventFeed feed(session, id);
  Narrator narrator;
  while (true) {
    // Asked before the events: what ended before this question has all its events there.
    const auto execution = session.server().get(execution_path(id));
    if (!execution) return session.output.error(execution.error());
    const auto events = feed.fresh();
    if (!events) return session.output.error(events.error());
    for (const auto& event : *events) {
      if (session.output.is_json())
        session.output.out() << event.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n' << std::flush;
      else
        narrator.tell(event, session.output.out());
    }
    if (has_ended(*execution) && events->empty()) {
      if (!session.output.is_json())
        session.output.fields(*execution, {"execution_id", "status", "duration", "result", "error"});
      return exit_code_of(*execution);
    }
    if (!wait_unless_stopped(session.stop, std::chrono::milliseconds{250})) return exit_interrupted;
  }
}

void add_watch(CLI::App& execution, CommandLine& line, const std::shared_ptr<std::string>& id) {
  auto* command = execution.add_subcommand("watch", "Print events as they come, until the execution ends");
  command->add_option("execution_id", *id)->required();
  on_chosen(*command, line, [id](Session& session) { return watch(session, *id); });
}

void add_execution_cancel(CLI::App& execution, CommandLine& line, const std::shared_ptr<std::string>& id) {
  struct ExecutionArguments {
    std::string reason;
    bool should_cascade = true;
  };
  auto* cancel = execution.add_subcommand("cancel", "Cancel an execution and those that it started");
  auto arguments = std::make_shared<ExecutionArguments>();
  cancel->add_option("execution_id", *id)->required();
  cancel->add_option("--reason", arguments->reason, "Kept with the execution");
  cancel->add_flag("!--no-cascade", arguments->should_cascade, "Leave the executions that it started alone");
  on_chosen(*cancel, line, [id, arguments](Session& session) {
    const Json request{{"reason", arguments->reason}, {"cascade", arguments->should_cascade}};
    return show_or_fail(session, session.server().post(execution_path(*id) + "/cancel", request),
                        [&](const Json& answer) { session.output.fields(answer); });
  });
}

void add_rerun(CLI::App& execution, CommandLine& line, const std::shared_ptr<std::string>& id) {
  struct ExecutionArguments {
    std::string from_step;
    std::string payload;
    std::string version;
    std::string idempotency_key;
    WaitFlags wait;
  };
  auto* rerun = execution.add_subcommand("rerun", "Run an ended execution again");
  auto arguments = std::make_shared<ExecutionArguments>();
  rerun->add_option("execution_id", *id)->required();
  rerun->add_option("--from", arguments->from_step, "The step to begin at; what came before it keeps its results");
  rerun->add_option("--payload", arguments->payload, "JSON whose keys replace the earlier workload's");
  rerun->add_option("--version", arguments->version, "Another version of the playbook: its number, or latest");
  rerun->add_option("--idempotency-key", arguments->idempotency_key, "The same key starts one rerun only")
      ->type_name("KEY");
  add_wait_flags(*rerun, arguments->wait);
  on_chosen(*rerun, line, [id, arguments](Session& session) {
    if (const auto limit = limit_of(arguments->wait); !limit) return session.output.error(limit.error());
    Json request = Json::object();
    if (!arguments->from_step.empty()) request["from_step"] = arguments->from_step;
    if (!arguments->payload.empty()) {
      auto payload = read_payload(arguments->payload, "--payload");
      if (!payload) return session.output.error(payload.error());
      request["payload"] = *std::move(payload);
    }
    if (!arguments->version.empty()) {
      const auto number = base::parse_id(arguments->version);
      request["version"] = number ? Json(*number) : Json(arguments->version);
    }
    Call call{.method = "POST", .path = execution_path(*id) + "/rerun", .body = std::move(request), .headers = {}};
    if (!arguments->idempotency_key.empty()) call.headers["Idempotency-Key"] = arguments->idempotency_key;
    const auto answer = session.server().call(call);
    if (!answer) return session.output.error(answer.error());
    return show_started(session, *answer, arguments->wait);
  });
}

// pause, resume
void add_execution_pause(CLI::App& execution, CommandLine& line, const std::shared_ptr<std::string>& id,
                         const char* name, const char* description) {
  auto* command = execution.add_subcommand(name, description);
  auto should_cascade = std::make_shared<bool>(true);
  command->add_option("execution_id", *id)->required();
  command->add_flag("!--no-cascade", *should_cascade, "Leave the executions that it started alone");
  on_chosen(*command, line, [id, should_cascade, action = std::string(name)](Session& session) {
    const Json request{{"cascade", *should_cascade}};
    return show_or_fail(session, session.server().post(execution_path(*id) + "/" + action, request),
                        [&](const Json& answer) { session.output.fields(answer); });
  });
}

}  // namespace

void add_execution_command(CLI::App& app, CommandLine& line) {
  auto* execution =
      app.add_subcommand("execution", "Executions: list, get, events, watch, cancel, pause, resume, rerun");
  execution->require_subcommand(1);
  auto id = std::make_shared<std::string>();
  add_execution_list(*execution, line);
  add_execution_get(*execution, line, id);
  add_events(*execution, line, id);
  add_watch(*execution, line, id);
  add_execution_cancel(*execution, line, id);
  add_execution_pause(*execution, line, id, "pause", "What runs ends, nothing else begins until it is resumed");
  add_execution_pause(*execution, line, id, "resume", "Go on with a paused execution");
  add_rerun(*execution, line, id);
}

}  // namespace noetl::cli
