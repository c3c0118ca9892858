#include "shared/service/config_keys.hpp"

#include <algorithm>
#include <optional>

namespace noetl::service {
namespace {

constexpr std::string_view levels = "trace, debug, info, warn, error, off";
constexpr std::string_view booleans = "true, false";
constexpr std::string_view known_keys =
    "server.log_level, server.<id>.log_level, worker.log_level, worker.<id>.log_level, pool.<name>.paused";
constexpr std::size_t shown_bytes_max = 100;  // of a value
constexpr std::size_t pool_name_bytes_max = 64;

bool is_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

// The part between "pool." and ".paused".
std::optional<std::string_view> between(std::string_view key, std::string_view begin, std::string_view end) {
  if (key.size() <= begin.size() + end.size() || !key.starts_with(begin) || !key.ends_with(end)) return std::nullopt;
  const auto name = key.substr(begin.size(), key.size() - begin.size() - end.size());
  return is_name(name) ? std::optional(name) : std::nullopt;
}

bool is_log_level_key(std::string_view key) {
  return key == "server.log_level" || key == "worker.log_level" || between(key, "server.", ".log_level") ||
         between(key, "worker.", ".log_level");
}

ConfigFault fault(std::string_view key, std::string_view value, std::string_view allowed) {
  return {
      .key = std::string(key), .value = std::string(value.substr(0, shown_bytes_max)), .allowed = std::string(allowed)};
}

}  // namespace

std::vector<std::string> log_level_keys(std::string_view program, std::string_view id) {
  const std::string name(program);
  return {name + ".log_level", name + "." + std::string(id) + ".log_level"};
}

LogLevelRead log_level_of(const ConfigKeys& keys, std::string_view program, std::string_view id) {
  LogLevelRead read;
  for (const auto& key : log_level_keys(program, id)) {
    const auto found = keys.find(key);
    if (found == keys.end()) continue;
    const auto level = telemetry::parse_log_level(found->second);
    if (!level) {
      read.faults.push_back(fault(key, found->second, levels));
      continue;
    }
    read.level = level;
    read.key = key;
  }
  return read;
}

PoolPausesRead pool_pauses_of(const ConfigKeys& keys) {
  PoolPausesRead read;
  for (const auto& [key, value] : keys) {
    if (is_log_level_key(key)) continue;
    const auto pool = between(key, "pool.", ".paused");
    if (!pool || pool->size() > pool_name_bytes_max) {
      read.faults.push_back(fault(key, value, "keys: " + std::string(known_keys)));
    } else if (value == "true") {
      read.paused.emplace(*pool);
    } else if (value != "false") {
      read.unclear.emplace(*pool);
      read.faults.push_back(fault(key, value, booleans));
    }
  }
  return read;
}

void FaultLog::tell(const std::vector<ConfigFault>& faults) {
  std::set<std::pair<std::string, std::string>> now;
  for (const auto& one : faults) {
    if (!told_.contains({one.key, one.value}))
      telemetry::log_warn("config", "a key of the configuration bucket is not applied",
                          {{"key", one.key}, {"value", one.value}, {"allowed", one.allowed}});
    now.emplace(one.key, one.value);
  }
  told_ = std::move(now);
}

}  // namespace noetl::service
