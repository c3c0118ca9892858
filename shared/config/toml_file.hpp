#pragma once
// Configuration files of TOML. Pure; any thread.
#include <string>
#include <string_view>

#include "shared/config/resolve.hpp"

namespace noetl::config {

// Errors name the line, or the key that no setting has.
[[nodiscard]] base::Result<FileValues> parse_toml(std::string_view text, const std::string& file_name);

}  // namespace noetl::config
