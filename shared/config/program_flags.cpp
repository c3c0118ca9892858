#include "shared/config/program_flags.hpp"

#include "shared/config/resolve.hpp"

namespace noetl::config {

using base::ErrorCode;
using base::failure;

base::Result<ProgramFlags> read_flags(const std::vector<std::string>& arguments, Program program) {
  ProgramFlags flags;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (!argument.starts_with("--")) {
      return failure(ErrorCode::invalid_input, "expected a flag such as --log-level, found '" + argument + "'");
    }
    const auto equals = argument.find('=');
    const std::string name = argument.substr(2, equals == std::string::npos ? equals : equals - 2);
    const Setting* setting = find_setting(name);
    const bool is_known = name == "config" || (setting != nullptr && (setting->programs & program) != 0);
    if (!is_known) {
      const std::string near = nearest_setting(name);
      return failure(ErrorCode::invalid_input,
                     "unknown flag --" + name + (near.empty() || near == name ? "" : ", did you mean --" + near + "?"),
                     name);
    }
    if (equals == std::string::npos && i + 1 == arguments.size()) {
      return failure(ErrorCode::invalid_input, "--" + name + " needs a value", name);
    }
    std::string value = equals == std::string::npos ? arguments[++i] : argument.substr(equals + 1);
    name == "config" ? static_cast<void>(flags.config_file = std::move(value))
                     : static_cast<void>(flags.settings[std::string(setting->name)] = std::move(value));
  }
  return flags;
}

}  // namespace noetl::config
