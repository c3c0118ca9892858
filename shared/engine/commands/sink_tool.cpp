#include "shared/engine/commands/sink_tool.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "shared/domain/deferred_template.hpp"
#include "shared/engine/context/program_texts.hpp"
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

// The fault of a rendered tool's `timeout`; empty when it has none.
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

// The names that a sink's templates see beside all else: the result, and as `data` what of it is meant, with the sink's own
// arguments, which a statement names so too.
base::Result<Json> names_of_sink(Context& context, const Json& tool) {
  const Json* result = context.result();
  const Json whole = result == nullptr ? Json() : *result;
  Json names = Json::object();
  names["this"] = whole;
  names["data"] = whole.is_object() && whole.contains("data") ? whole["data"] : whole;
  const auto& args = first_of(tool, {"args"});
  if (!args.is_object()) return names;
  auto given = context.render(args);
  if (!given) return given;
  if (!names["data"].is_object()) names["data"] = Json::object();
  names["data"].update(*given);
  return names;
}

Json tool_of(const Json& written, std::string& kind) {
  const Json options = written.is_object() ? written : Json::object();
  Json tool = options.contains("tool") && options["tool"].is_object() ? options["tool"] : options;
  kind = text_of(tool, {"kind", "type"});
  if (kind.empty())
    kind = written.is_string() ? written.get<std::string>() : text_of(options, {"tool", "backend", "kind"});
  return tool;
}

// What stands beside `tool: {…}` belongs to it as well; what says which tool it is does not.
void settle_options(Json& tool, const Json& written) {
  if (written.is_object()) {
    for (const auto& [name, value] : written.items()) {
      if (name != "tool" && name != "backend" && !tool.contains(name)) tool[name] = value;
    }
  }
  for (const auto* name : {"tool", "backend", "kind", "type"}) tool.erase(name);
}

Json data_of_event(const Json& rendered, Json data, const Json& names) {
  if (data.is_null()) data = first_of(rendered, {"payload"});
  if (data.is_null() && !rendered.empty()) data = rendered;
  if (data.is_null()) data = names["data"];
  std::vector<std::string> unused;
  domain::settle_deferred_templates(data, Json::json_pointer(), unused);  // it shows templates as they are written
  return data;
}

Sink sink_of(const std::string& kind, Json rendered, Json data) {
  Json input = first_of(rendered, {"args"});
  if (!input.is_object()) input = Json::object();
  if (kind == "python") input.emplace("data", data);
  if ((kind == "postgres" || kind == "duckdb") && rendered.contains("table") && !has_statement(rendered)) {
    rendered["rows"] = std::move(data);
    input = Json::object();
  } else if (rendered.contains("statement") && !rendered.contains("command")) {
    rendered["command"] = rendered["statement"];
    rendered.erase("statement");
  }
  for (const auto* name : {"args", "from"}) rendered.erase(name);
  if (kind != "http") rendered.erase("data");
  rendered["kind"] = kind;
  return settled({.tool = std::move(rendered), .input = std::move(input), .templates = {}});
}

}  // namespace

SinkTool make_sink_tool(Context& context, const domain::Playbook& playbook, const Json& written) {
  SinkTool made;
  const auto refuse = [&](const char* kind, const std::string& message) {
    made.refusal = {.kind = kind, .message = message};
    return made;
  };
  Json tool = tool_of(written, made.kind);
  if (made.kind.empty() && says_where(tool)) {
    return refuse("invalid_playbook",
                  "the sink names no tool, though it says where to write: add `tool: postgres`, http, …");
  }
  if (made.kind.empty()) made.kind = "event";
  settle_options(tool, written);
  if (made.kind == "workbook") lay_over_entry(playbook, tool, made.kind);
  auto names = names_of_sink(context, tool);
  if (!names) return refuse("template", names.error().message);
  // `from: response.rows` is an expression, with or without braces.
  if (const auto from = tool.find("from"); from != tool.end() && from->is_string() && !has_template(*from))
    *from = "{{ " + from->get<std::string>() + " }}";
  context.set_input(&*names);
  auto rendered = render_for_tool(context, tool);
  context.set_input(nullptr);
  if (!rendered) return refuse("template", rendered.error().message);
  if (const auto wrong = unreadable_timeout(*rendered); !wrong.empty()) return refuse("invalid_input", wrong);
  Json data = first_of(*rendered, {"data", "from", "args"});
  if (made.kind == "event" || made.kind == "event_log") {
    made.data = data_of_event(*rendered, std::move(data), *names);
  } else {
    if (data.is_null()) data = (*names)["data"];
    made.sink = sink_of(made.kind, std::move(*rendered), std::move(data));
  }
  return made;
}

}  // namespace noetl::engine
