#pragma once
// The arguments of noetl-server and noetl-worker: `--name value` or `--name=value` for any of their settings,
// and --config FILE. (noetlctl has a command line of its own.) Pure; any thread.
#include <map>
#include <string>
#include <vector>

#include "shared/base/result.hpp"
#include "shared/config/setting.hpp"

namespace noetl::config {

struct ProgramFlags {
  std::map<std::string, std::string> settings;
  std::string config_file;
};

// Errors: an unknown flag (with the nearest one), a flag of another program, a value left out.
[[nodiscard]] base::Result<ProgramFlags> read_flags(const std::vector<std::string>& arguments, Program program);

}  // namespace noetl::config
