#pragma once
// ContainerLaunch: the arguments and the environment with which docker or podman runs an image for a call. Values; any thread.
#include <string>
#include <vector>

#include "shared/base/result.hpp"
#include "worker/tools/tool.hpp"

namespace noetl::tools {

struct ContainerSettings;

struct ContainerLaunch {
  std::vector<std::string> argv;
  std::vector<std::string> environment;  // of the client
  std::string variables;  // of the container, NAME=value lines for the client's stdin; may have secrets
  std::string name;  // of the container, made up
};

// `setting` empty: docker or podman, whichever is on PATH. unsupported: neither is.
[[nodiscard]] base::Result<std::string> container_program_of(const std::string& setting);

[[nodiscard]] base::Result<ContainerLaunch> container_launch_of(const ToolCall& call,
                                                                const std::string& program,
                                                                const ContainerSettings& settings);

}  // namespace noetl::tools
