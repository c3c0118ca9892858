#include <memory>

#include "cli/commands/commands.hpp"
#include "cli/session.hpp"
#include "shared/config/describe.hpp"

namespace noetl::cli {
namespace {

int show_settings(const Session& session) {
  Json rows = Json::array();
  for (const auto& setting : config::all_settings()) {
    const auto& value = session.resolved.at(std::string(setting.name));
    rows.push_back({{"setting", setting.name}, {"value", config::shown_value(setting, value)}, {"from", value.where}});
  }
  session.output.rows({{"settings", rows}}, {{"SETTING", "setting"}, {"VALUE", "value"}, {"FROM", "from"}});
  return 0;
}

}  // namespace

void add_config_command(CLI::App& app, CommandLine& line) {
  auto* config = app.add_subcommand("config", "Settings in force and where each comes from");
  auto should_document = std::make_shared<bool>(false);
  config->add_flag("--markdown", *should_document, "Print docs/reference/configuration.md instead");
  on_chosen(*config, line, [should_document](Session& session) {
    if (!*should_document) return show_settings(session);
    session.output.out() << config::settings_as_markdown();
    return 0;
  });
  auto* version = app.add_subcommand("version", "Version of this program");
  on_chosen(*version, line, [](Session& session) {
    session.output.line({{"version", session.programs.version}}, "noetlctl " + session.programs.version);
    return 0;
  });
}

}  // namespace noetl::cli
