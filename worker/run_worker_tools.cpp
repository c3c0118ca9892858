#include "worker/run_worker_tools.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <stdexcept>

#include "shared/reach/reach.hpp"
#include "worker/tools/builtin/absent_tools.hpp"
#include "worker/tools/builtin/artifact_tool.hpp"
#include "worker/tools/builtin/disabled_tool.hpp"
#include "worker/tools/builtin/instant_tools.hpp"
#include "worker/tools/builtin/secrets_tool.hpp"
#include "worker/tools/containers/container_tool.hpp"
#include "worker/tools/duckdb/duckdb_tool.hpp"
#include "worker/tools/http/http_tool.hpp"
#include "worker/tools/nats/nats_tool.hpp"
#include "worker/tools/objects/object_tool.hpp"
#include "worker/tools/postgres/postgres_tool.hpp"
#include "worker/tools/programs/exec_tool.hpp"
#include "worker/tools/programs/shell_tool.hpp"
#include "worker/tools/python/python_tool.hpp"
#include "worker/tools/script_source.hpp"
#include "worker/tools/transfer/transfer_tool.hpp"

namespace noetl::worker {
namespace {

// "name=path,name=path". An empty text is an empty map.
std::map<std::string, std::string> named_paths(const std::string& text, std::string_view setting) {
  std::map<std::string, std::string> paths;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    const std::string entry = text.substr(at, comma - at);
    const std::size_t equals = entry.find('=');
    if (equals == 0 || equals == std::string::npos || equals + 1 == entry.size()) {
      throw std::invalid_argument("setting " + std::string(setting) +
                                  " must be name=path, several with commas; found '" + entry + "'");
    }
    paths[entry.substr(0, equals)] = entry.substr(equals + 1);
    at = comma + 1;
  }
  return paths;
}

// "a,b": the words. An empty text is no word.
std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    if (comma > at) words.push_back(text.substr(at, comma - at));
    at = comma + 1;
  }
  return words;
}

// What the setting `tools` names.
class ChosenKinds {
 public:
  explicit ChosenKinds(const std::string& text) : known_{"all", "exec"} {
    for (auto& word : words_of(text)) names_.insert(std::move(word));
  }

  // `group`: another name that stands for the kind.
  bool has(const std::string& kind, const std::string& group = {}) {
    known_.insert(kind);
    return names_.contains("all") || names_.contains(kind) || (!group.empty() && names_.contains(group));
  }
  [[nodiscard]] bool knows(const std::string& kind) const { return known_.contains(kind); }
  // Once every kind was asked for. Throws when the setting names one that there is not.
  void check() const {
    for (const std::string& name : names_) {
      if (known_.contains(name)) continue;
      std::string all;
      for (const std::string& one : known_) all += (all.empty() ? "" : ", ") + one;
      throw std::invalid_argument("setting tools names '" + name +
                                  "', which is no kind that this worker knows: " + all);
    }
  }

 private:
  std::set<std::string> names_;
  std::set<std::string> known_;
};

std::unique_ptr<tools::Tool> python_tool(const config::WorkerSettings& settings, const tools::ScriptSource& scripts) {
  const int processes = settings.python_processes_max > 0 ? settings.python_processes_max : settings.slots;
  tools::PythonSettings python;
  python.interpreter = settings.python;
  python.limits = limits_of(settings);
  python.is_reused = settings.reuses_python;
  python.preload = settings.python_preload;
  python.pool_size = static_cast<std::size_t>(processes);
  python.warm_size = static_cast<std::size_t>(std::min(settings.python_processes, processes));
  auto versions = named_paths(settings.python_versions, "python-versions");
  for (auto& [name, path] : versions) {
    if (std::filesystem::is_directory(path)) path += "/bin/python3";  // a virtual environment
  }
  return std::make_unique<tools::PythonTool>(std::move(python), scripts, versions);
}

// Servers of a NATS URL without the users and passwords in it.
std::string without_logins(std::string url) {
  for (std::size_t at = url.find('@'); at != std::string::npos; at = url.find('@')) {
    const std::size_t slashes = url.rfind("//", at);
    const std::size_t begin = slashes == std::string::npos ? 0 : slashes + 2;
    url.erase(begin, at - begin + 1);
  }
  return url;
}

// Steps do not get the worker's own login: with it they could take notifications and answer them.
tools::NatsToolSettings nats_settings(const config::WorkerSettings& settings, const tools::ToolLimits& limits) {
  return {.limits = limits,
          .default_url = settings.tool_nats_url,
          .server_url = settings.nats.url == "none" ? "" : without_logins(settings.nats.url),
          .tls_ca_file = settings.nats.ca_file};
}

tools::ContainerRules container_rules(const config::WorkerSettings& settings) {
  return {.images = words_of(settings.container_images),
          .mounts = words_of(settings.container_mounts),
          .networks = words_of(settings.container_networks),
          .users = words_of(settings.container_users)};
}

// Its own server and NATS are no place for a step: there it would be taken for the worker.
std::shared_ptr<const reach::Reach> reach_for(const config::WorkerSettings& settings) {
  auto own = reach::endpoints_of(settings.server_url, settings.server_url.starts_with("https") ? 443 : 80);
  for (auto& nats : reach::endpoints_of(settings.nats.url, 4222)) own.push_back(std::move(nats));
  return std::make_shared<const reach::Reach>(
      reach::EgressSettings{
          .allow = settings.egress_allow, .deny = settings.egress_deny, .own = std::move(own), .never = {}},
      settings.files_root);
}

}  // namespace

tools::ToolLimits limits_of(const config::WorkerSettings& settings) {
  return {.output_bytes_max = settings.tool_output_max,
          .result_bytes_max = settings.tool_result_max,
          .memory_bytes_max = settings.tool_memory_max,
          .timeout_default = settings.tool_timeout,
          .file_bytes_max = settings.tool_file_max,
          .cpu_time_max = std::chrono::ceil<std::chrono::seconds>(settings.tool_cpu_max),
          .processes_max = static_cast<std::size_t>(settings.tool_processes_max),
          .child_variables = settings.tool_environment,
          .reach = nullptr};
}

void add_tools(tools::Registry& registry, const config::WorkerSettings& settings) {
  auto limits = limits_of(settings);
  limits.reach = reach_for(settings);
  ChosenKinds chosen(settings.tools);
  const auto add = [&](std::unique_ptr<tools::Tool> tool) {
    std::string kind(tool->kind());
    if (chosen.has(kind)) return registry.add(std::move(tool));
    registry.add_absent(std::make_unique<tools::DisabledTool>(std::move(kind), std::move(tool)));
  };
  auto http = std::make_unique<tools::HttpTool>(tools::HttpSettings{.limits = limits});
  const tools::ScriptSource scripts(settings.scripts_root, http.get());  // the registry keeps both
  if (chosen.has("python")) {
    registry.add(python_tool(settings, scripts));
  } else {  // its interpreters would be started for nobody
    registry.add_absent(std::make_unique<tools::DisabledTool>("python", nullptr));
  }
  add(std::make_unique<tools::ShellTool>(tools::ShellSettings{.limits = limits}));
  auto postgres = std::make_unique<tools::PostgresTool>(
      tools::PostgresSettings{.limits = limits, .default_url = settings.tool_postgres_url, .pool = {}}, scripts);
  auto duckdb = std::make_unique<tools::DuckdbTool>(
      tools::DuckdbSettings{.limits = limits, .library_file = settings.duckdb_library, .threads = 2}, scripts);
  add(std::make_unique<tools::TransferTool>(
      tools::transfer::Peers{.http = *http, .postgres = *postgres, .duckdb = *duckdb}));
  add(std::move(postgres));
  add(std::move(duckdb));
  add(std::make_unique<tools::NatsTool>(nats_settings(settings, limits)));
  add(std::make_unique<tools::ArtifactTool>(limits));
  for (const char* store : {"gcs", "s3"}) add(std::make_unique<tools::ObjectTool>(store, limits));
  add(std::make_unique<tools::SecretsTool>(settings.tool_secrets));
  add(std::make_unique<tools::ContainerTool>(
      tools::ContainerSettings{.limits = limits, .program = {}, .rules = container_rules(settings)}));
  add(std::make_unique<tools::NoopTool>());
  add(std::make_unique<tools::EventLogTool>());
  add(std::move(http));
  for (const auto& absent : tools::absent_kinds()) {
    if (registry.find(absent.kind) == nullptr) registry.add_absent(std::make_unique<tools::AbsentTool>(absent));
  }
  // A tool of one's own in C++ is one more line above; a program is an entry of the setting tool-exec.
  for (const auto& [kind, path] : named_paths(settings.tool_exec, "tool-exec")) {
    if (chosen.knows(kind)) {
      throw std::invalid_argument("setting tool-exec names '" + kind + "', which is a tool of the worker already");
    }
    if (chosen.has(kind, "exec")) {
      registry.add(std::make_unique<tools::ExecTool>(kind, path, limits));
    } else {
      registry.add_absent(std::make_unique<tools::DisabledTool>(kind, nullptr));
    }
  }
  chosen.check();
}

}  // namespace noetl::worker
