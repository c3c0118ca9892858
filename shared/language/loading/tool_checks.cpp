#include "shared/language/loading/tool_checks.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "shared/language/loading/option_names.hpp"
#include "shared/language/vocabulary/tool_vocabulary.hpp"

namespace noetl::language {

namespace {

using domain::ToolSpec;

constexpr auto program_options =
    std::to_array<std::string_view>({"code", "code_b64", "script", "path", "file", "module", "uri"});
constexpr auto statement_options = std::to_array<std::string_view>(
    {"command", "commands", "query", "queries", "statement", "statements", "sql", "script", "command_b64",
     "commands_b64", "query_b64", "queries_b64", "command_base64", "query_base64", "file", "table", "copy"});

bool has_any(const Json& options, vocabulary::Words names) {
  return std::ranges::any_of(names, [&](std::string_view name) { return options.contains(name); });
}

}  // namespace

void check_kind(const Field& field, const std::string& kind, Findings& findings) {
  if (kind.empty() || has_template_marks(kind) || vocabulary::contains(vocabulary::tool_kinds, kind)) return;
  findings.warning(
      field.path, field.mark(),
      "the tool kind '" + clipped(kind, 60) + "' is not built in; the step can only run on workers that offer it",
      did_you_mean(kind, vocabulary::tool_kinds));
}

void check_option(const Field& field, const Member& member, const std::string& kind, vocabulary::Words others,
                  Findings& findings) {
  if (findings.is_full_of_warnings() || member.key.starts_with("x-")) return;
  if (vocabulary::contains(vocabulary::common_tool_options, member.key)) return;
  if (name_without_unit(member.key) == "timeout") return;
  // A worker's own tool may take anything.
  if (!vocabulary::contains(vocabulary::tool_kinds, kind)) return;
  const auto own = vocabulary::tool_options_of(kind);
  if (vocabulary::contains(own, member.key)) return;
  if (!own.empty()) {
    std::vector<std::string_view> known(own.begin(), own.end());
    known.insert(known.end(), others.begin(), others.end());
    auto message = "the " + kind + " tool has no option '" + clipped(member.key, 60) + "'";
    auto suggestion = did_you_mean(member.key, vocabulary::Words(known));
    if (is_slip_of(member.key, vocabulary::Words(known)))
      findings.refused(field.path, member.mark, message + "; it has " + listed(own), std::move(suggestion));
    else
      findings.warning(field.path, member.mark, std::move(message), std::move(suggestion));
    return;
  }
  // Of other tools only what looks like a slip is worth a word.
  if (member.key.size() < 4 || vocabulary::contains(vocabulary::tool_options, member.key)) return;
  auto suggestion = did_you_mean(member.key, vocabulary::tool_options);
  if (!suggestion.empty())
    findings.warning(field.path, member.mark, "the option '" + clipped(member.key, 60) + "' is not a known one",
                     std::move(suggestion));
}

void check_substance(const Field& field, const ToolSpec& tool, Findings& findings) {
  const auto miss = [&](const std::string& expected) {
    findings.warning(field.path, field.mark(), "the " + tool.kind + " tool has nothing to do; expected " + expected);
  };
  if (tool.kind == "python" && !has_any(tool.options, program_options)) miss("`code` or `script`");
  if ((tool.kind == "postgres" || tool.kind == "duckdb") && !has_any(tool.options, statement_options))
    miss("`command`, `query` or `script`");
  if (tool.kind == "http" && !tool.options.contains("url") && !tool.options.contains("endpoint")) miss("`url`");
  if (tool.kind == "playbook" && !tool.options.contains("path") && !tool.options.contains("catalog_id")) miss("`path`");
}

}  // namespace noetl::language
