#pragma once
// TemporaryFolder: a folder of one test's own, gone with the object. One owner; any thread may use path().
#include <filesystem>
#include <string>

namespace noetl::support {

class TemporaryFolder {
 public:
  explicit TemporaryFolder(const std::string& prefix = "noetl-test");
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

[[nodiscard]] std::string read_text(const std::filesystem::path& file);  // empty when there is none
void write_text(const std::filesystem::path& file, const std::string& text);

}  // namespace noetl::support
