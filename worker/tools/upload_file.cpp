#include "worker/tools/upload_file.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

namespace noetl::tools {

namespace {
constexpr std::uintmax_t upload_bytes_max = 256UL * 1024 * 1024;
}  // namespace

base::Result<std::string> upload_file(const std::string& path, const std::string& option) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error) ||
      std::filesystem::file_size(path, error) > upload_bytes_max) {
    return base::failure(
        base::ErrorCode::not_found,
        "option '" + option + "': '" + path + "' is no file of at most 256 MiB on this worker", option);
  }
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return std::move(text).str();
}

}  // namespace noetl::tools
