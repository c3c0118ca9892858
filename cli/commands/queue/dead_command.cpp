#include <memory>

#include "cli/command_line.hpp"
#include "cli/commands/commands.hpp"
#include "cli/payload.hpp"
#include "cli/session.hpp"
#include "shared/base/text/percent.hpp"

namespace noetl::cli {
namespace {

// What list, groups, redrive and purge have in common.
struct DeadLetterFilter {
  std::string fingerprint, pool, tool_kind, error_kind, after, before;

  [[nodiscard]] std::vector<std::pair<std::string, std::string>> fields() const {
    std::vector<std::pair<std::string, std::string>> given;
    const std::pair<std::string, std::string> all[] = {
        {"fingerprint", fingerprint}, {"pool", pool},   {"tool_kind", tool_kind},
        {"error_kind", error_kind},   {"after", after}, {"before", before}};
    for (const auto& [name, value] : all) {
      if (!value.empty()) given.emplace_back(name, value);
    }
    return given;
  }
  [[nodiscard]] std::string query() const {
    std::string text;
    for (const auto& [name, value] : fields()) text += "&" + name + "=" + base::percent_encoded(value);
    return text;
  }
};

void add_filter_options(CLI::App& command, DeadLetterFilter& filter) {
  command.add_option("--fingerprint", filter.fingerprint, "Of one cause: see dead groups");
  command.add_option("--pool", filter.pool, "Of this pool");
  command.add_option("--tool", filter.tool_kind, "Of this kind of tool")->type_name("KIND");
  command.add_option("--error", filter.error_kind, "With this kind of error")->type_name("KIND");
  command.add_option("--after", filter.after, "Only commands newer than this one")->type_name("ID");
  command.add_option("--before", filter.before, "Only commands older than this one")->type_name("ID");
}

void add_dead_letter_list(CLI::App& dead, CommandLine& line) {
  struct DeadLetterArguments {
    DeadLetterFilter filter;
    std::string state;
    int limit = 20;
  };
  auto* list = dead.add_subcommand("list", "Dead commands, newest first");
  auto arguments = std::make_shared<DeadLetterArguments>();
  add_filter_options(*list, arguments->filter);
  list->add_option("--state", arguments->state, "open (the default), closed or all");
  list->add_option("--limit", arguments->limit, "At most so many")->check(CLI::Range(1, 1000));
  on_chosen(*list, line, [arguments](Session& session) {
    std::string path = "/api/v2/dead?limit=" + std::to_string(arguments->limit) + arguments->filter.query();
    if (!arguments->state.empty()) path += "&state=" + base::percent_encoded(arguments->state);
    return show_or_fail(session, session.server().get(path), [&](const Json& answer) {
      if (session.output.is_json()) return session.output.fields(answer);
      Json rows = answer.value("letters", Json::array());
      for (auto& letter : rows) letter["message"] = letter["error"].value("message", "");
      session.output.rows(rows, {{"COMMAND", "queue_id"},
                                 {"TOOL", "tool_kind"},
                                 {"ERROR", "error_kind"},
                                 {"FINGERPRINT", "fingerprint"},
                                 {"ATTEMPTS", "attempts"},
                                 {"DIED", "died_at"},
                                 {"REDRIVEN AS", "redriven_as"},
                                 {"MESSAGE", "message"}});
    });
  });
}

void add_groups(CLI::App& dead, CommandLine& line) {
  struct DeadLetterArguments {
    DeadLetterFilter filter;
    std::string state;
    int limit = 100;
  };
  auto* groups = dead.add_subcommand("groups", "Dead commands by their cause, the most frequent first");
  auto arguments = std::make_shared<DeadLetterArguments>();
  add_filter_options(*groups, arguments->filter);
  groups->add_option("--state", arguments->state, "open (the default), closed or all");
  groups->add_option("--limit", arguments->limit, "At most so many")->check(CLI::Range(1, 1000));
  on_chosen(*groups, line, [arguments](Session& session) {
    auto path = "/api/v2/dead?group=true&limit=" + std::to_string(arguments->limit) + arguments->filter.query();
    if (!arguments->state.empty()) path += "&state=" + base::percent_encoded(arguments->state);
    return show_or_fail(session, session.server().get(path), [&](const Json& answer) {
      session.output.rows(answer, {{"FINGERPRINT", "fingerprint"},
                                   {"COUNT", "count"},
                                   {"TOOL", "tool_kind"},
                                   {"ERROR", "error_kind"},
                                   {"POOLS", "pools"},
                                   {"FIRST", "first_died_at"},
                                   {"LAST", "last_died_at"},
                                   {"MESSAGE", "message"}});
    });
  });
}

void add_show(CLI::App& dead, CommandLine& line) {
  auto* show = dead.add_subcommand("show", "One dead command: context, error, attempts");
  auto queue_id = std::make_shared<std::string>();
  show->add_option("queue_id", *queue_id)->required();
  on_chosen(*show, line, [queue_id](Session& session) {
    return show_or_fail(session, session.server().get("/api/v2/dead/" + base::percent_encoded(*queue_id)),
                        [&](const Json& answer) { session.output.fields(answer); });
  });
}

struct RedriveArguments {
  DeadLetterFilter filter;
  std::vector<std::string> ids;
  bool takes_all = false, is_dry_run = false;
  std::string input, tool;
  int max_attempts = 0, limit = 1000;
  double rate = 0;
};

base::Result<Json> redrive_request(const RedriveArguments& arguments) {
  Json body = Json::object();
  const auto filter = arguments.filter.fields();
  if (!arguments.ids.empty() && (!filter.empty() || arguments.takes_all)) {
    return base::failure(base::ErrorCode::invalid_input, "give ids, or a filter, or --all: not several of them");
  }
  if (!arguments.ids.empty()) {
    body["queue_ids"] = arguments.ids;
  } else if (!filter.empty() || arguments.takes_all) {
    body["filter"] = Json::object();
    for (const auto& [name, value] : filter) body["filter"][name] = value;
    body["limit"] = arguments.limit;
  } else {
    return base::failure(base::ErrorCode::invalid_input,
                         "say what to redrive: ids, a filter such as --fingerprint, or --all");
  }
  for (const auto& [name, text] : {std::pair("input", &arguments.input), std::pair("tool", &arguments.tool)}) {
    if (text->empty()) continue;
    auto patch = read_payload(*text, std::string_view(name) == "tool" ? "--edit-tool" : "--input");
    if (!patch) return patch;
    body["edit"][name] = std::move(*patch);
  }
  if (arguments.is_dry_run) body["dry_run"] = true;
  if (arguments.max_attempts > 0) body["max_attempts"] = arguments.max_attempts;
  if (arguments.rate > 0) body["rate_per_second"] = arguments.rate;
  return body;
}

void show_redriven(const Session& session, const Json& answer) {
  if (session.output.is_json()) return session.output.fields(answer);
  session.output.rows(answer.value("commands", Json::array()),
                      {{"COMMAND", "queue_id"}, {"REDRIVEN AS", "redriven_as"}, {"DELAY MS", "delay_ms"}});
  for (const auto& refused : answer.value("refused", Json::array())) session.output.note(cell_text(refused, "message"));
  const auto count = std::to_string(answer.value("count", 0));
  session.output.note(answer.value("dry_run", false) ? count + " would be redriven" : count + " redriven");
  if (answer.value("steps_left", 0) > 0) {
    session.output.note(
        cell_text(answer, "steps_left") +
        " more are steps of executions: run these again with `noetlctl execution rerun ID --from STEP`");
  }
}

void add_dead_letter_redrive(CLI::App& dead, CommandLine& line) {
  auto* redrive = dead.add_subcommand("redrive", "Run dead commands again, as new ones with attempts of their own");
  auto arguments = std::make_shared<RedriveArguments>();
  redrive->add_option("queue_id", arguments->ids, "These; or give a filter");
  add_filter_options(*redrive, arguments->filter);
  redrive->add_flag("--all", arguments->takes_all, "All that nobody has dealt with");
  redrive->add_flag("--dry-run", arguments->is_dry_run, "Change nothing, show what would be");
  redrive->add_option("--input", arguments->input, "Merged into the input: JSON object or @file")->type_name("JSON");
  redrive->add_option("--edit-tool", arguments->tool, "Merged into the tool's options: JSON object or @file")
      ->type_name("JSON");
  redrive->add_option("--max-attempts", arguments->max_attempts, "Attempts of the new ones")->check(CLI::Range(1, 100));
  redrive->add_option("--rate", arguments->rate, "So many become due in a second")->check(CLI::PositiveNumber);
  redrive->add_option("--limit", arguments->limit, "At most so many of a filter")->check(CLI::Range(1, 10'000));
  on_chosen(*redrive, line, [arguments](Session& session) {
    auto body = redrive_request(*arguments);
    if (!body) return session.output.error(body.error());
    const auto answer = session.server().post("/api/v2/dead/redrive", std::move(*body));
    if (!answer) return session.output.error(answer.error());
    show_redriven(session, *answer);
    // Named ones that were all refused: the caller wanted something that did not happen.
    return answer->value("count", 0) == 0 && !answer->value("refused", Json::array()).empty() ? exit_conflict : 0;
  });
}

struct PurgeArguments {
  DeadLetterFilter filter;
  std::string queue_id, state;
  bool takes_all = false, is_dry_run = false;
};

// What is to be deleted, as a path.
base::Result<std::string> purge_path(const PurgeArguments& arguments) {
  const auto filter = arguments.filter.query();
  if (!arguments.queue_id.empty()) {
    if (!filter.empty() || arguments.takes_all || arguments.is_dry_run || !arguments.state.empty()) {
      return base::failure(base::ErrorCode::invalid_input,
                           "give an id alone, or a filter, --state, --all and --dry-run: not both");
    }
    return "/api/v2/dead/" + base::percent_encoded(arguments.queue_id);
  }
  std::string path = "/api/v2/dead?dry_run=" + std::string(arguments.is_dry_run ? "true" : "false") + filter;
  if (arguments.takes_all) path += "&all=true";
  if (!arguments.state.empty()) path += "&state=" + base::percent_encoded(arguments.state);
  return path;
}

void add_dead_letter_purge(CLI::App& dead, CommandLine& line) {
  auto* purge = dead.add_subcommand("purge", "Forget dead commands");
  auto arguments = std::make_shared<PurgeArguments>();
  purge->add_option("queue_id", arguments->queue_id, "This one; or give a filter");
  add_filter_options(*purge, arguments->filter);
  purge->add_option("--state", arguments->state, "open (the default), closed or all");
  purge->add_flag("--all", arguments->takes_all, "Every one");
  purge->add_flag("--dry-run", arguments->is_dry_run, "Change nothing, count");
  on_chosen(*purge, line, [arguments](Session& session) {
    const auto path = purge_path(*arguments);
    if (!path) return session.output.error(path.error());
    return show_or_fail(session, session.server().call({"DELETE", *path}),
                        [&](const Json& answer) { session.output.fields(answer); });
  });
}

}  // namespace

void add_dead_command(CLI::App& app, CommandLine& line) {
  auto* dead = app.add_subcommand("dead", "Dead letters: list, groups, show, redrive, purge");
  dead->require_subcommand(1);
  add_dead_letter_list(*dead, line);
  add_groups(*dead, line);
  add_show(*dead, line);
  add_dead_letter_redrive(*dead, line);
  add_dead_letter_purge(*dead, line);
}

}  // namespace noetl::cli
