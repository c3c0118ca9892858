#include "shared/config/resolve.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <vector>

#include "shared/base/text/nearest_word.hpp"

namespace noetl::config {
namespace {

using base::ErrorCode;
using base::failure;

constexpr std::size_t file_bytes_max = 1024 * 1024;
constexpr std::size_t secret_bytes_max = 64 * 1024;

ResolvedValue pick(const Setting& setting, const Sources& sources) {
  if (const auto flag = sources.flags.find(std::string(setting.name)); flag != sources.flags.end()) {
    return {flag->second, Origin::flag, "--" + std::string(setting.name)};
  }
  for (const auto variable : setting.environment) {
    // An empty variable counts as not set: that is how compose files and manifests leave one out.
    if (auto value = sources.environment ? sources.environment(variable) : std::nullopt; value && !value->empty()) {
      return {std::move(*value), Origin::environment, std::string(variable)};
    }
  }
  for (const auto& [key, found] : sources.file) {
    if (setting.is_in_files && find_setting(key) == &setting) return {found.value, Origin::file, found.where};
  }
  return {std::string(setting.default_value), Origin::default_value, "default"};
}

std::optional<std::string> process_environment(std::string_view variable) {
  const char* value = std::getenv(std::string(variable).c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

base::Result<FileValues> load_file(const std::string& file_name) {
  std::ifstream file(file_name, std::ios::binary);
  if (!file) return failure(ErrorCode::not_found, "the configuration file " + file_name + " cannot be read", "config");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (text.size() > file_bytes_max) {
    return failure(ErrorCode::payload_too_large, "the configuration file " + file_name + " is larger than 1 MiB",
                   "config");
  }
  return parse_config_file(text, file_name);
}

base::Result<std::string> read_secret(const std::string& file_name) {
  std::ifstream file(file_name, std::ios::binary);
  std::string text(secret_bytes_max + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad())
    return failure(ErrorCode::not_found, "the file '" + file_name + "' cannot be read");
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > secret_bytes_max)
    return failure(ErrorCode::payload_too_large, "the file '" + file_name + "' is larger than 64 KiB");
  constexpr std::string_view blanks = " \t\r\n";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string::npos) return failure(ErrorCode::invalid_input, "the file '" + file_name + "' is empty");
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// Settings that name files: their content becomes the value of the setting that they stand for.
void take_from_files(Resolved& resolved, const Sources& sources) {
  if (!sources.read_file) return;
  for (const auto& setting : all_settings()) {
    if (setting.content_of.empty()) continue;
    auto& file = resolved.find(setting.name)->second;
    auto& secret = resolved.find(setting.content_of)->second;
    if (file.value.empty() || secret.origin != Origin::default_value) continue;
    auto content = sources.read_file(file.value);
    if (content) {
      secret = {.value = std::move(*content), .origin = file.origin, .where = file.where};
    } else {
      file.problem = std::string(setting.name) + " (from " + file.where + "): " + content.error().message;
    }
  }
}

std::string instead_of_flag(const Setting& setting) {
  const std::string name(setting.name);
  return "--" + name + " would show a secret to everybody who lists the processes of this machine: set the variable " +
         std::string(setting.environment.front()) + ", or name a file that holds it with --" + name + "-file";
}

}  // namespace

base::Result<void> check_secret_files(const Resolved& resolved, Program program) {
  for (const auto& setting : all_settings()) {
    if (setting.content_of.empty() || (setting.programs & program) == 0) continue;
    const auto found = resolved.find(setting.name);
    if (found != resolved.end() && !found->second.problem.empty())
      return failure(ErrorCode::invalid_input, found->second.problem, std::string(setting.name));
  }
  return {};
}

std::string nearest_setting(std::string_view name) {
  std::vector<std::string_view> names;
  for (const auto& setting : all_settings()) names.push_back(setting.name);
  return std::string(base::nearest_word(name, names, 2 + name.size() / 3));
}

base::Result<Resolved> resolve(const Sources& sources) {
  base::Error errors{.code = ErrorCode::invalid_input, .message = {}, .field = {}, .retry_after = {}, .details = {}};
  const auto found_error = [&](const std::string& setting, const std::string& message, const std::string& suggestion) {
    errors.message += (errors.message.empty() ? "" : "; ") + message;
    errors.details.push_back({.field = setting, .message = message, .line = 0, .column = 0, .suggestion = suggestion});
    if (errors.field.empty()) errors.field = setting;
  };
  const auto check_known = [&](const std::string& key, const std::string& where) {
    if (find_setting(key) != nullptr) return;
    const std::string near = nearest_setting(key);
    const std::string hint = near.empty() ? "" : "did you mean '" + near + "'?";
    found_error(key, where + ": unknown setting '" + key + "'" + (hint.empty() ? "" : ", " + hint), hint);
  };
  for (const auto& [key, value] : sources.file) {
    check_known(key, value.where);
    if (const auto* setting = find_setting(key); setting != nullptr && !setting->is_in_files)
      found_error(key, value.where + ": '" + key + "' may not be set in a file, only by its flag or variable", {});
  }
  for (const auto& [name, value] : sources.flags) {
    check_known(name, "--" + name);
    if (const auto* setting = find_setting(name); setting != nullptr && shows_secret(*setting, value))
      found_error(name, instead_of_flag(*setting), {});
  }

  Resolved resolved;
  for (const auto& setting : all_settings()) {
    ResolvedValue value = pick(setting, sources);
    if (const auto checked = check_value(setting, value.value); !checked) {
      const bool is_hidden = setting.is_secret || setting.kind == SettingKind::http_url;
      const std::string shown = setting.is_secret ? "a secret value"
                                : is_hidden       ? "one with a user"
                                                  : "'" + value.value + "'";
      found_error(
          std::string(setting.name),
          std::string(setting.name) + " (from " + value.where + "): " + checked.error().message + ", found " + shown,
          {});
    }
    resolved.emplace(setting.name, std::move(value));
  }
  if (!errors.details.empty()) return failure(std::move(errors));
  take_from_files(resolved, sources);
  return resolved;
}

base::Result<Resolved> resolve_for_process(const std::map<std::string, std::string>& flags,
                                           const std::string& config_file_flag) {
  Sources sources{.flags = flags, .environment = process_environment, .file = {}, .read_file = read_secret};
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
