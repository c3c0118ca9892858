#pragma once
// ContainerLaunch: the arguments and the environment with which docker or podman runs an image for a call. Values; any thread.
#include <string>
#include <vector>

#include "shared/base/result.hpp"
#include "worker/tools/tool.hpp"

namespace noetl::tools {

struct ContainerSettings;

// Where docker and podman look for their daemon, their login and their sockets. Nothing of the step's: DOCKER_HOST, PATH or
// LD_PRELOAD would be theirs then.
inline constexpr std::string_view container_client_variables = "DOCKER_*,CONTAINER_HOST,CONTAINERS_*,XDG_RUNTIME_DIR";

struct ContainerLaunch {
  std::vector<std::string> argv;
  std::vector<std::string> environment;  // of the client
  std::string variables;  // of the container, NAME=value lines for the client's stdin; may have secrets
  std::string name;  // of the container, made up
};

// `setting` empty: docker or podman, whichever is on PATH. unsupported: neither is.
[[nodiscard]] base::Result<std::string> container_program_of(const std::string& setting);

[[nodiscard]] base::Result<ContainerLaunch> container_launch_of(const ToolCall& call, const std::string& program,
                                                                const ContainerSettings& settings);

}  // namespace noetl::tools
