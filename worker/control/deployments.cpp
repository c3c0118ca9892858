#include "worker/control/deployments.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "shared/durations/duration.hpp"
#include "shared/language/loading/tool_program.hpp"

namespace noetl::control {
namespace {

using base::ErrorCode;

std::string listed_kinds(const tools::Registry& registry) {
  std::string text;
  for (const auto& kind : registry.kinds()) text += (text.empty() ? "" : ", ") + kind;
  return text;
}

// The tool's own `timeout`, beside its options or under `spec`; 0: none.
base::Result<std::chrono::milliseconds> timeout_of(const domain::ToolSpec& tool) {
  for (const auto* from : {&tool.options, &tool.spec}) {
    const auto found = from->find("timeout");
    if (found == from->end()) continue;
    const auto timeout = durations::duration_of(*found, durations::timeout_bounds);
    if (!timeout) return base::failure(ErrorCode::invalid_playbook, "tool.timeout: " + timeout.error().message);
    return *timeout;
  }
  return std::chrono::milliseconds(0);
}

}  // namespace

base::Result<ProgramPointer> Deployments::made(const wire::DeploymentCheckpoint& wanted) const {
  auto tool = language::load_tool(wanted.source, wire::deployment_source_bytes_max);
  if (!tool) {
    tool.error().message = "the source of '" + wanted.name + "': " + tool.error().message;
    return base::failure(std::move(tool.error()));
  }
  if (!registry_.has(tool->kind))
    return base::failure(ErrorCode::unsupported, "this worker has no tool of kind '" + tool->kind + "' for '" +
                                                     wanted.name + "': it has " + listed_kinds(registry_));
  const auto timeout = timeout_of(*tool);
  if (!timeout) return base::failure(timeout.error());
  auto program = std::make_shared<Program>();
  program->name = wanted.name;
  program->source = wanted.source;
  program->kind = tool->kind;
  program->options = std::move(tool->options);
  program->options["kind"] = tool->kind;
  program->input = std::move(tool->input);
  program->timeout = *timeout;
  program->tool = registry_.find(tool->kind);
  program->counts.with([&](Program::Counts& counts) {
    counts = {.events = wanted.events, .failures = wanted.failures, .last_event_type = wanted.last_event_type};
  });
  return program;
}

base::Result<void> Deployments::deploy(const wire::DeploymentCheckpoint& wanted) { return deploy_all({wanted}); }

base::Result<void> Deployments::deploy_all(const std::vector<wire::DeploymentCheckpoint>& wanted) {
  if (programs_max_ == 0)
    return base::failure(ErrorCode::unsupported,
                         "this worker takes no deployments: start it with the setting deployments above 0");
  std::map<std::string, ProgramPointer> ready;
  for (const auto& one : wanted) {
    auto program = made(one);
    if (!program) return base::failure(std::move(program.error()));
    ready.insert_or_assign(one.name, std::move(*program));
  }
  const bool fits = programs_.with([&](std::map<std::string, ProgramPointer>& programs) {
    const auto is_new = [&](const auto& entry) { return !programs.contains(entry.first); };
    const auto added = static_cast<std::size_t>(std::ranges::count_if(ready, is_new));
    if (programs.size() + added > programs_max_) return false;
    for (auto& [name, program] : ready) programs.insert_or_assign(name, std::move(program));
    return true;
  });
  if (fits) return {};
  return base::failure(ErrorCode::conflict, "this worker has at most " + std::to_string(programs_max_) +
                                                " deployments (setting deployments): undeploy one first");
}

base::Result<void> Deployments::undeploy(const std::string& name) {
  ProgramPointer gone;  // ends outside the lock
  programs_.with([&](std::map<std::string, ProgramPointer>& programs) {
    const auto found = programs.find(name);
    if (found == programs.end()) return;
    gone = std::move(found->second);
    programs.erase(found);
  });
  if (gone == nullptr) return base::failure(find(name).error());
  return {};
}

base::Result<ProgramPointer> Deployments::find(const std::string& name) const {
  const auto found = programs_.with([&](const std::map<std::string, ProgramPointer>& programs) {
    const auto at = programs.find(name);
    return at == programs.end() ? ProgramPointer() : at->second;
  });
  if (found != nullptr) return found;
  std::string known;
  for (const auto& one : names()) known += (known.empty() ? "" : ", ") + one;
  return base::failure(ErrorCode::not_found,
                       "no deployment '" + name + "' on this worker" +
                           (known.empty() ? ", which has none: deploy it first" : ": it has " + known),
                       "/pipeline_id");
}

std::vector<ProgramPointer> Deployments::all() const {
  return programs_.with([](const std::map<std::string, ProgramPointer>& programs) {
    std::vector<ProgramPointer> list;
    for (const auto& [name, program] : programs) list.push_back(program);
    return list;
  });
}

std::vector<std::string> Deployments::names() const {
  std::vector<std::string> list;
  for (const auto& program : all()) list.push_back(program->name);
  return list;
}

}  // namespace noetl::control
