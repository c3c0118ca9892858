#include "shared/language/loading/steps.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include "shared/language/loading/amounts.hpp"
#include "shared/language/loading/option_names.hpp"
#include "shared/language/loading/routing.hpp"
#include "shared/language/loading/tools.hpp"

namespace noetl::language {

namespace {

using domain::Loop;
using domain::Step;

bool is_identifier(const std::string& text) {
  if (text.empty() || std::isdigit(static_cast<unsigned char>(text[0])) != 0) return false;
  return std::ranges::all_of(text, [](char c) { return c == '_' || std::isalnum(static_cast<unsigned char>(c)) != 0; });
}

// What a frame of a cursor may say. Leases are the worker's, whatever a frame asks for.
void check_effects_of_frame(const Field& frame, Findings& findings) {
  if (!frame.is_given()) return;
  check_keys(frame, vocabulary::frame_keys, findings);
  const std::string process = read_word(frame["process"], vocabulary::frame_processes, findings);
  for (const char* key : {"lease_seconds", "heartbeat_seconds"}) {
    if (frame.has(key))
      findings.warning(
          frame[key].path, frame[key].mark(),
          std::string("`") + key + "` has no effect: a command is leased to its worker, which renews the lease");
  }
  if (frame.has("max_bytes") && (process.empty() || process == "row"))
    findings.warning(frame["max_bytes"].path, frame["max_bytes"].mark(),
                     "`max_bytes` has an effect with `process: frame` alone; row by row it is "
                     "`__frame_max_bytes` to the claim");
  if (frame.has("row_concurrency") && process == "frame")
    findings.warning(frame["row_concurrency"].path, frame["row_concurrency"].mark(),
                     "`row_concurrency` has no effect with `process: frame`: the rows of a frame are one item");
}

Loop read_loop(const Field& field, Findings& findings) {
  Loop loop;
  loop.mark = field.mark();
  if (!field.is_mapping()) {
    findings.error(field.path, field.mark(), "expected {in, iterator, mode}, found " + field.described());
    return loop;
  }
  check_keys(field, vocabulary::loop_keys, findings);
  check_keys(field["spec"], vocabulary::loop_spec_keys, findings);
  const Field frame = field["spec"].has("frame") ? field["spec"]["frame"] : field["frame"];
  check_effects_of_frame(frame, findings);
  loop.spec = read_object(field["spec"], findings);
  for (const char* key : {"cursor", "frame", "max_in_flight"})
    if (field.has(key) && !loop.spec.contains(key)) loop.spec[key] = read_value(field[key], findings);

  const Field list = field.has("in") ? field["in"] : field["collection"];
  const bool has_cursor = loop.spec.contains("cursor");
  if (list.is_given()) {
    loop.in = read_value(list, findings);
  } else if (!has_cursor) {
    findings.error(field.path, field.mark(), "a loop needs `in`, a list or a template that gives one; found none");
  }
  const Field iterator = field.has("iterator") ? field["iterator"] : field["element"];
  loop.iterator = iterator.is_given() ? read_text(iterator, findings) : "item";
  if (iterator.is_scalar() && !is_identifier(loop.iterator))
    findings.error(iterator.path, iterator.mark(),
                   "expected a name of letters, digits and _, found '" + clipped(loop.iterator, 60) + "'");
  loop.mode =
      read_word(field["spec"].has("mode") ? field["spec"]["mode"] : field["mode"], vocabulary::loop_modes, findings);
  if (loop.mode.empty()) loop.mode = has_cursor ? "cursor" : "sequential";
  if (frame.is_given() && loop.mode != "cursor")
    findings.warning(frame.path, frame.mark(), "`frame` has an effect in a loop over a cursor alone");

  const Field most = field["spec"].has("max_in_flight") ? field["spec"]["max_in_flight"] : field["max_in_flight"];
  check_count(most, {}, findings);
  for (const Field& one : {field["frame"], field["spec"]["frame"]}) check_frame(one, findings);
  return loop;
}

// `command` beside a tool, or instead of one, would silently do nothing: the commonest slip of indentation.
void refuse_stray_options(const Field& field, Findings& findings) {
  const bool has_tool = field.has("tool");
  for (const auto& member : field.node->members) {
    if (!vocabulary::contains(vocabulary::tool_only_options, member.key)) continue;
    findings.error(field.of(member).path, member.mark,
                   "tool is required: `" + member.key + "` is an option of a tool" +
                       (has_tool ? " and stands beside `tool`" : ", and this step has no `tool`"),
                   has_tool ? "move it into `tool`, two spaces further in"
                            : "did you mean `tool: {kind: …, " + member.key + ": …}`?");
  }
}

// What authors write beside a step for other readers: their editor, their team, a tool of their own. It is read over.
bool is_remark(std::string_view key) {
  constexpr auto remarks =
      std::to_array<std::string_view>({"name", "title", "id", "note", "notes", "comment", "comments", "doc", "docs",
                                       "metadata", "meta", "annotations", "author", "owner", "team", "version"});
  return vocabulary::contains(remarks, key);
}

// A step that loses its tool or what follows it runs all the same, and does something else.
void check_step_keys(const Field& field, Findings& findings) {
  for (const auto& member : field.node->members) {
    // x-… and acme.io/team are the author's own, as in OpenAPI and Kubernetes.
    if (vocabulary::contains(vocabulary::step_keys, member.key) || member.key.starts_with("x-") ||
        member.key.find('/') != std::string::npos || name_without_unit(member.key) == "timeout" ||
        vocabulary::contains(vocabulary::tool_only_options, member.key))
      continue;
    const std::string unknown = "the key '" + clipped(member.key, 60) + "' is not known in a step";
    if (is_remark(member.key)) {
      if (!findings.is_full_of_warnings())
        findings.warning(field.of(member).path, member.mark, unknown + " and has no effect",
                         "`desc` is what a step is described by");
      continue;
    }
    auto suggestion = did_you_mean(member.key, vocabulary::step_keys);
    if (suggestion.empty()) suggestion = "a key of your own begins with x-";
    findings.refused(field.of(member).path, member.mark, unknown + "; known are " + listed(vocabulary::step_keys),
                     std::move(suggestion));
  }
}

void read_tool_part(const Field& field, Step& step, const Outline& outline, Findings& findings) {
  const Field tool = field["tool"];
  auto reading = read_tools(field, vocabulary::step_keys, outline, findings);
  step.tools = std::move(reading.tools);
  step.is_pipeline = reading.is_pipeline;
  // A plain word as tool takes its options from the step's other keys.
  if (tool.is_scalar()) return;
  refuse_stray_options(field, findings);
  check_step_keys(field, findings);
}

void read_next_part(const Field& field, Step& step, Outline& outline, Findings& findings) {
  auto next = read_next(field["next"], outline, findings);
  step.next = std::move(next.arcs);
  step.has_next_arcs = next.has_arcs;
  step.next_mode = next.mode;
  const Field mode = field["spec"]["next_mode"];
  if (mode.is_given())
    step.next_mode = read_word(mode, vocabulary::next_modes, findings) == "exclusive" ? domain::NextMode::exclusive
                                                                                      : domain::NextMode::inclusive;
}

void note_dialect(const Field& field, const Step& step, Dialect& dialect) {
  if (!step.cases.empty() || (!step.next.empty() && !step.has_next_arcs) || !step.vars.empty())
    dialect.has_v2era = true;
  if (step.has_next_arcs || step.is_pipeline || !step.set.empty() || !step.output.empty()) dialect.has_v10 = true;
  for (const auto& tool : step.tools)
    if (tool.spec.contains("policy")) dialect.has_v10 = true;
  if (field.has("args") || field["tool"].has("args")) dialect.has_args = true;
}

// `timeout`, or with its unit in its name, of the step itself: below what its spec says.
void read_timeout(const Field& field, Json& spec, Findings& findings) {
  for (const auto& member : field.node->members) {
    if (member.key != "timeout" && name_without_unit(member.key) != "timeout") continue;
    check_limit(field.of(member), member.key, findings);
    Json timeout{{member.key, read_value(field.of(member), findings)}};
    take_units_from_names(timeout, field.path, member.mark, findings);
    spec.emplace("timeout", timeout["timeout"]);
  }
}

}  // namespace

Step read_step(const Field& field, Outline& outline, Dialect& dialect, Findings& findings) {
  Step step;
  step.mark = field.mark();
  if (!field.is_mapping()) {
    findings.error(field.path, field.mark(),
                   "expected a step {step: name, tool: …, next: …}, found " + field.described());
    return step;
  }
  step.name = read_text(field["step"], findings);
  if (!field.has("step")) {
    const bool has_name = field.has("name");
    findings.error(field.path, field.mark(), "a step needs `step`, its name; found a mapping without it",
                   has_name ? "did you mean 'step' instead of 'name'?" : "");
  }
  step.desc = read_text(field.has("desc") ? field["desc"] : field["description"], findings);
  step.args = read_object(field["args"], findings);
  step.args.update(read_object(field["input"], findings));
  step.set = read_set(field["set"], findings);
  step.set.update(read_set(field["set_ctx"], findings));
  step.vars = read_object(field["vars"], findings);
  step.when = read_condition(field["when"], findings);
  check_keys(field["spec"], vocabulary::step_spec_keys, findings);
  step.spec = read_object(field["spec"], findings);
  if (field["spec"].is_mapping()) {
    for (const auto& member : field["spec"].node->members) check_limit(field["spec"].of(member), member.key, findings);
    check_policy_amounts(field["spec"]["policy"], findings);
  }
  take_units_from_names(step.spec, field["spec"].path, field["spec"].mark(), findings);
  take_units_from_retries(step.spec, field["spec"].path, field["spec"].mark(), findings);
  read_timeout(field, step.spec, findings);
  check_keys(field["output"], vocabulary::output_keys, findings);
  step.output = read_object(field["output"], findings);
  if (field.has("loop")) step.loop = read_loop(field["loop"], findings);
  read_tool_part(field, step, outline, findings);
  step.cases = read_cases(field["case"], outline, findings);
  read_next_part(field, step, outline, findings);
  if (step.loop && step.tools.empty())
    findings.warning(field["loop"].path, step.loop->mark, "this loop has no tool to run, so its rounds do nothing");
  note_dialect(field, step, dialect);
  return step;
}

}  // namespace noetl::language
