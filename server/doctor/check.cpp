#include "server/doctor/check.hpp"

#include <algorithm>

namespace noetl::doctor {

Check named(std::string name) {
  return {.name = std::move(name),
          .rule = {},
          .verdict = Verdict::ok,
          .summary = {},
          .cure = {},
          .total = 0,
          .findings = {}};
}

void find(Check& check, Verdict verdict, const store::Finding& finding, const std::string& cure) {
  check.verdict = std::max(check.verdict, verdict);
  check.summary += (check.summary.empty() ? "" : "; ") + finding.what;
  if (check.cure.find(cure) == std::string::npos) check.cure += (check.cure.empty() ? "" : " ") + cure;
  check.findings.push_back(finding);
  ++check.total;
}

nlohmann::json to_json(const Check& check) {
  auto findings = nlohmann::json::array();
  for (const auto& one : check.findings) findings.push_back({{"id", one.id}, {"what", one.what}});
  return {{"check", check.name},
          {"rule", check.rule},
          {"status", to_string(check.verdict)},
          {"summary", check.summary},
          {"found", check.total},
          {"findings", std::move(findings)},
          {"cure", check.verdict == Verdict::ok ? nlohmann::json() : nlohmann::json(check.cure)}};
}

}  // namespace noetl::doctor
