#include <memory>

#include "cli/commands/commands.hpp"
#include "cli/session.hpp"

namespace noetl::cli {
namespace {

int migrate_up(Session& session, const std::string& database_url) {
  const auto applied = session.programs.migrate_up(database_url);
  if (!applied) return session.output.error(applied.error());
  std::string versions;
  for (const int version : *applied) versions += " " + std::to_string(version);
  session.output.line({{"applied", *applied}}, versions.empty() ? "the schema is up to date" : "applied:" + versions);
  return 0;
}

int show_status(Session& session, const std::string& database_url) {
  const auto lines = session.programs.migration_status(database_url);
  if (!lines) return session.output.error(lines.error());
  Json rows = Json::array();
  for (const auto& migration : *lines) {
    rows.push_back({{"version", migration.version},
                    {"name", migration.name},
                    {"applied_at", migration.applied_at.empty() ? Json(nullptr) : Json(migration.applied_at)},
                    {"runs_with", migration.runs_with},
                    {"status", migration.applied_at.empty() ? "pending" : "done"}});
  }
  session.output.rows({{"migrations", rows}}, {{"VERSION", "version"},
                                               {"NAME", "name"},
                                               {"STATUS", "status"},
                                               {"RUNS WITH", "runs_with"},
                                               {"APPLIED", "applied_at"}});
  return 0;
}

int move_tables(Session& session, const std::string& database_url, const MoveRequest& request) {
  const auto outcome = session.programs.move_tables(database_url, request);
  if (!outcome) return session.output.error(outcome.error());
  std::string text;
  for (const auto& object : outcome->at("moved")) text += object.at("statement").get<std::string>() + ";\n";
  if (!outcome->at("search_path").is_null()) text += outcome->at("search_path").get<std::string>() + ";\n";
  for (const auto& playbook : outcome->at("playbooks")) {
    const auto name = playbook.at("name").get<std::string>();
    session.output.note("playbook " + playbook.at("path").get<std::string>() + " names noetl." + name + ": write " +
                        request.schema + "." + name + " there");
  }
  if (text.empty()) text = "nothing of yours is in the schema noetl\n";
  if (request.is_dry_run) session.output.note("dry run: nothing was changed");
  text.pop_back();
  session.output.line(*outcome, text);
  return 0;
}

template <class Act>
CLI::App* add_with_database(CLI::App& migrate, CommandLine& line, const char* name, const char* description, Act act) {
  auto* command = migrate.add_subcommand(name, description);
  for (const char* setting :
       {"database-url", "postgres-host", "postgres-port", "postgres-db", "postgres-user", "postgres-password"}) {
    command
        ->add_option_function<std::string>(
            std::string("--") + setting, [&line, setting](const std::string& value) { line.flags[setting] = value; },
            std::string(config::find_setting(setting)->help))
        ->type_name("VALUE");
  }
  on_chosen(*command, line, [act](Session& session) {
    const auto settings = config::server_settings(session.resolved);
    if (!settings) return session.output.error(settings.error());
    return act(session, settings->database_url);
  });
  return command;
}

}  // namespace

void add_migrate_command(CLI::App& app, CommandLine& line) {
  auto* migrate = app.add_subcommand("migrate", "The database schema: up, status, sql, move-tables");
  migrate->require_subcommand(1);
  add_with_database(*migrate, line, "up", "Apply the migrations that are missing", migrate_up);
  add_with_database(*migrate, line, "status", "Migrations and when they were applied", show_status);
  const auto request = std::make_shared<MoveRequest>();  // shared with the command's callback
  auto* move =
      add_with_database(*migrate, line, "move-tables", "Move users' tables out of the schema noetl, in one transaction",
                        [request](Session& session, const std::string& database_url) {
                          return move_tables(session, database_url, *request);
                        });
  move->add_option("--to", request->schema, "The schema they come to")->capture_default_str();
  move->add_flag("--dry-run", request->is_dry_run, "Only print the statements");
  auto* sql = migrate->add_subcommand("sql", "Print what `up` runs on an empty database");
  on_chosen(*sql, line, [](Session& session) {
    session.output.out() << session.programs.migration_sql();
    return 0;
  });
}

}  // namespace noetl::cli
