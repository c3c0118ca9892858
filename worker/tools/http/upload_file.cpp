#include "worker/tools/http/upload_file.hpp"

namespace noetl::tools {

namespace {
constexpr std::uint64_t upload_bytes_max = 256UL * 1024 * 1024;
}  // namespace

base::Result<std::string> upload_file(const reach::FilesRoot& root, const std::string& path,
                                      const std::string& option) {
  const auto file = root.open(path, option);
  if (!file) return tl::unexpected(file.error());
  if (file->size() > upload_bytes_max) {
    return base::failure(base::ErrorCode::not_found,
                         "option '" + option + "': '" + path + "' is no file of at most 256 MiB on this worker",
                         option);
  }
  return file->read(upload_bytes_max);
}

}  // namespace noetl::tools
