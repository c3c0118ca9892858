#include <ostream>

#include "cli/commands/commands.hpp"
#include "cli/dev/running_stack.hpp"
#include "cli/session.hpp"

namespace noetl::cli {
namespace {

constexpr int exit_broken = 8;

struct DoctorFlags {
  DoctorRequest request;
  bool is_strict = false;
};

// Below the table: what was found, all of it that is known, and the cure.
void explain(const Output& output, const Json& check) {
  const auto status = check.at("status").get<std::string>();
  if (status == "ok") return;
  output.out() << '\n' << status << ": " << cell_text(check, "check");
  if (const auto rule = cell_text(check, "rule"); !rule.empty()) output.out() << " (" << rule << ")";
  output.out() << '\n';
  if (check.at("findings").empty()) output.out() << "  " << cell_text(check, "summary") << '\n';
  for (const auto& finding : check.at("findings")) {
    output.out() << "  " << cell_text(finding, "id") << ": " << cell_text(finding, "what") << '\n';
  }
  const auto shown = static_cast<std::int64_t>(check.at("findings").size());
  if (const auto found = check.at("found").get<std::int64_t>(); found > shown)
    output.out() << "  and " << found - shown << " more\n";
  if (const auto cure = cell_text(check, "cure"); !cure.empty()) output.out() << "  cure: " << cure << '\n';
}

int examine(Session& session, const DoctorFlags& flags) {
  const auto resolved = dev::with_stack(session.resolved);
  if (!resolved) return session.output.error(resolved.error());
  const auto settings = config::server_settings(*resolved);
  if (!settings) return session.output.error(settings.error());
  const auto answer = session.programs.run_doctor(*settings, flags.request);
  if (!answer) return session.output.error(answer.error());
  session.output.rows(*answer, {{"STATUS", "status"}, {"RULE", "rule"}, {"CHECK", "check"}, {"SUMMARY", "summary"}});
  if (!session.output.is_json()) {
    for (const auto& check : answer->at("checks")) explain(session.output, check);
  }
  const auto status = answer->at("status").get<std::string>();
  return status == "broken" || (flags.is_strict && status == "warning") ? exit_broken : 0;
}

}  // namespace

void add_doctor_command(CLI::App& app, CommandLine& line) {
  auto* doctor =
      app.add_subcommand("doctor", "Examine the database, NATS and their settings; each finding with its cure");
  auto flags = std::make_shared<DoctorFlags>();  // the parser fills it, the action reads it
  doctor->add_flag("--deep", flags->request.is_deep,
                   "Also read whole tables, and replay every execution's log against its stored state");
  doctor->add_option("--executions", flags->request.executions_max, "With --deep: replay only the newest N executions")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber);
  doctor->add_flag("--strict", flags->is_strict, "Exit with 8 on warnings as well");
  doctor->add_flag_callback(
      "--json", [&line] { line.flags["output"] = "json"; }, "The same as -o json");
  add_setting_flags(*doctor, line, config::server);
  on_chosen(*doctor, line, [flags](Session& session) { return examine(session, *flags); });
}

}  // namespace noetl::cli
