#include "shared/language/loading/playbook_loader.hpp"

#include <utility>

#include "shared/language/loading/amounts.hpp"
#include "shared/language/loading/field.hpp"
#include "shared/language/loading/outline.hpp"
#include "shared/language/loading/steps.hpp"
#include "shared/language/loading/tools.hpp"
#include "shared/language/yaml/yaml.hpp"

namespace noetl::language {

namespace {

using domain::Playbook;

constexpr std::size_t path_bytes_max = 500;

void read_identity(const Field& root, Playbook& playbook, Findings& findings) {
  const Field version = root["apiVersion"];
  playbook.api_version = read_text(version, findings);
  if (!version.is_given()) {
    findings.warning("apiVersion", root.mark(), "expected `apiVersion: noetl.io/v2`, found nothing");
  } else if (version.is_scalar() && !vocabulary::contains(vocabulary::api_versions, playbook.api_version)) {
    findings.error(version.path, version.mark(),
                   "expected noetl.io/v2 (or v1, v10), found '" + clipped(playbook.api_version, 60) + "'",
                   did_you_mean(playbook.api_version, vocabulary::api_versions));
  }
  const Field kind = root["kind"];
  if (!kind.is_given()) {
    findings.warning("kind", root.mark(), "expected `kind: Playbook`, found nothing");
  } else if (read_text(kind, findings) != "Playbook") {
    findings.error(kind.path, kind.mark(), "expected Playbook, found " + kind.described(),
                   did_you_mean(kind.is_scalar() ? kind.node->text : "", {"Playbook"}));
  }
}

// Values above the workflow: templates may name them, but {{ }} in them need not be templates (a
// description may quote one).
Json read_leniently(const Field& field, Findings& findings) {
  if (!field.is_given()) return Json::object();
  if (!field.is_mapping()) {
    findings.error(field.path, field.mark(), "expected a mapping of names to values, found " + field.described());
    return Json::object();
  }
  check_templates(field, Strictness::warning, findings);
  return field.node->to_json();
}

void read_path(const Field& root, Playbook& playbook, Findings& findings) {
  const Field metadata = root["metadata"];
  playbook.metadata = read_leniently(metadata, findings);
  const auto first_of = [&](const Field& preferred, const Field& other) {
    return preferred.is_given() ? preferred : other;
  };
  const Field name = first_of(metadata["name"], root["name"]);
  playbook.name = read_text(name, findings);
  playbook.description = read_text(first_of(metadata["description"], root["description"]), findings);
  const Field path = first_of(first_of(metadata["path"], root["path"]), name);
  playbook.path = read_text(path, findings);
  if (!path.is_given() || playbook.path.empty()) {
    findings.error("metadata.path", metadata.is_given() ? metadata.mark() : root.mark(),
                   "a playbook needs `metadata.path`, `path` or `metadata.name`; found none of them");
  } else if (playbook.path.size() > path_bytes_max) {
    findings.error(path.path, path.mark(),
                   "a path has at most " + std::to_string(path_bytes_max) + " bytes; this one has " +
                       std::to_string(playbook.path.size()));
  }
  if (playbook.name.empty()) playbook.name = playbook.path;
}

// The workload is what templates name; nothing renders it itself.
void warn_of_templates(const Field& field, Findings& findings) {
  if (field.node->kind == Node::Kind::scalar) {
    if (field.node->value.is_string() && has_template_marks(field.node->text))
      findings.warning(
          field.path, field.mark(),
          "values of the workload are not rendered: steps that name this one get the text with its braces");
    return;
  }
  for (std::size_t index = 0; index < field.node->items.size(); ++index) warn_of_templates(field.at(index), findings);
  for (const auto& member : field.node->members) warn_of_templates(field.of(member), findings);
}

void read_surroundings(const Field& root, Playbook& playbook, Findings& findings) {
  playbook.workload = read_leniently(root["workload"], findings);
  if (root["workload"].is_mapping()) warn_of_templates(root["workload"], findings);
  playbook.executor = read_leniently(root["executor"], findings);
  check_execution_timeout(root["executor"]["spec"]["timeout"], findings);
  const Field keychain = root["keychain"];
  if (keychain.is_given()) {
    if (!keychain.is_sequence() && !keychain.is_mapping())
      findings.error(keychain.path, keychain.mark(),
                     "expected a list of {name, kind, …}, found " + keychain.described());
    check_templates(keychain, Strictness::warning, findings);
    check_keychain_amounts(keychain, findings);
    playbook.keychain = keychain.node->to_json();
  }
  for (const auto& member : root.node->members) {
    static constexpr auto modelled = std::to_array<std::string_view>(
        {"apiVersion", "kind", "metadata", "workload", "workbook", "workflow", "executor", "keychain"});
    const bool is_scalar = member.node.kind == Node::Kind::scalar;
    if (!is_scalar && !vocabulary::contains(modelled, member.key)) playbook.extra[member.key] = member.node.to_json();
  }
  check_keys(root, vocabulary::playbook_keys, findings);
}

void read_workbook(const Field& field, const Outline& outline, Playbook& playbook, Findings& findings) {
  if (!field.is_given()) return;
  if (!field.is_sequence()) {
    findings.error(field.path, field.mark(), "expected a list of {name, tool}, found " + field.described());
    return;
  }
  for (std::size_t index = 0; index < field.node->items.size(); ++index) {
    const Field entry = field.at(index);
    if (!entry.is_mapping() || !entry.has("name")) {
      findings.error(entry.path, entry.mark(),
                     "expected a workbook entry {name, tool}, found " +
                         (entry.is_mapping() ? std::string("a mapping without `name`") : entry.described()));
      continue;
    }
    domain::WorkbookEntry made;
    made.name = read_text(entry["name"], findings);
    auto tools = read_tools(entry, vocabulary::workbook_keys, outline, findings).tools;
    if (tools.size() != 1) {
      findings.error(entry.path, entry.mark(),
                     "a workbook entry needs one `tool` with its kind; found " +
                         (tools.empty() ? std::string("none") : std::to_string(tools.size())));
      continue;
    }
    made.tool = std::move(tools.front());
    made.tool.input.update(read_object(entry["args"], findings));
    made.tool.input.update(read_object(entry["input"], findings));
    if (!entry["tool"].is_scalar()) check_keys(entry, vocabulary::workbook_keys, findings);
    made.sink = read_value(entry["sink"], findings);
    playbook.workbook.push_back(std::move(made));
  }
}

void read_workflow(const Field& field, Outline& outline, Playbook& playbook, Findings& findings) {
  if (!field.is_sequence() || field.node->items.empty()) {
    findings.error("workflow", field.is_given() ? field.mark() : SourceMark{.line = 1, .column = 1},
                   "a playbook needs `workflow`, a list of at least one step; found " +
                       (field.is_sequence() ? std::string("an empty list") : field.described()));
    return;
  }
  Dialect dialect;
  for (std::size_t index = 0; index < field.node->items.size(); ++index) {
    playbook.workflow.push_back(read_step(field.at(index), outline, dialect, findings));
    playbook.step_index[playbook.workflow.back().name] = index;
  }
  if (dialect.has_v2era && dialect.has_v10)
    playbook.generation = "mixed";
  else if (dialect.has_v10)
    playbook.generation = "v10";
  else
    playbook.generation = dialect.has_v2era || dialect.has_args ? "v2era" : "v10";
}

void find_entry(const Field& root, Outline& outline, Playbook& playbook, Findings& findings) {
  if (playbook.workflow.empty()) return;
  const Field spec = root["executor"]["spec"];
  for (const char* key : {"entry_step", "final_step"}) {
    const Field named = spec[key];
    if (!named.is_given()) continue;
    const std::string name = read_text(named, findings);
    outline.expect_step(named, name, findings);
    if (std::string_view(key) == "entry_step") playbook.entry = name;
  }
  if (playbook.entry.empty()) {
    playbook.entry = outline.has_step("start") ? "start" : playbook.workflow.front().name;
    if (playbook.entry != "start")
      findings.warning("workflow", playbook.workflow.front().mark,
                       "there is no step 'start'; the first step '" + clipped(playbook.entry, 80) + "' starts");
  }
  for (std::size_t index = 0; index < playbook.workflow.size(); ++index) {
    const auto& step = playbook.workflow[index];
    if (step.name != playbook.entry && !outline.is_reached(step.name))
      findings.warning("workflow[" + std::to_string(index) + "]", step.mark,
                       "nothing leads to the step '" + clipped(step.name, 80) + "': it never runs");
  }
}

}  // namespace

base::Result<LoadedPlaybook> load_playbook(std::string_view text, Origin origin) {
  auto document = load_yaml(text);
  if (!document) return base::failure(std::move(document.error()));

  Findings findings(origin);
  LoadedPlaybook loaded{.playbook = read_playbook(*document, findings), .warnings = {}};
  if (findings.has_errors()) return base::failure(findings.as_error());
  loaded.warnings = findings.take_warnings();
  return loaded;
}

domain::Playbook read_playbook(const YamlDocument& document, Findings& findings) {
  domain::Playbook playbook;
  for (const auto& warning : document.warnings) findings.warning(warning);
  const Field root{&document.root, ""};
  if (!root.is_mapping()) {
    findings.error("", root.mark(),
                   "expected a playbook {apiVersion, kind, metadata, workflow}, found " + root.described());
    return playbook;
  }
  read_identity(root, playbook, findings);
  read_path(root, playbook, findings);
  read_surroundings(root, playbook, findings);
  Outline outline(root["workflow"], root["workbook"], findings);
  read_workbook(root["workbook"], outline, playbook, findings);
  read_workflow(root["workflow"], outline, playbook, findings);
  find_entry(root, outline, playbook, findings);
  return playbook;
}

}  // namespace noetl::language
