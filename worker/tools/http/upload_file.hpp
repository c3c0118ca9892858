#pragma once
// upload_file: a file of the worker that a step sends somewhere, whole in memory. Free function; any thread; blocks on the disk.
#include <string>

#include "shared/base/result.hpp"
#include "shared/reach/files_root.hpp"

namespace noetl::tools {

// `option` names it in errors. invalid_input: outside of the root; not_found: no regular file of at most 256 MiB.
[[nodiscard]] base::Result<std::string> upload_file(const reach::FilesRoot& root, const std::string& path,
                                                    const std::string& option);

}  // namespace noetl::tools
