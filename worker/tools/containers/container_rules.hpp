#pragma once
// ContainerRules: what the operator of a worker lets steps ask of docker or podman, which can do anything to the machine. Values
// and pure functions; any thread.
#include <string>
#include <vector>

#include "shared/base/result.hpp"

namespace noetl::tools {

struct ContainerRules {
  std::vector<std::string> images;  // patterns; empty: every image
  std::vector<std::string> mounts;  // folders, with ":ro" only for reading; empty: none
  std::vector<std::string> networks{"none", "bridge"};  // the first is the default
  std::vector<std::string> users;  // beside those that are no root
};

// A `*` stands for any characters.
[[nodiscard]] bool matches_pattern(const std::string& pattern, const std::string& text);

// Each: invalid_input that names the setting.
[[nodiscard]] base::Result<void> check_image(const ContainerRules& rules, const std::string& image);
// `mount` is source:target[:options]; the answer is what is mounted: the source without links, "ro" where the rule says so.
[[nodiscard]] base::Result<std::string> checked_mount(const ContainerRules& rules, const std::string& mount);
// `network` empty: the default.
[[nodiscard]] base::Result<std::string> checked_network(const ContainerRules& rules, const std::string& network);
[[nodiscard]] base::Result<void> check_user(const ContainerRules& rules, const std::string& user);

}  // namespace noetl::tools
