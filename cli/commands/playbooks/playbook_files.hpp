#pragma once
// Which files an argument like FILE, FOLDER or - names. Main thread.
#include <string>
#include <vector>

#include "shared/base/result.hpp"

namespace noetl::cli {

// The file itself (- is stdin), or every .yaml and .yml below the folder, in order. Errors: an unreadable
// folder, none or more than 10,000 in it.
[[nodiscard]] base::Result<std::vector<std::string>> playbook_files(const std::string& path);

}  // namespace noetl::cli
