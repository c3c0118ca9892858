#include <memory>
#include <vector>

#include "cli/commands/commands.hpp"
#include "cli/commands/playbooks/playbook_files.hpp"
#include "cli/commands/playbooks/playbook_lint.hpp"
#include "cli/session.hpp"

namespace noetl::cli {
namespace {

using base::failure;

void note_warnings(const Session& session, const std::string& file, const Json& answer) {
  if (session.output.is_json()) return;  // they are in the answer
  const auto warnings = answer.find("warnings");
  if (warnings == answer.end() || !warnings->is_array()) return;
  for (const auto& one : *warnings) {
    const std::string suggestion = cell_text(one, "suggestion");
    session.output.note(file + ':' + cell_text(one, "line") + ':' + cell_text(one, "column") +
                        ": warning: " + cell_text(one, "message") + (suggestion.empty() ? "" : "; " + suggestion));
  }
}

int register_all(Session& session, const std::vector<std::string>& paths) {
  Json registered = Json::array();
  const int code =
      for_each_playbook(session, paths, [&](const std::string& file, const std::string& text) -> base::Result<int> {
        auto answer =
            session.server().post("/api/catalog/register", {{"content", text}, {"resource_type", "Playbook"}});
        if (!answer) return failure(std::move(answer.error()));
        note_warnings(session, file, *answer);
        registered.push_back(std::move(*answer));
        return 0;
      });
  if (!registered.empty()) {
    session.output.rows(registered,
                        {{"PATH", "path"}, {"VERSION", "version"}, {"CATALOG ID", "catalog_id"}, {"NEW", "is_new"}});
  }
  return code;
}

void add_playbook_get(CLI::App& playbook, CommandLine& line) {
  auto* get = playbook.add_subcommand("get", "The text of a playbook");
  auto path = std::make_shared<std::string>();
  auto version = std::make_shared<int>(0);
  get->add_option("path", *path, "Path in the catalog")->required();
  get->add_option("--version", *version, "Version; the latest when left out")->type_name("N");
  on_chosen(*get, line, [path, version](Session& session) {
    Json request{{"path", *path}};
    *version > 0 ? static_cast<void>(request["version"] = *version) : static_cast<void>(request["version"] = "latest");
    return show_or_fail(session, session.server().post("/api/catalog/resource", request), [&](const Json& answer) {
      session.output.line(answer, answer.value("content", std::string{}));
    });
  });
}

void add_playbook_verbs(CLI::App& playbook, CommandLine& line) {
  playbook.require_subcommand(1);
  auto paths = std::make_shared<std::vector<std::string>>();
  auto* add = playbook.add_subcommand("register", "Register playbooks, of a folder all in it and below");
  add->add_option("file", *paths, "Files, folders, or - for stdin")->required();
  on_chosen(*add, line, [paths](Session& session) { return register_all(session, *paths); });
  add_lint(playbook, line);
  auto* schema = playbook.add_subcommand("schema", "JSON Schema of the language, for editors");
  on_chosen(*schema, line, [](Session& session) {
    session.output.out() << session.programs.playbook_schema();
    return 0;
  });
  auto* list = playbook.add_subcommand("list", "Playbooks of the catalog, latest versions");
  on_chosen(*list, line, [](Session& session) {
    const auto answer = session.server().post("/api/catalog/list", {{"resource_type", "Playbook"}});
    return show_or_fail(session, answer, [&](const Json& entries) {
      session.output.rows(
          entries, {{"PATH", "path"}, {"VERSION", "version"}, {"CATALOG ID", "catalog_id"}, {"CREATED", "created_at"}});
    });
  });
  add_playbook_get(playbook, line);
}

}  // namespace

void add_playbook_command(CLI::App& app, CommandLine& line) {
  add_playbook_verbs(*app.add_subcommand("playbook", "Playbooks: register, list, get, lint, schema"), line);
  // NoETL's own word for the same.
  add_playbook_verbs(*app.add_subcommand("catalog", "The same as playbook"), line);
}

}  // namespace noetl::cli
