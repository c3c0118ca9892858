#include "shared/config/resolve.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <numeric>

namespace noetl::config {
namespace {

using base::ErrorCode;
using base::failure;

constexpr std::size_t file_bytes_max = 1024 * 1024;

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({replaced, row[j] + 1, row[j - 1] + 1}));
    }
  }
  return row.back();
}

ResolvedValue pick(const Setting& setting, const Sources& sources) {
  if (const auto flag = sources.flags.find(std::string(setting.name)); flag != sources.flags.end()) {
    return {flag->second, Origin::flag, "--" + std::string(setting.name)};
  }
  for (const auto variable : setting.environment) {
    // An empty variable counts as not set: that is how compose files and manifests leave one out.
    if (auto value = sources.environment ? sources.environment(variable) : std::nullopt;
        value && !value->empty()) {
      return {std::move(*value), Origin::environment, std::string(variable)};
    }
  }
  for (const auto& [key, found] : sources.file) {
    if (find_setting(key) == &setting) return {found.value, Origin::file, found.where};
  }
  return {std::string(setting.default_value), Origin::default_value, "default"};
}

std::optional<std::string> process_environment(std::string_view variable) {
  const char* value = std::getenv(std::string(variable).c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

base::Result<FileValues> load_file(const std::string& file_name) {
  std::ifstream file(file_name, std::ios::binary);
  if (!file)
    return failure(ErrorCode::not_found, "the configuration file " + file_name + " cannot be read", "config");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (text.size() > file_bytes_max) {
    return failure(ErrorCode::payload_too_large,
                   "the configuration file " + file_name + " is larger than 1 MiB", "config");
  }
  return parse_config_file(text, file_name);
}

}  // namespace

std::string nearest_setting(std::string_view name) {
  std::string best;
  std::size_t best_distance = 2 + name.size() / 3;
  for (const auto& setting : all_settings()) {
    const std::size_t far = distance(name, setting.name);
    if (far < best_distance) {
      best_distance = far;
      best = setting.name;
    }
  }
  return best;
}

base::Result<Resolved> resolve(const Sources& sources) {
  base::Error errors{
      .code = ErrorCode::invalid_input, .message = {}, .field = {}, .retry_after = {}, .details = {}};
  const auto found_error = [&](const std::string& setting, const std::string& message,
                               const std::string& suggestion) {
    errors.message += (errors.message.empty() ? "" : "; ") + message;
    errors.details.push_back(
        {.field = setting, .message = message, .line = 0, .column = 0, .suggestion = suggestion});
    if (errors.field.empty()) errors.field = setting;
  };
  const auto check_known = [&](const std::string& key, const std::string& where) {
    if (find_setting(key) != nullptr) return;
    const std::string near = nearest_setting(key);
    const std::string hint = near.empty() ? "" : "did you mean '" + near + "'?";
    found_error(key, where + ": unknown setting '" + key + "'" + (hint.empty() ? "" : ", " + hint), hint);
  };
  for (const auto& [key, value] : sources.file) check_known(key, value.where);
  for (const auto& [name, value] : sources.flags) check_known(name, "--" + name);

  Resolved resolved;
  for (const auto& setting : all_settings()) {
    ResolvedValue value = pick(setting, sources);
    if (const auto checked = check_value(setting, value.value); !checked) {
      const std::string shown = setting.is_secret ? "a secret value" : "'" + value.value + "'";
      found_error(std::string(setting.name),
                  std::string(setting.name) + " (from " + value.where + "): " + checked.error().message +
                      ", found " + shown,
                  {});
    }
    resolved.emplace(setting.name, std::move(value));
  }
  if (!errors.details.empty()) return failure(std::move(errors));
  return resolved;
}

base::Result<Resolved> resolve_for_process(const std::map<std::string, std::string>& flags,
                                           const std::string& config_file_flag) {
  Sources sources{.flags = flags, .environment = process_environment, .file = {}};
  const std::string file_name =
      config_file_flag.empty() ? process_environment("NOETL_CONFIG").value_or("") : config_file_flag;
  if (!file_name.empty()) {
    auto file = load_file(file_name);
    if (!file) return failure(std::move(file.error()));
    sources.file = std::move(*file);
  }
  return resolve(sources);
}

}  // namespace noetl::config
