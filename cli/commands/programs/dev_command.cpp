#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>

#include "cli/command_line.hpp"
#include "cli/commands/commands.hpp"
#include "cli/dev/dev_stack.hpp"
#include "cli/dev/running_stack.hpp"
#include "cli/session.hpp"
#include "shared/wire/error_codes.hpp"

namespace noetl::cli {
namespace {

struct DevArguments {
  std::string folder = ".noetl/dev";
  int port = 8082;
  const CLI::Option* folder_option = nullptr;
  const CLI::Option* port_option = nullptr;
  int workers = 2;
  bool should_stop = false;
  bool should_show = false;
};

int run_stack(Session& session, dev::DevFolder& data, const DevArguments& arguments) {
  if (auto locked = data.lock(); !locked) return session.output.error(locked.error());
  // What the file says of the last stack is true no more, but for its ports, which are taken again if free.
  auto state = data.read_state();
  state["is_ready"] = false;
  state["pid"] = getpid();
  data.write_state(state);
  // The stack's processes get this environment; where it has a worker-token alone, that opens every route.
  auto client = session.settings;
  if (client.token.empty()) client.token = session.resolved.at("worker-token").value;
  dev::DevStack stack(data,
                      {.port = arguments.port,
                       .is_port_asked_for = arguments.port_option->count() > 0,
                       .workers = arguments.workers,
                       .client = std::move(client)},
                      session.output, session.stop);
  auto done = stack.start();
  std::optional<dev::StackNote> note;
  if (done) {
    note.emplace(data.path());
    session.output.note("ready; Ctrl-C stops everything, the data stays in " + data.path());
    done = stack.watch();
  }
  if (done || done.error().code == base::ErrorCode::cancelled) session.output.note("stopping");
  stack.stop();
  if (done) return 0;
  return done.error().code == base::ErrorCode::cancelled ? exit_interrupted : session.output.error(done.error());
}

// And where those of this user do.
std::string none_in(const std::string& folder) {
  std::string text = "no stack runs in " + folder;
  for (const auto& stack : dev::running_stacks()) text += "; one of yours runs in " + stack.folder + " (--data)";
  return text;
}

int show_stack(const Session& session, dev::DevFolder& data) {
  if (!data.is_held()) {
    return session.output.error(base::failure(base::ErrorCode::not_found, none_in(data.path())).value());
  }
  const auto state = data.read_state();
  session.output.fields(state);
  return state.value("is_ready", false) ? 0 : exit_wait_over;
}

int stop_stack(const Session& session, dev::DevFolder& data) {
  if (!data.is_held()) {
    session.output.line({{"status", "stopped"}}, none_in(data.path()));
    return 0;
  }
  // The lock is held, so the pid in dev.json is that of a living holder (or the holder is just starting).
  const int pid = data.read_state().value("pid", 0);
  if (pid <= 0 || kill(pid, SIGTERM) != 0) {
    return session.output.error(
        base::failure(base::ErrorCode::conflict, "the stack in " + data.path() + " is just starting; try again")
            .value());
  }
  data.wait_until_free();
  session.output.line({{"status", "stopped"}}, "stopped; the data stays in " + data.path());
  return 0;
}

}  // namespace

void add_dev_command(CLI::App& app, CommandLine& line) {
  auto* command =
      app.add_subcommand("dev", "The whole stack on this machine: Postgres, NATS, server and workers of its own");
  auto arguments = std::make_shared<DevArguments>();
  arguments->folder_option = command->add_option("--data", arguments->folder, "Folder of data and logs")
                                 ->capture_default_str()
                                 ->type_name("DIR");
  arguments->port_option = command
                               ->add_option("--port", arguments->port,
                                            "Port of the server; when it is taken and was not asked for, a free one")
                               ->capture_default_str()
                               ->check(CLI::Range(1, 65535));
  command->add_option("--workers", arguments->workers, "Worker processes")
      ->capture_default_str()
      ->check(CLI::Range(0, 64));
  command->add_flag("--status", arguments->should_show,
                    "Show the stack that runs in the folder, or the one that other commands find");
  command->add_flag("--stop", arguments->should_stop, "Stop the stack that runs in the folder");
  on_chosen(*command, line, [arguments](Session& session) {
    // Who asks and names no folder means the stack that every other command finds. Stopping needs the folder.
    if (arguments->should_show && arguments->folder_option->count() == 0) {
      if (const auto found = dev::find_stack(); found && *found) arguments->folder = (*found)->folder;
    }
    // Asking about a folder does not make one.
    const bool is_question = arguments->should_show || arguments->should_stop;
    if (is_question && !std::filesystem::exists(arguments->folder + "/dev.lock")) {
      session.output.note(none_in(arguments->folder));
      return arguments->should_stop ? 0 : wire::mapping_of(base::ErrorCode::not_found).cli_exit_code;
    }
    std::optional<dev::DevFolder> data;
    try {
      data.emplace(arguments->folder);
    } catch (const std::system_error& error) {
      return session.output.error(base::failure(base::ErrorCode::invalid_input,
                                                "the data folder " + arguments->folder +
                                                    " cannot be used: " + error.code().message() +
                                                    "; name one that you may write with --data",
                                                "data")
                                      .value());
    }
    if (arguments->should_show) return show_stack(session, *data);
    if (arguments->should_stop) return stop_stack(session, *data);
    return run_stack(session, *data, *arguments);
  });
}

}  // namespace noetl::cli
