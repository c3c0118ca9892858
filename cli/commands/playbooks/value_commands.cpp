// result, render, keychain: values of executions that are neither their state nor their variables.
#include <memory>

#include "cli/commands/commands.hpp"
#include "cli/session.hpp"
#include "shared/base/text/percent.hpp"

namespace noetl::cli {
namespace {

struct KeychainArguments {
  std::string catalog_id, name, execution_id;
};

std::string keychain_path(const KeychainArguments& arguments) {
  return "/api/keychain/" + base::percent_encoded(arguments.catalog_id);
}

void add_keychain_list(CLI::App& keychain, CommandLine& line) {
  auto* list = keychain.add_subcommand("list", "Tokens stored for a playbook, without what they are");
  auto arguments = std::make_shared<KeychainArguments>();
  list->add_option("catalog_id", arguments->catalog_id, "As `playbook list` shows it")->required();
  on_chosen(*list, line, [arguments](Session& session) {
    return show_or_fail(session, session.server().get(keychain_path(*arguments)), [&](const Json& answer) {
      session.output.rows(answer, {{"NAME", "name"},
                                   {"KIND", "kind"},
                                   {"CREDENTIAL", "credential_type"},
                                   {"EXECUTION", "execution_id"},
                                   {"EXPIRES", "expires_at"}});
    });
  });
}

void add_keychain_delete(CLI::App& keychain, CommandLine& line) {
  auto* command = keychain.add_subcommand("delete", "Forget a token: the next step that needs it fetches another");
  auto arguments = std::make_shared<KeychainArguments>();
  command->add_option("catalog_id", arguments->catalog_id, "As `playbook list` shows it")->required();
  command->add_option("name", arguments->name, "Name of the keychain entry")->required();
  command->add_option("--execution", arguments->execution_id, "Only what is stored for this execution")
      ->type_name("ID");
  on_chosen(*command, line, [arguments](Session& session) {
    auto path = keychain_path(*arguments) + "/" + base::percent_encoded(arguments->name);
    if (!arguments->execution_id.empty()) path += "?execution_id=" + base::percent_encoded(arguments->execution_id);
    return show_or_fail(session, session.server().call({"DELETE", path}),
                        [&](const Json& answer) { session.output.fields(answer); });
  });
}

}  // namespace

void add_keychain_command(CLI::App& app, CommandLine& line) {
  auto* keychain = app.add_subcommand("keychain", "Tokens that playbooks fetch: list, delete");
  keychain->require_subcommand(1);
  add_keychain_list(*keychain, line);
  add_keychain_delete(*keychain, line);
}

void add_result_command(CLI::App& app, CommandLine& line) {
  auto* result = app.add_subcommand("result", "Large results, which events name by reference: get");
  result->require_subcommand(1);
  auto* get = result->add_subcommand("get", "A stored result, as JSON");
  auto reference = std::make_shared<std::string>();
  get->add_option("reference", *reference, "noetl://result/ID, or the id")->required();
  on_chosen(*get, line, [reference](Session& session) {
    const auto path = "/api/result/resolve?ref=" + base::percent_encoded(*reference);
    return show_or_fail(session, session.server().get(path), [&](const Json& answer) {
      session.output.out() << answer.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
    });
  });
}

void add_render_command(CLI::App& app, CommandLine& line) {
  struct Arguments {
    std::string execution_id, text;
    bool is_strict = false;
  };
  auto* command = app.add_subcommand("render", "What a template gives with what an execution knows now");
  auto arguments = std::make_shared<Arguments>();
  command->add_option("execution_id", arguments->execution_id)->required();
  command->add_option("template", arguments->text, "Such as '{{ workload.url }}'")->required();
  command->add_flag("--strict", arguments->is_strict, "Refuse names that nobody has");
  on_chosen(*command, line, [arguments](Session& session) {
    Json request{{"execution_id", arguments->execution_id}, {"template", arguments->text}};
    if (arguments->is_strict) request["strict"] = true;
    return show_or_fail(session, session.server().post("/api/context/render", std::move(request)),
                        [&](const Json& answer) { session.output.line(answer, cell_text(answer, "rendered")); });
  });
}

}  // namespace noetl::cli
