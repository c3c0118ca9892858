#include <memory>
#include <ostream>

#include "cli/commands/commands.hpp"
#include "cli/session.hpp"

namespace noetl::cli {
namespace {

// Words that may follow one path of subcommands, e.g. "playbook" → register list get lint --help …
struct Place {
  std::string path;  // "" or " playbook" or " playbook register"
  std::vector<std::string> commands;
  std::vector<std::string> flags;
};

void collect(const CLI::App& app, const std::string& path, std::vector<Place>& places) {
  Place place{.path = path, .commands = {}, .flags = {}};
  for (const CLI::App* from = &app; from != nullptr; from = from->get_parent()) {
    for (const auto* option : from->get_options()) {
      for (const auto& name : option->get_lnames()) place.flags.push_back("--" + name);
    }
  }
  const auto below = app.get_subcommands([](const CLI::App*) { return true; });
  for (const auto* command : below) place.commands.push_back(command->get_name());
  places.push_back(std::move(place));
  for (const auto* command : below) collect(*command, path + " " + command->get_name(), places);
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

void write_bash(std::ostream& out, const std::vector<Place>& places) {
  out << "_noetlctl() {\n"
         "  local word=\"${COMP_WORDS[COMP_CWORD]}\" path=\"\" i words=\"\"\n"
         "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "    [[ \"${COMP_WORDS[i]}\" == -* ]] || path+=\" ${COMP_WORDS[i]}\"\n"
         "  done\n"
         "  case \"$path\" in\n";
  for (auto place = places.rbegin(); place != places.rend(); ++place) {
    out << "    \"" << place->path << "\"" << (place->commands.empty() ? "*" : "") << ") words=\""
        << joined(place->commands) << (place->commands.empty() ? "" : " ") << joined(place->flags) << "\" ;;\n";
  }
  out << "  esac\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
         "  [[ ${#COMPREPLY[@]} -gt 0 || \"$word\" == -* ]] || COMPREPLY=($(compgen -f -- \"$word\"))\n"
         "}\n"
         "complete -F _noetlctl noetlctl\n";
}

void write_fish(std::ostream& out, const std::vector<Place>& places) {
  for (const auto& place : places) {
    std::string condition = "__fish_use_subcommand";
    if (!place.path.empty()) {
      condition.clear();
      std::size_t from = 1;
      while (from != 0) {
        const auto end = place.path.find(' ', from);
        condition += (condition.empty() ? "" : "; and ") +
                     ("__fish_seen_subcommand_from " + place.path.substr(from, end - from));
        from = end == std::string::npos ? 0 : end + 1;
      }
    }
    for (const auto& command : place.commands)
      out << "complete -c noetlctl -f -n '" << condition << "' -a " << command << '\n';
    for (const auto& flag : place.flags)
      out << "complete -c noetlctl -n '" << condition << "' -l " << flag.substr(2) << '\n';
  }
}

}  // namespace

void add_completion_command(CLI::App& app, CommandLine& line) {
  auto* completion = app.add_subcommand("completion", "Print a completion script: source <(noetlctl completion bash)");
  auto shell = std::make_shared<std::string>();
  completion->add_option("shell", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  on_chosen(*completion, line, [&app, shell](Session& session) {
    std::vector<Place> places;
    collect(app, "", places);
    if (*shell == "zsh") session.output.out() << "autoload -U +X bashcompinit && bashcompinit\n";
    *shell == "fish" ? write_fish(session.output.out(), places) : write_bash(session.output.out(), places);
    return 0;
  });
}

}  // namespace noetl::cli
