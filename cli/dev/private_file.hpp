#pragma once
// Files that nobody but their owner may read, and what is written into them when a secret is made. Main thread.
#include <string>

namespace noetl::dev {

// 32 random bytes as 64 hexadecimal digits.
[[nodiscard]] std::string random_hex();

// Mode 0600 from the first byte on; renamed into place, so that it is there whole or not at all. Throws std::system_error.
void write_private_file(const std::string& path, const std::string& text);

}  // namespace noetl::dev
