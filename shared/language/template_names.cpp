#include "shared/language/template_names.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "shared/domain/error_details.hpp"
#include "shared/language/loading/field.hpp"
#include "shared/templating/members_read.hpp"
#include "shared/templating/template.hpp"

namespace noetl::language {

namespace {

// What every template can name, whatever the playbook says.
constexpr auto names_of_the_language = std::to_array<std::string_view>({"workload",
                                                                        "ctx",
                                                                        "vars",
                                                                        "steps",
                                                                        "step",
                                                                        "iter",
                                                                        "input",
                                                                        "args",
                                                                        "output",
                                                                        "response",
                                                                        "result",
                                                                        "results",
                                                                        "error",
                                                                        "event",
                                                                        "execution_id",
                                                                        "catalog_id",
                                                                        "job",
                                                                        "keychain",
                                                                        "loop",
                                                                        "this",
                                                                        "data",
                                                                        "payload",
                                                                        "context",
                                                                        "loop_index",
                                                                        "_attempt",
                                                                        "_prev",
                                                                        "secrets",
                                                                        "frame",
                                                                        "__frame_max_rows",
                                                                        "__frame_max_seconds",
                                                                        "__frame_max_bytes",
                                                                        "__frame_row_concurrency",
                                                                        "__frame_process"});
// Jinja's own, and words that it leaves free.
constexpr auto names_of_jinja =
    std::to_array<std::string_view>({"now", "range", "dict", "namespace", "cycler", "joiner", "lipsum", "token", "env",
                                     "uuid", "true", "false", "none"});
// What every map has beside its members.
constexpr auto names_of_maps =
    std::to_array<std::string_view>({"items", "keys", "values", "get", "copy", "update", "pop", "setdefault"});
constexpr std::size_t compared_length_min = 4;  // shorter names are all near to each other

bool is_short_identifier(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::isdigit(static_cast<unsigned char>(text[0])) == 0 &&
         std::ranges::all_of(text, [](char c) { return c == '_' || std::isalnum(static_cast<unsigned char>(c)) != 0; });
}

// Every key and every text that is a name, wherever it stands: `set: {ctx.total: …}`, `iterator: city`.
void collect_names(const Node& node, std::set<std::string, std::less<>>& names) {
  if (node.kind == Node::Kind::scalar && is_short_identifier(node.text)) names.insert(node.text);
  for (const auto& item : node.items) collect_names(item, names);
  for (const auto& member : node.members) {
    const auto scope = member.key.rfind('.');
    const std::string name = scope == std::string::npos ? member.key : member.key.substr(scope + 1);
    if (is_short_identifier(name)) names.insert(name);
    collect_names(member.node, names);
  }
}

// Names that a playbook gives values to: keys below set, set_ctx, set_iter and vars, with or without their scope, and what is
// collected into.
void collect_set_names(const Node& node, bool is_set, std::set<std::string, std::less<>>& names) {
  const auto add = [&](const std::string& written) { names.insert(written.substr(written.rfind('.') + 1)); };
  for (const auto& item : node.items) collect_set_names(item, is_set, names);
  for (const auto& member : node.members) {
    if (is_set) {
      add(member.key);
      names.insert(member.key.substr(0, member.key.find('.')));
    }
    if (member.key == "into" && member.node.kind == Node::Kind::scalar) add(member.node.text);
    const bool sets =
        member.key == "set" || member.key == "set_ctx" || member.key == "set_iter" || member.key == "vars";
    collect_set_names(member.node, is_set || sets, names);
  }
}

// Of keychain: [{name: api}] or {api: …}.
std::vector<std::string> keychain_names(const Json& keychain) {
  std::vector<std::string> names;
  if (keychain.is_object()) {
    for (const auto& [name, entry] : keychain.items()) names.push_back(name);
  } else if (keychain.is_array()) {
    for (const auto& entry : keychain) {
      if (entry.is_object() && entry.contains("name") && entry["name"].is_string()) names.push_back(entry["name"]);
    }
  }
  return names;
}

class SlipFinder {
 public:
  SlipFinder(const Node& root, const domain::Playbook& playbook, Findings& findings) : findings_(findings) {
    collect_names(root, known_);
    for (const auto name : names_of_the_language) candidates_.emplace_back(name);
    for (const auto& step : playbook.workflow) candidates_.push_back(step.name);
    for (const auto& [name, value] : playbook.workload.items()) candidates_.push_back(name);
    known_.insert(names_of_jinja.begin(), names_of_jinja.end());
    known_.insert(candidates_.begin(), candidates_.end());
    learn_members(root, playbook);
  }

  void look(const Field& field, bool is_program = false) {
    if (findings_.is_full_of_warnings()) return;
    if (field.node->kind == Node::Kind::scalar) return look_at_text(field, is_program);
    for (std::size_t index = 0; index < field.node->items.size(); ++index) look(field.at(index), is_program);
    for (const auto& member : field.node->members)
      look(field.of(member), is_program || vocabulary::is_program_text(member.key));
  }

 private:
  // What members the names have of which that is known.
  void learn_members(const Node& root, const domain::Playbook& playbook) {
    std::set<std::string, std::less<>> set_names;
    collect_set_names(root, false, set_names);
    std::vector<std::string> variables(set_names.begin(), set_names.end());
    for (const auto& [name, value] : playbook.workload.items()) {
      variables.push_back(name);
      // A map of the workload, unless a step or a variable takes its name.
      if (!value.is_object() || value.empty() || playbook.find_step(name) != nullptr || set_names.contains(name))
        continue;
      auto& members = members_[name];
      for (const auto& [member, inner] : value.items()) members.push_back(member);
    }
    for (const auto& step : playbook.workflow) members_["steps"].push_back(step.name);
    members_["workload"] = members_["ctx"] = members_["vars"] = std::move(variables);
    members_["keychain"] = keychain_names(playbook.keychain);
    members_["error"] = {"kind", "message", "retryable", "status", "retry_after", "traceback", "index"};
    for (const auto& detail : domain::error_details) members_["error"].emplace_back(detail.name);
  }

  void look_at_members(const Field& field, const templating::Template& parsed) {
    for (const auto& [name, member] : templating::members_read(parsed)) {
      const auto known = members_.find(name);
      if (known == members_.end() || known->second.empty() || vocabulary::contains(names_of_maps, member)) continue;
      if (std::ranges::find(known->second, member) != known->second.end()) continue;
      const std::vector<std::string_view> near(known->second.begin(), known->second.end());
      if (!is_slip_of(member, near)) continue;
      findings_.warning(field.path, place_of(*field.node, name + "." + member, name),
                        "'" + clipped(name, 60) + "' has no '" + clipped(member, 60) +
                            "' in this playbook: it will be empty unless the input brings it",
                        did_you_mean(member, known->second));
    }
  }

  void look_at_text(const Field& field, bool is_program) {
    const auto& node = *field.node;
    if (!node.value.is_string() || !has_template_marks(node.text)) return;
    const auto parsed = templating::parse(node.text);
    if (!parsed) return;  // reported where it was read
    for (const auto& name : (*parsed)->roots()) {
      if (known_.contains(name)) continue;
      auto suggestion = name.size() < compared_length_min ? std::string() : did_you_mean(name, candidates_);
      // Names that begin so are the server's own.
      const bool is_of_server = name.starts_with("__");
      // In a program {{ x }} may be the program's own: an f-string, a Go template.
      if (suggestion.empty() && is_program && !is_of_server)
        suggestion = "{% raw %} and {% endraw %} keep braces of the program's own";
      if (suggestion.empty() && !is_of_server) continue;
      findings_.warning(
          field.path, place_of(node, name),
          "nothing in this playbook is called '" + clipped(name, 60) + "': it will be empty unless the input brings it",
          std::move(suggestion));
    }
    look_at_members(field, **parsed);
  }

  static SourceMark place_of(const Node& node, const std::string& preferred, const std::string& name) {
    return place_of(node, node.text.find(preferred) == std::string::npos ? name : preferred);
  }

  // The name's first place inside a template of the text.
  static SourceMark place_of(const Node& node, const std::string& name) {
    const std::string_view text = node.text;
    const auto begins = [&](std::size_t at) {
      const bool is_inside = text.substr(0, at).rfind("{{") != std::string_view::npos ||
                             text.substr(0, at).rfind("{%") != std::string_view::npos;
      const auto is_part = [](char c) {
        return c == '_' || c == '.' || std::isalnum(static_cast<unsigned char>(c)) != 0;
      };
      return is_inside && (at == 0 || !is_part(text[at - 1]));
    };
    auto at = text.find(name);
    while (at != std::string_view::npos && !begins(at)) at = text.find(name, at + 1);
    if (at == std::string_view::npos) return node.mark;
    return place_in_text(node, mark_at(text, at));
  }

  Findings& findings_;
  std::set<std::string, std::less<>> known_;
  std::vector<std::string> candidates_;
  std::map<std::string, std::vector<std::string>, std::less<>> members_;
};

}  // namespace

void warn_of_slips_in_names(const Node& root, const domain::Playbook& playbook, Findings& findings) {
  SlipFinder(root, playbook, findings).look({&root, ""});
}

}  // namespace noetl::language
