#include "worker/tools/containers/container_rules.hpp"

#include <algorithm>
#include <filesystem>

namespace noetl::tools {

namespace {

using base::ErrorCode;
using base::failure;
namespace fs = std::filesystem;

bool has(const std::vector<std::string>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool is_below(const fs::path& path, const fs::path& folder) {
  const auto [at, other] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return at == folder.end() || (at->empty() && std::next(at) == folder.end());
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text.empty() ? "none" : text;
}

}  // namespace

bool matches_pattern(const std::string& pattern, const std::string& text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string::npos;
  std::size_t after = 0;  // where the text goes on after what the last star took
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      after = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string::npos) {
      p = star + 1;
      t = ++after;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

base::Result<void> check_image(const ContainerRules& rules, const std::string& image) {
  const bool is_allowed =
      rules.images.empty() || std::any_of(rules.images.begin(), rules.images.end(),
                                          [&](const std::string& pattern) { return matches_pattern(pattern, image); });
  if (is_allowed) return {};
  return failure(
      ErrorCode::invalid_input,
      "image '" + image + "' is none that this worker runs; its setting container-images has: " + joined(rules.images),
      "image");
}

base::Result<std::string> checked_mount(const ContainerRules& rules, const std::string& mount) {
  const auto refused = [&](const std::string& why) {
    return failure(ErrorCode::invalid_input,
                   "mount '" + mount + "' " + why + "; its setting container-mounts has: " + joined(rules.mounts),
                   "mounts");
  };
  const std::size_t colon = mount.find(':');
  const std::size_t second = mount.find(':', colon + 1);
  const std::string target = mount.substr(colon + 1, second == std::string::npos ? second : second - colon - 1);
  const std::string options = second == std::string::npos ? std::string() : mount.substr(second + 1);
  if (!options.empty() && options != "ro" && options != "rw") return refused("has other options than ro or rw");
  if (!target.starts_with('/')) return refused("has no absolute path in the container");
  std::error_code error;
  // Without its links: a folder that is allowed may have one that leads out.
  const fs::path source = fs::canonical(mount.substr(0, colon), error);
  if (error || !mount.starts_with('/')) return refused("is of a folder that this worker's machine does not have");
  if (fs::is_socket(source)) return refused("is a socket, which would give the step what listens there");
  for (const std::string& rule : rules.mounts) {
    const bool is_read_only = rule.ends_with(":ro");
    const fs::path folder = fs::weakly_canonical(is_read_only ? rule.substr(0, rule.size() - 3) : rule, error);
    if (error || !is_below(source, folder)) continue;
    if (is_read_only && options == "rw") continue;
    return source.string() + ":" + target + (is_read_only || options == "ro" ? ":ro" : "");
  }
  return refused("is of no folder that this worker lets steps mount");
}

base::Result<std::string> checked_network(const ContainerRules& rules, const std::string& network) {
  const std::string wanted = !network.empty() ? network : rules.networks.empty() ? "none" : rules.networks.front();
  if (wanted == "none" || has(rules.networks, wanted)) return wanted;
  return failure(ErrorCode::invalid_input,
                 "network '" + wanted +
                     "' is none that this worker gives a container; its setting "
                     "container-networks has: " +
                     joined(rules.networks),
                 "network");
}

base::Result<void> check_user(const ContainerRules& rules, const std::string& user) {
  const std::string name = user.substr(0, user.find(':'));
  const bool is_number = !name.empty() && name.find_first_not_of("0123456789") == std::string::npos;
  const bool is_root =
      name.empty() || name == "root" || (is_number && name.find_first_not_of('0') == std::string::npos);
  // A group of 0 opens what belongs to root's group.
  const std::string group = user.find(':') == std::string::npos ? std::string() : user.substr(user.find(':') + 1);
  const bool is_root_group = !group.empty() && (group == "root" || group.find_first_not_of('0') == std::string::npos);
  if ((!is_root && !is_root_group) || has(rules.users, user) || (is_root && !is_root_group && has(rules.users, "0")))
    return {};
  return failure(ErrorCode::invalid_input,
                 "user '" + user + "' is none that this worker runs a container as; its setting container-users has: " +
                     joined(rules.users),
                 "user");
}

}  // namespace noetl::tools
