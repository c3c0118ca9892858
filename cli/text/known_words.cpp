#include "cli/text/known_words.hpp"

#include <algorithm>
#include <string_view>

#include "shared/base/text/nearest_word.hpp"

namespace noetl::cli {
namespace {

using Apps = std::vector<const CLI::App*>;

struct Synonym {
  std::string_view word, command;
};
// What other programs call it.
constexpr Synonym synonyms[] = {
    {"add", "put"},       {"all", "list"},      {"create", "register"}, {"describe", "get"},    {"destroy", "delete"},
    {"discard", "purge"}, {"find", "list"},     {"info", "get"},        {"kill", "cancel"},     {"log", "events"},
    {"logs", "events"},   {"push", "enqueue"},  {"put", "set"},         {"remove", "delete"},   {"replay", "redrive"},
    {"retry", "rerun"},   {"retry", "redrive"}, {"submit", "enqueue"},  {"stop", "cancel"},     {"stop", "drain"},
    {"follow", "watch"},  {"tail", "watch"},    {"up", "start"},        {"upload", "register"}, {"validate", "lint"},
    {"check", "lint"},    {"view", "get"},      {"wait", "watch"}};

Apps commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* command) { return !command->get_name().empty(); });
}

const CLI::App* find_command(const CLI::App& app, const std::string& word) {
  const auto commands = commands_of(app);
  const auto found = std::ranges::find_if(commands, [&](const auto* one) { return one->check_name(word); });
  return found == commands.end() ? nullptr : *found;
}

const CLI::Option* find_option(const CLI::App& app, const std::string& name) {
  for (const CLI::App* at = &app; at != nullptr; at = at->get_parent()) {
    if (const auto* option = at->get_option_no_throw(name)) return option;
  }
  return nullptr;
}

std::string full_name(const CLI::App& app) {
  return app.get_parent() == nullptr ? app.get_name() : full_name(*app.get_parent()) + " " + app.get_name();
}

std::string listed(const Apps& commands) {
  std::string text;
  for (const auto* command : commands) text += (text.empty() ? "" : ", ") + command->get_name();
  return text;
}

// One slip in three letters, and one in short words; more is another word.
std::size_t limit_for(const std::string& word) { return std::max<std::size_t>(2, word.size() / 3 + 1); }

std::string command_meant(const CLI::App& app, const std::string& word) {
  for (const auto& [known_as, command] : synonyms) {
    if (known_as == word && find_command(app, std::string(command)) != nullptr) return std::string(command);
  }
  const auto commands = commands_of(app);
  // A command of a group, without its group; bench names what others do, catalog is playbook.
  std::string below;
  for (const auto* group : commands) {
    if (group->get_name() == "bench" || group->get_name() == "catalog") continue;
    if (const auto* command = find_command(*group, word))
      below += (below.empty() ? "" : "' or '") + group->get_name() + " " + command->get_name();
  }
  if (!below.empty()) return below;
  std::vector<std::string_view> names;
  for (const auto* command : commands) {
    names.push_back(command->get_name());
    for (const auto& alias : command->get_aliases()) names.push_back(alias);
  }
  const auto nearest = base::nearest_word(word, names, limit_for(word));
  return nearest.empty() ? std::string() : find_command(app, std::string(nearest))->get_name();
}

std::string option_meant(const CLI::App& app, const std::string& name) {
  std::vector<std::string> names;
  for (const CLI::App* at = &app; at != nullptr; at = at->get_parent()) {
    for (const auto* option : at->get_options()) {
      for (const auto& known : option->get_lnames()) names.push_back("--" + known);
    }
  }
  const std::vector<std::string_view> views(names.begin(), names.end());
  return std::string(base::nearest_word(name, views, limit_for(name.substr(std::min<std::size_t>(2, name.size())))));
}

std::string with_meant(std::string text, const std::string& meant) {
  return meant.empty() ? text : std::move(text) + "; did you mean '" + meant + "'?";
}

// `--name`, `--name=value`, `-n`, `-nvalue`: its name.
std::string option_name(const std::string& word) {
  return word.starts_with("--") ? word.substr(0, word.find('=')) : word.substr(0, 2);
}

bool is_option(const std::string& word) {
  return word.size() > 1 && word[0] == '-' && (word[1] < '0' || word[1] > '9');  // a negative number is a value
}

}  // namespace

std::optional<std::string> unknown_word(const CLI::App& app, const std::vector<std::string>& words) {
  const CLI::App* at = &app;
  for (auto word = words.begin(); word != words.end(); ++word) {
    if (*word == "--") return std::nullopt;
    if (is_option(*word)) {
      const auto name = option_name(*word);
      if (name == "-h" || name == "--help" || name == "--version") return std::nullopt;
      const auto* option = find_option(*at, name);
      if (option == nullptr) {
        return with_meant(full_name(*at) + ": there is no option '" + name + "'", option_meant(*at, name)) + "\n" +
               full_name(*at) + " --help shows them all";
      }
      const bool has_value_inside = name.size() < word->size();
      if (option->get_items_expected_max() > 0 && !has_value_inside && word + 1 != words.end()) ++word;
      continue;
    }
    const auto commands = commands_of(*at);
    if (commands.empty()) continue;  // an argument
    const auto* next = find_command(*at, *word);
    if (next == nullptr) {
      return with_meant(full_name(*at) + ": there is no '" + *word + "'", command_meant(*at, *word)) +
             "\nthere are: " + listed(commands);
    }
    at = next;
  }
  if (at->get_require_subcommand_min() == 0) return std::nullopt;
  return full_name(*at) + ": say which: " + listed(commands_of(*at));
}

void add_other_names(CLI::App& app) {
  struct Name {
    const char* command;
    const char* other;
  };
  static constexpr Name of_groups[] = {
      {"execution", "executions"}, {"execution", "exec"},         {"command", "commands"},
      {"worker", "workers"},       {"playbook", "playbooks"},     {"pool", "pools"},
      {"dead", "dead-letters"},    {"credential", "credentials"}, {"vars", "variables"}};
  static constexpr Name of_commands[] = {{"list", "ls"}, {"get", "show"}, {"show", "get"}, {"delete", "rm"}};
  const auto add = [](CLI::App& place, const Name& name) {
    if (find_command(place, name.command) == nullptr || find_command(place, name.other) != nullptr) return;
    place.get_subcommand(name.command)->alias(name.other);
  };
  for (const auto& name : of_groups) add(app, name);
  for (auto* group : app.get_subcommands([](CLI::App*) { return true; })) {
    for (const auto& name : of_commands) add(*group, name);
  }
}

}  // namespace noetl::cli
