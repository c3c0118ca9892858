// Commands and sub-playbooks: a tool of a step, rendered.
#include <algorithm>
#include <cstdlib>
#include <memory>

#include "shared/domain/deferred_template.hpp"
#include "shared/engine/context/empty_templates.hpp"
#include "shared/engine/context/program_texts.hpp"
#include "shared/engine/context/text_reads.hpp"
#include "shared/engine/decisions/evaluator.hpp"
#include "shared/engine/state/durations.hpp"
#include "shared/engine/state/fields.hpp"
#include "shared/engine/state/large_results.hpp"

namespace noetl::engine {
namespace {

void lay_over(Json& below, const Json& above) {
  if (above.is_object() && !above.empty()) below.update(above);
}

const domain::WorkbookEntry* find_entry(const domain::Playbook& playbook, const std::string& name) {
  const auto found = std::find_if(playbook.workbook.begin(), playbook.workbook.end(),
                                  [&](const auto& entry) { return entry.name == name; });
  return found == playbook.workbook.end() ? nullptr : &*found;
}

// A tool as it is to be run: a workbook reference replaced by the entry that it names.
struct Resolved {
  const std::string* kind;
  const Json* options;  // of the playbook, or `merged`
  const Json* input;  // templates, of the playbook, or `merged_input`
  std::unique_ptr<const Json> merged = {};
  std::unique_ptr<const Json> merged_input = {};
};

// Of templates of an input, what is nearer to the step lies over what is farther: the last of them over all others.
void merge_inputs(Resolved& resolved, std::initializer_list<const Json*> inputs) {
  static const Json none = Json::object();
  resolved.input = &none;
  for (const Json* input : inputs) {
    if (!input->is_object() || input->empty()) continue;
    if (resolved.input->empty()) {
      resolved.input = input;
      continue;
    }
    Json merged = *resolved.input;
    merged.update(*input);
    resolved.merged_input = std::make_unique<const Json>(std::move(merged));
    resolved.input = resolved.merged_input.get();
  }
}

base::Result<Resolved> resolve(const domain::Playbook& playbook, const domain::Step& step,
                               const domain::ToolSpec& tool) {
  Resolved resolved{.kind = &tool.kind, .options = &tool.options, .input = nullptr};
  if (tool.kind == "workbook") {
    const auto name = text_of(tool.options, {"name"});
    const auto* entry = find_entry(playbook, name);
    if (entry == nullptr) {
      return base::failure(base::ErrorCode::invalid_playbook, "step '" + step.name + "' names the workbook entry '" +
                                                                  name + "', which the playbook does not have");
    }
    Json own = tool.options;
    own.erase("name");
    Json merged = entry->tool.options;
    lay_over(merged, own);
    resolved.kind = &entry->tool.kind;
    resolved.merged = std::make_unique<const Json>(std::move(merged));
    resolved.options = resolved.merged.get();
    merge_inputs(resolved, {&entry->tool.input, &tool.input, &step.args});
  } else {
    merge_inputs(resolved, {&tool.input, &step.args});
  }
  return resolved;
}

// The n-th command of a frame: a plain tool's first one is called as the frame.
std::string node_id_of(const domain::Step& step, const Frame& frame) {
  auto node_id = frame.node;
  if (step.is_pipeline && step.tools.size() > 1 && frame.sinks.empty()) {
    const auto& label = step.tools[frame.task].label;
    node_id += "." + (label.empty() ? std::to_string(frame.task + 1) : label);
  }
  return frame.commands == 1 ? node_id : node_id + "~" + std::to_string(frame.commands);
}

// With every command of a script, whether it looks at them or not.
constexpr std::size_t script_names_bytes_max = 64 * 1024;

// Pagination: what the next request asks for lies over what the step says, one level deeper for maps.
void lay_overrides(Json& tool, Json& input, const Json& overrides) {
  for (const auto& [name, value] : overrides.items()) {
    if (name == "args" || name == "input") {
      lay_over(input, value);
      continue;
    }
    auto& option = tool[name];
    if (option.is_object() && value.is_object())
      option.update(value);
    else
      option = value;
  }
}

constexpr durations::CountBounds priority_bounds{.least = -100, .most = 100};

}  // namespace

std::optional<int> Evaluator::read_count(const domain::Step& step, const Json& written, const char* name) {
  const auto value = render(step, written);
  if (!value) return std::nullopt;
  const bool is_priority = std::string_view(name) == "priority";
  const auto count = durations::count_of(*value, is_priority ? priority_bounds : durations::CountBounds{});
  if (count) return *count;
  refuse_amount(step, std::string("`") + name + "`", count.error());
  return std::nullopt;
}

// `own` are the tool's rendered options when its `timeout` is among them; else that of a spec holds. False: the step fails.
bool Evaluator::settle_limits(const domain::Step& step, const domain::ToolSpec& tool, const Json* own,
                              NewCommand& command) {
  const Json& of_spec = first_member("timeout", {&tool.spec, &step.spec});
  if (own != nullptr || !of_spec.is_null()) {
    const auto value = own == nullptr ? render(step, of_spec) : std::optional(first_of(*own, {"timeout"}));
    if (!value) return false;
    const auto timeout = durations::duration_of(*value, durations::timeout_bounds);
    if (!timeout) {
      refuse_amount(step, "`timeout`", timeout.error());
      return false;
    }
    command.timeout = *timeout;
  }
  const Json& priority = first_member("priority", {&step.spec});
  if (priority.is_null()) return true;
  const auto read = read_count(step, priority, "priority");
  command.priority = read.value_or(0);
  return read.has_value();
}

// A template that fails never reaches a tool: it is the end of the task, with an error that names it.
bool Evaluator::cannot_render(const domain::Step& step, const std::string& what, const base::Error& error) {
  domain::ToolError failure;
  failure.kind = "template";
  failure.message = "step '" + step.name + "'";
  if (!what.empty()) failure.message += ", " + what;
  if (!error.field.empty()) failure.message += (what.empty() ? ", " : ".") + error.field.substr(1);
  failure.message += ": " + error.message;
  if (!render_error_) render_error_ = error;
  render_error_->message = failure.message;
  end_ = {.result = {}, .error = std::move(failure)};
  return false;
}

// True: a command or a child is issued, or the execution has failed. False: `end_` says why the task cannot be run.
bool Evaluator::issue(const domain::Step& step, Frame& frame, std::chrono::milliseconds delay) {
  const auto& tool = step.tools[frame.task];
  if (++frame.commands > frame_commands_max) {
    fail(step.name, "too_many_commands",
         "'" + frame.node + "' has issued " + std::to_string(frame_commands_max) +
             " commands, which is the most that one run of a step may: look for a jump, a retry or a "
             "pagination that never ends");
    return true;
  }
  context_.set_frame(&frame);
  auto resolved = resolve(decision_input_.playbook, step, tool);
  if (!resolved) {
    fail(step.name, "invalid_playbook", resolved.error().message);
    return true;
  }
  auto input = context_.render_for_worker(*resolved->input);
  if (!input) return cannot_render(step, "input", input.error());
  if (!input->is_object()) *input = Json::object();
  if (*resolved->kind == "python") keep_maps_for_code(*resolved->options, *resolved->input, *input);
  lay_over(*input, frame.args);
  // Code and commands may name the arguments of their own step.
  context_.set_input(&*input);
  const bool has_timeout = !first_of(*resolved->options, {"timeout"}).is_null();
  auto options = render_for_tool(context_, *resolved->options);
  context_.set_input(nullptr);
  if (!options) return cannot_render(step, "", options.error());
  options->erase("retry");  // the engine's own business
  lay_overrides(*options, *input, frame.overrides);
  (*options)["kind"] = *resolved->kind;

  NewCommand command;
  command.step = step.name;
  command.node_id = node_id_of(step, frame);
  command.tool_kind = *resolved->kind;
  command.delay = delay;
  if (!settle_limits(step, tool, has_timeout ? &*options : nullptr, command)) return true;
  if (const auto* loop = frame.is_iteration() ? find_loop(frame.loop) : nullptr; loop != nullptr) {
    // No command of a cursor's frame runs longer than its `max_seconds`.
    if (loop->cursor) {
      const auto& seconds = first_of(loop->cursor->frame, {"max_seconds"});
      const auto most = durations::duration_of(seconds, durations::timeout_bounds);
      if (most && (command.timeout.count() == 0 || *most < command.timeout)) command.timeout = *most;
    }
    // What is to wait for others asks the server each time whether any do.
    command.may_run_ahead = loop->is_in_line() && command.priority >= 0;
  }
  if (auto pool = text_of(step.spec, {"pool"}); !pool.empty()) command.pool = std::move(pool);
  if (*resolved->kind == "python") command.names = names_for_code(*options, *input, frame.task > 0);
  command.tool = std::move(*options);
  command.input = std::move(*input);
  if (*resolved->kind == "playbook") {
    issue_child(step, std::move(frame), std::move(command));
    return true;
  }
  settle_templates(command);
  issue_command(step, std::move(frame), std::move(command));
  return true;
}

// A tool that fails may have been given nothing where its author expects something.
void Evaluator::note_empty_templates(const domain::Step& step, const Frame& frame, domain::ToolError& error) {
  if (step.tools.empty()) return;
  const auto resolved = resolve(decision_input_.playbook, step, step.tools[frame.task]);
  if (!resolved) return;
  context_.set_frame(&frame);
  EmptyTemplates empty(context_);
  empty.look(*resolved->input, "input");
  const auto input = context_.render_for_worker(*resolved->input);
  if (input) context_.set_input(&*input);
  empty.look(*resolved->options, "");
  context_.set_input(nullptr);
  context_.set_frame(nullptr);
  if (empty.found().empty()) return;
  Json details = error.details.empty() ? Json::object() : Json::parse(error.details);
  details["templates"] = empty.found();
  error.details = details.dump();
}

// An argument that is the name of a SQL step is the list of its rows, unless the code reads it as the map of all that the
// step gave: rows["command_0"], rows.get("columns").
void Evaluator::keep_maps_for_code(const Json& options, const Json& written, Json& rendered) {
  const auto& code = first_of(options, {"code"});
  if (!code.is_string() || !written.is_object()) return;
  for (const auto& [name, value] : written.items()) {
    const auto step = bare_name(value);
    if (step.empty() || !rendered.contains(name) || !rendered[name].is_array()) continue;
    if (!reads_as_map(code.get_ref<const std::string&>(), name)) continue;
    if (const Json* whole = context_.whole_of_rows(step)) rendered[name] = *whole;
  }
}

// What `result` and `response` are to code: of the task before in a pipeline, else of the step that completed last. In a
// loop's round too, where what has just happened may be another round's end.
const Json* Evaluator::previous_result() {
  const auto slot = decision_.state.results.find(notes().last_result_step);
  return slot == decision_.state.results.end() ? nullptr : context_.value_of(slot->second);
}

// What python code can name beside its arguments: results, variables and the workload, as far as their
// names stand in the code. `context` is the map of them. Code that the worker reads from elsewhere gets what is small.
// main(result) and main(response) get what the step before brought.
Json Evaluator::names_for_code(const Json& options, const Json& input, bool is_later_task) {
  const auto found = options.find("code");
  const auto add_previous = [&](Json& names, const std::string& name) {
    const Json* result = is_later_task ? context_.result() : previous_result();
    if (result == nullptr || input.contains(name)) return;
    // As the step's own name, it is the list of the rows of a SQL step.
    const bool is_rows = !is_later_task && found != options.end() && found->is_string() &&
                         context_.whole_of_rows(notes().last_result_step) == result &&
                         !reads_as_map(found->get_ref<const std::string&>(), name);
    names[name] = is_rows ? result->at("rows") : *result;
  };
  if (found == options.end() && options.contains("script")) {
    Json names = context_.small_names(script_names_bytes_max);
    for (const auto* name : {"result", "response"}) {
      if (const Json* result = previous_result(); result != nullptr && !is_larger(*result, script_names_bytes_max / 4))
        add_previous(names, name);
    }
    for (const auto& [name, value] : input.items()) names.erase(name);
    return names;
  }
  if (found == options.end() || !found->is_string()) return nullptr;
  const auto& code = found->get_ref<const std::string&>();
  auto wanted = names_in_code(code);
  // Names of the language that are ordinary words in code, unless main() asks for them.
  const auto asked = parameters_of_main(code);
  for (const auto* word :
       {"input", "args", "result", "response", "error", "event", "output", "step", "steps", "iter"}) {
    wanted.erase(std::remove(wanted.begin(), wanted.end(), word), wanted.end());
  }
  std::erase_if(wanted, [&](const std::string& name) { return input.contains(name); });
  const auto is_asked = [&](const char* name) {
    return !input.contains(name) && std::find(asked.begin(), asked.end(), name) != asked.end();
  };
  for (const auto* name : {"output", "event", "error", "iter", "steps"}) {
    if (is_asked(name)) wanted.emplace_back(name);
  }
  Json names = context_.names(wanted);
  for (auto& [name, value] : names.items()) {
    if (const Json* whole = context_.whole_of_rows(name); whole != nullptr && reads_as_map(code, name)) value = *whole;
  }
  for (const auto* name : {"result", "response"}) {
    if (is_asked(name)) add_previous(names, name);
  }
  if (is_asked("input")) names["input"] = input;
  return names;
}

void Evaluator::settle_templates(NewCommand& command) {
  static const Json::json_pointer tool("/tool"), input("/input");
  domain::settle_deferred_templates(command.tool, tool, command.templates);
  domain::settle_deferred_templates(command.input, input, command.templates);
}

void Evaluator::issue_command(const domain::Step& step, Frame frame, NewCommand command) {
  command.frame = to_json(frame);
  if (command.frame.is_null() && command.node_id != frame.node) {
    command.frame = Json{{"node", frame.node}, {"step", frame.step}};
  }
  if (frame.is_iteration())
    ++find_loop(frame.loop)->running;
  else
    state().outstanding[frame.node] = step.name;
  state().current_step = step.name;
  decision_.commands.push_back(std::move(command));
  context_.set_frame(nullptr);
}

void Evaluator::issue_child(const domain::Step& step, Frame frame, NewCommand command) {
  // What a playbook is called with is data, stored for all to see.
  if (domain::has_deferred_template(command.tool) || domain::has_deferred_template(command.input)) {
    return fail(step.name, "invalid_playbook",
                "step '" + step.name +
                    "' gives a value of the keychain to the playbook that it calls: name "
                    "the entry there, a called playbook has those of its caller");
  }
  NewChild child;
  child.step = step.name;
  child.node_id = command.node_id;
  child.path = text_of(command.tool, {"path", "playbook", "name"});
  if (const auto id = command.tool.find("catalog_id"); id != command.tool.end() && !id->is_null()) {
    child.catalog_id = id->is_string() ? id->get<std::string>() : id->dump();
  }
  if (const auto version = command.tool.find("version"); version != command.tool.end()) {
    const auto number = durations::count_of(*version, {});
    if (!number && !version->is_null()) return refuse_amount(step, "`version`", number.error());
    if (number) child.version = *number;
  }
  child.return_step = text_of(command.tool, {"return_step", "result_step"});
  if (const auto wait = command.tool.find("wait"); wait != command.tool.end() && wait->is_boolean()) {
    child.is_waited_for = wait->get<bool>();
  }
  child.timeout = command.timeout;
  for (const auto* name : {"workload", "payload"}) {
    if (const auto payload = command.tool.find(name); payload != command.tool.end()) lay_over(child.payload, *payload);
  }
  lay_over(child.payload, command.input);
  child.frame = to_json(frame);
  if (child.frame.is_null()) child.frame = Json{{"node", frame.node}, {"step", frame.step}};
  if (frame.is_iteration())
    ++find_loop(frame.loop)->running;
  else
    state().outstanding[frame.node] = step.name;
  state().current_step = step.name;
  append("step.enter", step.name, "started", Json{{"node_id", child.node_id}, {"playbook", child.path}});
  decision_.children.push_back(std::move(child));
  context_.set_frame(nullptr);
}

// The next sink of a frame: a command like any other.
void Evaluator::issue_sink(const domain::Step& step, Frame frame) {
  ++frame.commands;
  NewCommand command;
  const auto& sink = frame.sinks.front();
  command.step = step.name;
  command.node_id = frame.node + "!sink~" + std::to_string(frame.commands);
  command.tool_kind = sink.at("tool").at("kind").get<std::string>();
  command.tool = sink.at("tool");
  command.input = sink.at("input");
  if (const auto templates = sink.find("templates"); templates != sink.end())
    command.templates = templates->get<std::vector<std::string>>();
  // perform_sink() has refused what cannot be read.
  if (const auto& timeout = first_member("timeout", {&command.tool}); !timeout.is_null())
    command.timeout = durations::duration_of(timeout, durations::timeout_bounds).value_or(std::chrono::milliseconds{0});
  if (auto pool = text_of(step.spec, {"pool"}); !pool.empty()) command.pool = std::move(pool);
  issue_command(step, std::move(frame), std::move(command));
}

}  // namespace noetl::engine
