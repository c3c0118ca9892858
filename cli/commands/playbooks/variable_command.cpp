#include <memory>

#include "cli/commands/commands.hpp"
#include "cli/payload.hpp"
#include "cli/session.hpp"
#include "shared/base/text/percent.hpp"

namespace noetl::cli {
namespace {

struct VariableArguments {
  std::string execution_id, name, type, step;
  std::vector<std::string> assignments;
};

void add_variable_get(CLI::App& variables, CommandLine& line) {
  auto* command = variables.add_subcommand("get", "Variables of an execution, or one of them");
  auto arguments = std::make_shared<VariableArguments>();
  command->add_option("execution_id", arguments->execution_id)->required();
  command->add_option("name", arguments->name);
  on_chosen(*command, line, [arguments](Session& session) {
    std::string path = "/api/vars/" + base::percent_encoded(arguments->execution_id);
    if (!arguments->name.empty()) path += "/" + base::percent_encoded(arguments->name);
    return show_or_fail(session, session.server().get(path), [&](const Json& answer) {
      if (!arguments->name.empty()) return session.output.fields(answer);
      session.output.rows(answer.value("items", Json::array()), {{"NAME", "var_name"},
                                                                 {"VALUE", "value"},
                                                                 {"TYPE", "var_type"},
                                                                 {"STEP", "source_step"},
                                                                 {"READ", "access_count"}});
    });
  });
}

void add_variable_set(CLI::App& variables, CommandLine& line) {
  auto* command = variables.add_subcommand("set", "Set variables of a running execution");
  auto arguments = std::make_shared<VariableArguments>();
  command->add_option("execution_id", arguments->execution_id)->required();
  command->add_option("assignment", arguments->assignments, "name=value: JSON when it reads as such; name:=value: text")
      ->required();
  command->add_option("--type", arguments->type, "user_defined, step_result, computed or iterator_state");
  command->add_option("--step", arguments->step, "Step that they are said to come from");
  on_chosen(*command, line, [arguments](Session& session) {
    Json values = Json::object();
    for (const auto& one : arguments->assignments) {
      if (const auto applied = apply_setting(values, one); !applied) return session.output.error(applied.error());
    }
    Json body{{"variables", std::move(values)}};
    if (!arguments->type.empty()) body["var_type"] = arguments->type;
    if (!arguments->step.empty()) body["source_step"] = arguments->step;
    return show_or_fail(
        session, session.server().post("/api/vars/" + base::percent_encoded(arguments->execution_id), std::move(body)),
        [&](const Json& answer) { session.output.fields(answer); });
  });
}

void add_variable_delete(CLI::App& variables, CommandLine& line) {
  auto* command = variables.add_subcommand("delete", "Remove a variable of a running execution");
  auto arguments = std::make_shared<VariableArguments>();
  command->add_option("execution_id", arguments->execution_id)->required();
  command->add_option("name", arguments->name)->required();
  on_chosen(*command, line, [arguments](Session& session) {
    const auto path =
        "/api/vars/" + base::percent_encoded(arguments->execution_id) + "/" + base::percent_encoded(arguments->name);
    return show_or_fail(session, session.server().call({"DELETE", path}),
                        [&](const Json& answer) { session.output.fields(answer); });
  });
}

}  // namespace

void add_variable_command(CLI::App& app, CommandLine& line) {
  auto* variables = app.add_subcommand("vars", "Variables of executions: get, set, delete");
  variables->require_subcommand(1);
  add_variable_get(*variables, line);
  add_variable_set(*variables, line);
  add_variable_delete(*variables, line);
}

}  // namespace noetl::cli
