#pragma once
// Resolving settings: flag > environment > file > default. Every value is checked, wherever it came from,
// and an error names the setting, its origin and what was expected; all errors at once. Any thread.
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "shared/base/result.hpp"
#include "shared/config/setting.hpp"

namespace noetl::config {

enum class Origin : std::uint8_t { default_value, file, environment, flag };

struct ResolvedValue {
  std::string value;
  Origin origin = Origin::default_value;
  std::string where;  // "default", "NOETL_PORT", "--port", "noetl.conf:12"
  std::string problem = {};  // not empty: its file could not be read; for the programs that need it
};

// By setting name; every setting of the table is in it.
using Resolved = std::map<std::string, ResolvedValue, std::less<>>;

// Key → value and the place it stands at.
struct FileValue {
  std::string value;
  std::string where;
};
using FileValues = std::map<std::string, FileValue, std::less<>>;

struct Sources {
  std::map<std::string, std::string> flags;  // by setting name
  std::function<std::optional<std::string>(std::string_view)> environment;  // variable → value
  FileValues file;
  std::function<base::Result<std::string>(const std::string& file)> read_file = {};  // of settings that name one
};

[[nodiscard]] base::Result<Resolved> resolve(const Sources& sources);

// A file whose name ends with .toml is TOML. Others have `key = value` lines with # comments and optional quotes, or are one flat JSON
// object. Errors name the line.
[[nodiscard]] base::Result<FileValues> parse_config_file(std::string_view text, std::string_view file_name);

// What programs call: the process's environment, and the file named by --config or NOETL_CONFIG if any.
[[nodiscard]] base::Result<Resolved> resolve_for_process(const std::map<std::string, std::string>& flags,
                                                         const std::string& config_file_flag);

// Could the files that hold secrets of this program be read? Errors name the setting and the file.
[[nodiscard]] base::Result<void> check_secret_files(const Resolved& resolved, Program program);

// The setting that is spelled nearest, or empty: "did you mean".
[[nodiscard]] std::string nearest_setting(std::string_view name);

}  // namespace noetl::config
