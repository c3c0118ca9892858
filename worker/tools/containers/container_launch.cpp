#include "worker/tools/containers/container_launch.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <random>

#include "worker/tools/auth.hpp"
#include "worker/tools/containers/container_tool.hpp"
#include "worker/tools/options.hpp"
#include "worker/tools/programs/process_run.hpp"
#include "worker/tools/results.hpp"

namespace noetl::tools {

namespace {

using base::ErrorCode;
using base::failure;

// docker reads an env file by lines of at most 64 KiB.
constexpr std::size_t variable_bytes_max = 60UL * 1024;
constexpr int processes_max = 4096;  // against fork bombs, far above what honest images need

bool is_on_path(const std::string& program) {
  if (program.find('/') != std::string::npos) return access(program.c_str(), X_OK) == 0;
  const char* const path = std::getenv("PATH");
  const std::string folders = path == nullptr ? "/usr/bin:/bin" : path;
  for (std::size_t at = 0; at <= folders.size();) {
    const std::size_t colon = std::min(folders.find(':', at), folders.size());
    if (access((folders.substr(at, colon - at) + "/" + program).c_str(), X_OK) == 0) return true;
    at = colon + 1;
  }
  return false;
}

base::Result<void> add_flag(std::vector<std::string>& argv, const ToolCall& call,
                            std::initializer_list<std::string_view> names, const std::string& flag,
                            std::string fallback = {}) {
  auto text = text_option(call, names, std::move(fallback));
  if (!text) return tl::unexpected(text.error());
  if (text->empty()) return {};
  auto checked = exec_string(*text, "option '" + std::string(*names.begin()) + "'");
  if (!checked) return tl::unexpected(checked.error());
  argv.push_back(flag + "=" + *checked);
  return {};
}

base::Result<void> add_mounts(std::vector<std::string>& argv, const ToolCall& call, const ContainerRules& rules) {
  const Json* mounts = find_option(call, {"mounts", "volumes"});
  if (mounts == nullptr) return {};
  if (!mounts->is_array()) return failure(ErrorCode::invalid_input, "option 'mounts' must be a list", "mounts");
  for (const Json& mount : *mounts) {
    std::string text = mount.is_string() ? mount.get<std::string>() : std::string();
    if (mount.is_object()) {
      text = auth_field(mount, {"source", "src", "host"}) + ":" + auth_field(mount, {"target", "dst", "container"});
      if (mount.value("readonly", Json(false)) == true) text += ":ro";
    }
    if (text.find(':') == std::string::npos || text.starts_with(':')) {
      return failure(ErrorCode::invalid_input,
                     "option 'mounts' has an entry that is neither source:target nor {source, target}", "mounts");
    }
    if (auto whole = exec_string(text, "an entry of option 'mounts'"); !whole) return tl::unexpected(whole.error());
    const auto checked = checked_mount(rules, text);
    if (!checked) return tl::unexpected(checked.error());
    argv.push_back("--volume=" + *checked);
  }
  return {};
}

// The container's variables go by a file that only we can open: the arguments everybody can read, and in the client's
// environment some names mean something to the client.
base::Result<void> add_environment(ContainerLaunch& launch, const ToolCall& call, const ToolLimits& limits) {
  launch.environment = process::environment_lines(child_variables_of(limits, container_client_variables));
  const auto add = [&](const std::string& name, const std::string& value) -> base::Result<void> {
    if (name.empty() || name.find_first_of(std::string_view("=\n\r\0 \t#", 7)) != std::string::npos)
      return failure(ErrorCode::invalid_input, "option 'env' has a name that no variable can have", "env");
    if (value.find_first_of("\n\r") != std::string::npos)
      return failure(
          ErrorCode::invalid_input,
          "variable '" + name + "' of option 'env' has a line break, which a container's variables cannot have", "env");
    if (value.size() > variable_bytes_max)
      return failure(
          ErrorCode::invalid_input,
          "variable '" + name + "' of option 'env' has more than " + std::to_string(variable_bytes_max) + " bytes",
          "env");
    launch.variables += name + "=" + value + "\n";
    return {};
  };
  const std::string input = to_text(input_of(call));
  // Above the bound it is left out rather than failing an image that may not look at it.
  if (input.size() <= variable_bytes_max) {
    if (auto added = add("NOETL_INPUT", input); !added) return added;
  }
  if (!call.traceparent.empty()) {
    if (auto added = add("TRACEPARENT", call.traceparent); !added) return added;
  }
  const Json* own = find_option(call, {"env"});
  if (own == nullptr) return {};
  if (!own->is_object()) return failure(ErrorCode::invalid_input, "option 'env' must be a map", "env");
  for (const auto& [name, value] : own->items()) {
    if (value.is_null()) continue;
    auto text = exec_string(value, "variable '" + name + "' of option 'env'");
    if (!text) return tl::unexpected(text.error());
    if (auto added = add(name, *text); !added) return added;
  }
  return {};
}

base::Result<void> add_command(std::vector<std::string>& argv, const ToolCall& call) {
  if (const Json* command = find_option(call, {"command"})) {
    if (command->is_array()) {
      auto arguments = argument_list(*command, "option 'command'");
      if (!arguments) return tl::unexpected(arguments.error());
      argv.insert(argv.end(), std::make_move_iterator(arguments->begin()), std::make_move_iterator(arguments->end()));
    } else {
      auto text = shell_text(*command, "option 'command'");
      if (!text) return tl::unexpected(text.error());
      for (const char* word : {"/bin/sh", "-c"}) argv.emplace_back(word);
      argv.push_back(*std::move(text));
    }
  }
  const Json* more = find_option(call, {"args"});
  if (more == nullptr || !more->is_array()) return {};  // a map of args is the input
  for (const Json& item : *more) {
    auto text = exec_string(item, "an item of option 'args'");
    if (!text) return tl::unexpected(text.error());
    argv.push_back(*std::move(text));
  }
  return {};
}

}  // namespace

base::Result<std::string> container_program_of(const std::string& setting) {
  const std::vector<std::string> candidates =
      setting.empty() ? std::vector<std::string>{"docker", "podman"} : std::vector<std::string>{setting};
  for (const std::string& candidate : candidates) {
    if (is_on_path(candidate)) return candidate;
  }
  return failure(ErrorCode::unsupported,
                 "tool container needs docker or podman, and this worker's machine has neither on its PATH; "
                 "install one, or run "
                 "these steps in a pool of workers that have it");
}

base::Result<ContainerLaunch> container_launch_of(const ToolCall& call, const std::string& program,
                                                  const ContainerSettings& settings) {
  const auto image = text_option(call, {"image"});
  if (!image) return tl::unexpected(image.error());
  if (image->empty() || image->starts_with('-'))
    return failure(ErrorCode::invalid_input, "tool container needs the option 'image'", "image");
  if (auto checked = check_image(settings.rules, *image); !checked) return tl::unexpected(checked.error());
  const auto network = text_option(call, {"network"});
  if (!network) return tl::unexpected(network.error());
  const auto checked_one = checked_network(settings.rules, *network);
  if (!checked_one) return tl::unexpected(checked_one.error());
  const auto user = text_option(call, {"user"});
  if (!user) return tl::unexpected(user.error());
  if (!user->empty()) {
    if (auto checked = check_user(settings.rules, *user); !checked) return tl::unexpected(checked.error());
  }
  std::random_device random;
  ContainerLaunch launch;
  launch.name = "noetl-" + std::to_string(getpid()) + "-" + std::to_string(random()) + std::to_string(random());
  launch.argv = {program,
                 "run",
                 "--rm",
                 "--name=" + launch.name,
                 "--cap-drop=ALL",
                 "--security-opt=no-new-privileges",
                 "--pids-limit=" + std::to_string(processes_max),
                 "--network=" + *checked_one,
                 "--env-file=/dev/stdin"};
  const struct {
    std::initializer_list<std::string_view> names;
    const char* flag;
    std::string fallback;
  } flags[] = {{{"entrypoint"}, "--entrypoint", ""},
               {{"workdir", "cwd"}, "--workdir", ""},
               {{"user"}, "--user", ""},
               {{"memory"}, "--memory", std::to_string(settings.limits.memory_bytes_max)},
               {{"cpus"}, "--cpus", ""},
               {{"pull"}, "--pull", ""}};
  for (const auto& flag : flags) {
    if (auto added = add_flag(launch.argv, call, flag.names, flag.flag, flag.fallback); !added)
      return tl::unexpected(added.error());
  }
  if (auto added = add_mounts(launch.argv, call, settings.rules); !added) return tl::unexpected(added.error());
  if (auto added = add_environment(launch, call, settings.limits); !added) return tl::unexpected(added.error());
  launch.argv.push_back(*image);
  if (auto added = add_command(launch.argv, call); !added) return tl::unexpected(added.error());
  return launch;
}

}  // namespace noetl::tools
