#include "shared/language/lint.hpp"

#include <algorithm>
#include <tuple>

#include "shared/language/loading/playbook_loader.hpp"
#include "shared/language/template_names.hpp"

namespace noetl::language {

namespace {

void add_all(std::vector<LintFinding>& into, const std::vector<base::ErrorDetail>& details, bool is_error) {
  for (const auto& detail : details) into.push_back({.is_error = is_error, .detail = detail});
}

}  // namespace

bool LintReport::has_errors() const {
  return std::ranges::any_of(findings, [](const LintFinding& one) { return one.is_error; });
}

LintReport lint_playbook(std::string_view text) {
  LintReport report;
  const auto document = load_yaml(text);
  if (!document) {
    add_all(report.findings, document.error().details, true);
    if (report.findings.empty())
      report.findings.push_back({.is_error = true,
                                 .detail = {.field = document.error().field,
                                            .message = document.error().message,
                                            .line = 0,
                                            .column = 0,
                                            .suggestion = {}}});
    return report;
  }
  Findings findings;
  const auto playbook = read_playbook(*document, findings);
  warn_of_slips_in_names(document->root, playbook, findings);
  report.path = playbook.path;
  report.generation = playbook.generation;
  report.steps = playbook.workflow.size();
  add_all(report.findings, findings.errors(), true);
  add_all(report.findings, findings.take_warnings(), false);
  std::stable_sort(report.findings.begin(), report.findings.end(), [](const auto& left, const auto& right) {
    return std::tie(left.detail.line, left.detail.column) < std::tie(right.detail.line, right.detail.column);
  });
  return report;
}

}  // namespace noetl::language
