#include "shared/language/loading/outline.hpp"

namespace noetl::language {

namespace {

// Step names become node ids, event fields and parts of NATS subjects in clients' filters.
constexpr std::size_t name_bytes_max = 200;

std::vector<std::string> keys_of(const std::map<std::string, SourceMark>& named) {
  std::vector<std::string> keys;
  keys.reserve(named.size());
  for (const auto& [name, mark] : named) keys.push_back(name);
  return keys;
}

std::string known_names(const std::map<std::string, SourceMark>& named) {
  std::string joined;
  for (const auto& [name, mark] : named) joined += (joined.empty() ? "" : ", ") + name;
  return named.empty() ? "there is none" : "known are " + clipped(joined, 200);
}

void add_name(const Field& field, std::string_view what, std::map<std::string, SourceMark>& names, Findings& findings) {
  if (!field.is_scalar()) return;  // reported by the reader of the entry
  const std::string& name = field.node->text;
  if (name.empty() || name.size() > name_bytes_max) {
    findings.error(
        field.path, field.mark(),
        "a name has 1 to " + std::to_string(name_bytes_max) + " bytes; this one has " + std::to_string(name.size()));
    return;
  }
  const auto [found, is_new] = names.emplace(name, field.mark());
  if (!is_new)
    findings.error(field.path, field.mark(),
                   "the " + std::string(what) + " '" + name + "' is already defined in line " +
                       std::to_string(found->second.line) + "; names are unique");
}

}  // namespace

Outline::Outline(const Field& workflow, const Field& workbook, Findings& findings) {
  if (workflow.is_sequence())
    for (std::size_t index = 0; index < workflow.node->items.size(); ++index)
      add_name(workflow.at(index)["step"], "step", steps_, findings);
  if (workbook.is_sequence())
    for (std::size_t index = 0; index < workbook.node->items.size(); ++index)
      add_name(workbook.at(index)["name"], "workbook entry", entries_, findings);
}

void Outline::expect_step(const Field& field, const std::string& name, Findings& findings) {
  if (name.empty()) return;  // reported where it was read
  if (steps_.contains(name)) {
    reached_.insert(name);
    return;
  }
  if (findings.is_full_of_errors()) return findings.error(field.path, field.mark(), "there is no such step");
  findings.error(field.path, field.mark(),
                 "there is no step '" + clipped(name, 80) + "'; expected the name of a step, " + known_names(steps_),
                 did_you_mean(name, keys_of(steps_)));
}

void Outline::expect_workbook_entry(const Field& field, const std::string& name, Findings& findings) const {
  if (name.empty() || has_template_marks(name) || entries_.contains(name)) return;
  if (findings.is_full_of_errors()) return findings.error(field.path, field.mark(), "there is no such entry");
  findings.error(field.path, field.mark(),
                 "there is no workbook entry '" + clipped(name, 80) + "'; " + known_names(entries_),
                 did_you_mean(name, keys_of(entries_)));
}

}  // namespace noetl::language
