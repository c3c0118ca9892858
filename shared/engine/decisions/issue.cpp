// Commands and sub-playbooks: a tool of a step, rendered.
#include "shared/domain/deferred_template.hpp"
#include "shared/engine/commands/code_names.hpp"
#include "shared/engine/context/empty_templates.hpp"
#include "shared/engine/context/program_texts.hpp"
#include "shared/engine/decisions/evaluator.hpp"
#include "shared/engine/state/durations.hpp"
#include "shared/engine/state/fields.hpp"

namespace noetl::engine {
namespace {

void lay_over(Json& below, const Json& above) {
  if (above.is_object() && !above.empty()) below.update(above);
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
  const auto& resolved = context_.plan().tool(tool);
  if (resolved.options == nullptr) {
    fail(
        step.name, "invalid_playbook",
        "step '" + step.name + "' names the workbook entry '" + resolved.entry + "', which the playbook does not have");
    return true;
  }
  auto input = context_.render_for_worker(*resolved.input);
  if (!input) return cannot_render(step, "input", input.error());
  if (!input->is_object()) *input = Json::object();
  const bool is_python = resolved.kind == "python";
  if (is_python) keep_maps_for_code(context_, *resolved.options, *resolved.input, *input);
  lay_over(*input, frame.args);
  // Code and commands may name the arguments of their own step.
  context_.set_input(&*input);
  const bool has_timeout = !first_of(*resolved.options, {"timeout"}).is_null();
  auto options = render_for_tool(context_, *resolved.options);
  context_.set_input(nullptr);
  if (!options) return cannot_render(step, "", options.error());
  options->erase("retry");  // the engine's own business
  lay_overrides(*options, *input, frame.overrides);
  (*options)["kind"] = resolved.kind;

  NewCommand command;
  command.step = step.name;
  command.node_id = node_id_of(step, frame);
  command.tool_kind = resolved.kind;
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
  if (is_python) {
    const PreviousResult previous{.step = notes().last_result_step, .is_of_task = frame.task > 0};
    command.names = names_for_code(context_, resolved, *options, *input, previous);
  }
  command.tool = std::move(*options);
  command.input = std::move(*input);
  if (resolved.kind == "playbook") {
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
  const auto& resolved = context_.plan().tool(step.tools[frame.task]);
  if (resolved.options == nullptr) return;
  context_.set_frame(&frame);
  EmptyTemplates empty(context_);
  empty.look(*resolved.input, "input");
  const auto input = context_.render_for_worker(*resolved.input);
  if (input) context_.set_input(&*input);
  empty.look(*resolved.options, "");
  context_.set_input(nullptr);
  context_.set_frame(nullptr);
  if (empty.found().empty()) return;
  Json details = error.details.empty() ? Json::object() : Json::parse(error.details);
  details["templates"] = empty.found();
  error.details = details.dump();
}

void Evaluator::settle_templates(NewCommand& command) {
  static const Json::json_pointer tool("/tool"), input("/input");
  domain::settle_deferred_templates(command.tool, tool, command.templates);
  domain::settle_deferred_templates(command.input, input, command.templates);
}

void Evaluator::issue_command(const domain::Step& step, Frame frame, NewCommand command) {
  command.frame = command.node_id == frame.node ? frame_text(frame) : whole_frame_text(frame);
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
  child.frame = whole_frame_text(frame);
  if (frame.is_iteration())
    ++find_loop(frame.loop)->running;
  else
    state().outstanding[frame.node] = step.name;
  state().current_step = step.name;
  append("step.enter", step.name, "started", Json{{"node_id", child.node_id}, {"playbook", child.path}});
  decision_.children.push_back(std::move(child));
  context_.set_frame(nullptr);
}

}  // namespace noetl::engine
