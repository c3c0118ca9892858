#include "cli/commands/playbooks/playbook_lint.hpp"

#include <algorithm>
#include <memory>
#include <ostream>

#include "cli/commands/playbooks/playbook_files.hpp"
#include "cli/session.hpp"
#include "shared/wire/error_codes.hpp"

namespace noetl::cli {
namespace {

struct LintArguments {
  std::vector<std::string> paths;
  bool is_strict = false;
};

std::size_t errors_in(const LintOutcome& outcome) {
  return static_cast<std::size_t>(
      std::ranges::count_if(outcome.findings, [](const LintFinding& one) { return one.is_error; }));
}

std::string counted(std::size_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

// "v10, 6 steps: ok" or "v2era, 3 steps: 1 error, 2 warnings".
std::string summary(const LintOutcome& outcome) {
  const auto errors = errors_in(outcome);
  const auto warnings = outcome.findings.size() - errors;
  std::string text = outcome.generation.empty() ? "unreadable" : outcome.generation;
  if (!outcome.generation.empty()) text += ", " + counted(outcome.steps, "step");
  text += ": ";
  if (errors > 0) text += counted(errors, "error");
  if (warnings > 0) text += (errors > 0 ? ", " : "") + counted(warnings, "warning");
  return outcome.findings.empty() ? text + "ok" : text;
}

Json to_json(const std::string& file, const LintOutcome& outcome) {
  Json findings = Json::array();
  for (const auto& [is_error, detail] : outcome.findings) {
    findings.push_back({{"severity", is_error ? "error" : "warning"},
                        {"line", detail.line},
                        {"column", detail.column},
                        {"field", detail.field},
                        {"message", detail.message},
                        {"suggestion", detail.suggestion}});
  }
  const char* status = errors_in(outcome) > 0 ? "errors" : outcome.findings.empty() ? "ok" : "warnings";
  return {{"file", file},           {"path", outcome.path}, {"generation", outcome.generation},
          {"steps", outcome.steps}, {"status", status},     {"findings", std::move(findings)}};
}

void show(const Output& output, const std::string& file, const LintOutcome& outcome) {
  for (const auto& [is_error, detail] : outcome.findings) {
    std::string text = file + ':' + std::to_string(std::max(detail.line, 1)) + ':' +
                       std::to_string(std::max(detail.column, 1)) + (is_error ? ": error: " : ": warning: ") +
                       detail.message;
    if (!detail.suggestion.empty()) text += "; " + detail.suggestion;
    if (!detail.field.empty()) text += " [" + detail.field + ']';
    // What the playbook says may hold anything: the terminal gets one clean line.
    output.out() << cell_text({{"finding", text}}, "finding") << '\n';
  }
  output.out() << file << ": " << summary(outcome) << '\n';
}

int lint_all(Session& session, const LintArguments& arguments) {
  const int wrong_input = wire::mapping_of(base::ErrorCode::invalid_playbook).cli_exit_code;
  Json checked = Json::array();
  const int code = for_each_playbook(
      session, arguments.paths, [&](const std::string& file, const std::string& text) -> base::Result<int> {
        const auto outcome = session.programs.lint_playbook(text);
        session.output.is_json() ? checked.push_back(to_json(file, outcome)) : show(session.output, file, outcome);
        const bool is_bad = errors_in(outcome) > 0 || (arguments.is_strict && !outcome.findings.empty());
        return is_bad ? wrong_input : 0;
      });
  if (session.output.is_json()) session.output.rows(checked, {});
  return code;
}

}  // namespace

void add_lint(CLI::App& playbook, CommandLine& line) {
  auto arguments = std::make_shared<LintArguments>();
  auto* lint = playbook.add_subcommand("lint", "Check playbooks without a server");
  lint->add_option("file", arguments->paths, "Files, folders (*.yaml and *.yml in them and below), or - for stdin")
      ->required();
  lint->add_flag("--strict", arguments->is_strict, "Warnings count as errors");
  on_chosen(*lint, line, [arguments](Session& session) { return lint_all(session, *arguments); });
}

}  // namespace noetl::cli
