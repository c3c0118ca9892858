#include "cli/dev/encryption_key.hpp"

#include <filesystem>

#include "cli/dev/private_file.hpp"

namespace noetl::dev {

std::string encryption_key_file(const std::string& folder) {
  const std::string path = folder + "/encryption.key";
  // Half a key would lock its secrets away for ever: the file is there whole, or not at all.
  if (!std::filesystem::exists(path)) write_private_file(path, random_hex() + "\n");
  return path;
}

}  // namespace noetl::dev
