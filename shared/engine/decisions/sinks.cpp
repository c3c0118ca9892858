// Sinks: where a step's result is written when a rule says so, before anything that follows is begun.
#include <algorithm>

#include "shared/domain/deferred_template.hpp"
#include "shared/engine/context/program_texts.hpp"
#include "shared/engine/decisions/evaluator.hpp"
#include "shared/engine/state/durations.hpp"
#include "shared/engine/state/fields.hpp"

namespace noetl::engine {
namespace {

bool has_statement(const Json& tool) {
  static constexpr const char* names[] = {"statement", "command", "commands", "query", "queries"};
  return std::any_of(std::begin(names), std::end(names), [&](const char* name) { return tool.contains(name); });
}

// What says where something is to be written: a sink that has one of these and names no tool is a mistake.
bool says_where(const Json& tool) {
  static constexpr const char* names[] = {"table", "url", "endpoint", "bucket", "subject", "code", "path"};
  return has_statement(tool) ||
         std::any_of(std::begin(names), std::end(names), [&](const char* name) { return tool.contains(name); });
}

// Templates for the worker have their form in a command from now on, and the sink notes where they stand.
Sink settled(Sink sink) {
  domain::settle_deferred_templates(sink.input, Json::json_pointer("/input"), sink.templates);
  domain::settle_deferred_templates(sink.tool, Json::json_pointer("/tool"), sink.templates);
  return sink;
}

// What is wrong with the `timeout` of a rendered tool; empty when nothing is.
std::string unreadable_timeout(const Json& tool) {
  const auto& timeout = first_of(tool, {"timeout"});
  if (timeout.is_null()) return {};
  const auto read = durations::duration_of(timeout, durations::timeout_bounds);
  return read ? std::string() : "`timeout`: " + read.error().message;
}

// A sink that names an entry of the workbook is that tool, with the sink's own options over it.
void lay_over_entry(const domain::Playbook& playbook, Json& tool, std::string& kind) {
  const auto name = text_of(tool, {"name", "task"});
  for (const auto& entry : playbook.workbook) {
    if (entry.name != name) continue;
    kind = entry.tool.kind;
    Json merged = entry.tool.options;
    tool.erase("name");
    merged.update(tool);
    if (!merged.contains("args")) merged["args"] = entry.tool.input;
    tool = std::move(merged);
    break;
  }
}

}  // namespace

// Written as {tool: postgres, auth, table, …}, or {tool: {kind: postgres, …}}, or {backend: …}. The
// values are rendered now, while `response` and `this` mean what the rule was about.
void Evaluator::perform_sink(const domain::Step& step, const Json& written, RulesOutcome& outcome) {
  Json options = written.is_object() ? written : Json::object();
  Json tool = options.contains("tool") && options["tool"].is_object() ? options["tool"] : options;
  auto kind = text_of(tool, {"kind", "type"});
  if (kind.empty())
    kind = written.is_string() ? written.get<std::string>() : text_of(options, {"tool", "backend", "kind"});
  const auto refuse = [&](const char* error_kind, const std::string& message) {
    Json payload{{"error", Json{{"kind", error_kind}, {"message", message}}}};
    if (!kind.empty()) payload["kind"] = kind;
    append("sink.failed", step.name, "failed", std::move(payload));
  };
  if (kind.empty() && says_where(tool)) {
    return refuse("invalid_playbook",
                  "the sink names no tool, though it says where to write: add `tool: postgres`, http, …");
  }
  if (kind.empty()) kind = "event";
  // What stands beside `tool: {…}` belongs to it as well.
  for (const auto& [name, value] : options.items()) {
    if (name != "tool" && name != "backend" && !tool.contains(name)) tool[name] = value;
  }
  for (const auto* name : {"tool", "backend", "kind", "type"}) tool.erase(name);
  if (kind == "workbook") lay_over_entry(decision_input_.playbook, tool, kind);
  const Json* result = context_.result();
  const Json whole = result == nullptr ? Json() : *result;
  Json names = Json::object();
  names["this"] = whole;
  names["data"] = whole.is_object() && whole.contains("data") ? whole["data"] : whole;
  // A statement names what the sink's own arguments say as `data.x` too.
  if (const auto& args = first_of(tool, {"args"}); args.is_object()) {
    auto given = context_.render(args);
    if (!given) return refuse("template", given.error().message);
    if (!names["data"].is_object()) names["data"] = Json::object();
    names["data"].update(*given);
  }
  // `from: response.rows` is an expression, with or without braces.
  if (const auto from = tool.find("from"); from != tool.end() && from->is_string() && !has_template(*from))
    *from = "{{ " + from->get<std::string>() + " }}";
  context_.set_input(&names);
  auto rendered = render_for_tool(context_, tool);
  context_.set_input(nullptr);
  if (!rendered) return refuse("template", rendered.error().message);
  Json data = first_of(*rendered, {"data", "from", "args"});
  if (const auto wrong = unreadable_timeout(*rendered); !wrong.empty()) return refuse("invalid_input", wrong);
  // The event log is the one sink that needs no worker: the event is the effect.
  if (kind == "event" || kind == "event_log") {
    if (data.is_null()) data = first_of(*rendered, {"payload"});
    if (data.is_null() && !rendered->empty()) data = *rendered;
    if (data.is_null()) data = names["data"];
    std::vector<std::string> unused;
    domain::settle_deferred_templates(data, Json::json_pointer(),
                                      unused);  // the event shows templates as they are written
    return append("sink.executed", step.name, "completed", Json{{"kind", kind}, {"data", std::move(data)}});
  }
  if (data.is_null()) data = names["data"];
  Json input = first_of(*rendered, {"args"});
  if (!input.is_object()) input = Json::object();
  if (kind == "python") input.emplace("data", data);
  if ((kind == "postgres" || kind == "duckdb") && rendered->contains("table") && !has_statement(*rendered)) {
    (*rendered)["rows"] = std::move(data);
    input = Json::object();
  } else if (rendered->contains("statement") && !rendered->contains("command")) {
    (*rendered)["command"] = (*rendered)["statement"];
    rendered->erase("statement");
  }
  for (const auto* name : {"args", "from"}) rendered->erase(name);
  if (kind != "http") rendered->erase("data");
  (*rendered)["kind"] = kind;
  outcome.sinks.push_back(settled({.tool = std::move(*rendered), .input = std::move(input), .templates = {}}));
}

}  // namespace noetl::engine
