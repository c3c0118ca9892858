#pragma once
// The encryption key of `noetlctl dev`: made once, kept in its folder, readable by its owner alone. One thread.
#include <string>

namespace noetl::dev {

// The path of the key file below `folder`; makes it when it is missing. Throws std::system_error when it cannot.
[[nodiscard]] std::string encryption_key_file(const std::string& folder);

}  // namespace noetl::dev
