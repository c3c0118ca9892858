#include "cli/command_line.hpp"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdlib>
#include <ostream>

#include "cli/commands/commands.hpp"
#include "cli/dev/running_stack.hpp"
#include "cli/session.hpp"
#include "cli/text/help_text.hpp"
#include "cli/text/known_words.hpp"
#include "shared/telemetry/log.hpp"

namespace noetl::cli {
namespace {

constexpr const char* description = "NoETL: a durable work queue and playbook runner on Postgres and NATS JetStream.";

void add_global_flags(CLI::App& app, CommandLine& line) {
  app.add_option("--config", line.config_file, "File with settings")->type_name("FILE");
  app.add_option_function<std::string>(
         "-o,--output", [&line](const std::string& value) { line.flags["output"] = value; }, "table or json")
      ->type_name("FORMAT");
  for (const char* name :
       {"server-url", "request-timeout", "retries", "token", "token-file", "log-level", "log-format"}) {
    app.add_option_function<std::string>(
           std::string("--") + name, [&line, name](const std::string& value) { line.flags[name] = value; },
           std::string(config::find_setting(name)->help))
        ->type_name("VALUE");
  }
}

void add_commands(CLI::App& app, CommandLine& line) {
  add_dev_command(app, line);
  add_server_command(app, line);
  add_worker_command(app, line);
  add_playbook_command(app, line);
  add_execute_command(app, line);
  add_execution_command(app, line);
  add_queue_command(app, line);
  add_enqueue_command(app, line);
  add_dead_command(app, line);
  add_pool_command(app, line);
  add_credential_command(app, line);
  add_variable_command(app, line);
  add_keychain_command(app, line);
  add_result_command(app, line);
  add_render_command(app, line);
  add_migrate_command(app, line);
  add_doctor_command(app, line);
  add_bench_command(app, line);
  add_config_command(app, line);
  add_completion_command(app, line);
  add_other_names(app);
  arrange_help(app);
}

void init_logging(const config::LogChoice& choice) {
  telemetry::init_logging(
      {.level = telemetry::parse_log_level(choice.level).value_or(telemetry::LogLevel::info), .json = choice.json});
}

// NOETL_RUN_MODE lets one image be server or worker without arguments.
std::vector<std::string> with_run_mode(const std::vector<std::string>& arguments, const config::Resolved& resolved) {
  const std::string& mode = resolved.at("run-mode").value;
  if (!arguments.empty() || mode == "cli") return arguments;
  return {mode, "start"};
}

// A flag, a variable or a file says where the server is; else the stack that `noetlctl dev` runs; else the default does.
ServerChoice choose_server(const config::Resolved& resolved, config::ClientSettings& settings) {
  const auto& url = resolved.at("server-url");
  if (url.origin != config::Origin::default_value) return {.said_by = "from " + url.where};
  const auto stack = dev::find_stack();
  if (!stack) return {.said_by = {}, .problem = stack.error()};
  if (!*stack) return {.said_by = "the default; no `noetlctl dev` of yours runs here"};
  settings.server_url = (*stack)->server_url;
  return {.said_by = "the stack of `noetlctl dev` in " + (*stack)->folder};
}

int parse(CLI::App& app, std::vector<std::string> arguments, const Streams& streams) {
  if (const auto unknown = unknown_word(app, arguments)) {
    streams.err << *unknown << '\n';
    return exit_usage;
  }
  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
  try {
    app.parse(std::move(arguments));
    return -1;
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error, streams.out, streams.err);
    return code == 0 ? 0 : exit_usage;
  }
}

}  // namespace

void add_setting_flags(CLI::App& command, CommandLine& line, unsigned programs) {
  for (const auto& setting : config::all_settings()) {
    const std::string name(setting.name);
    // What the command or one above it has already is not declared again.
    bool is_taken = (setting.programs & programs) == 0;
    for (const CLI::App* app = &command; app != nullptr && !is_taken; app = app->get_parent()) {
      is_taken = app->get_option_no_throw("--" + name) != nullptr;
    }
    if (is_taken) continue;
    if (setting.choices == std::vector<std::string_view>{"off", "on"}) {
      command
          .add_flag_callback(
              "--" + name, [&line, name] { line.flags[name] = "on"; }, std::string(setting.help))
          ->group("Settings");
      continue;
    }
    command
        .add_option_function<std::string>(
            "--" + name, [&line, name](const std::string& value) { line.flags[name] = value; },
            std::string(setting.help) +
                (setting.default_value.empty() ? "" : " [" + std::string(setting.default_value) + "]"))
        ->type_name("VALUE")
        ->group("Settings");
  }
}

int run(const std::vector<std::string>& arguments, const Programs& programs, const Streams& streams,
        std::stop_token stop) {
  const bool color = streams.is_out_terminal && std::getenv("NO_COLOR") == nullptr;
  const Output plain(streams, false, color);
  CommandLine line;
  const auto environment = config::resolve_for_process({}, "");
  const auto words = environment ? with_run_mode(arguments, *environment) : arguments;

  CLI::App app(description, "noetlctl");
  app.fallthrough();
  app.require_subcommand(1);
  app.set_version_flag("--version", "noetlctl " + programs.version);
  add_global_flags(app, line);
  add_commands(app, line);
  if (words.empty()) {
    streams.out << app.help();
    return exit_usage;
  }
  if (const int code = parse(app, words, streams); code >= 0) return code;
  if (!line.chosen) return exit_usage;

  const auto resolved = config::resolve_for_process(line.flags, line.config_file);
  if (!resolved) return plain.error(resolved.error());
  if (const auto read = config::check_secret_files(*resolved, config::client); !read) return plain.error(read.error());
  auto settings = config::client_settings(*resolved);
  auto choice = choose_server(*resolved, settings);
  init_logging(settings.log);
  const Output output(streams, settings.json, color && !settings.json);
  Session session{programs, *resolved, settings, output, std::move(stop), std::move(choice)};
  try {
    return line.chosen(session);
  } catch (const std::exception& error) {
    return output.error(base::Error{
        .code = base::ErrorCode::internal, .message = error.what(), .field = {}, .retry_after = {}, .details = {}});
  }
}

}  // namespace noetl::cli
