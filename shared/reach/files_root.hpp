#pragma once
// FilesRoot: the one folder below which tools read and write files. The kernel resolves each path beneath it (openat2), so that
// neither "..", nor a symbolic link, nor a link of /proc leads out. Any thread.
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "shared/base/result.hpp"

namespace noetl::reach {

// One open file; closed with the object.
class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  File& operator=(File&&) = delete;
  ~File();

  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] std::uint64_t size() const;
  // Nothing more than that many bytes; fewer when the file ends.
  [[nodiscard]] base::Result<std::string> read(std::size_t bytes_max) const;
  [[nodiscard]] bool write(std::string_view bytes) const;  // all of them
  [[nodiscard]] bool close();  // false: what was written may be lost

 private:
  int descriptor_;
};

class FilesRoot {
 public:
  // Empty: the folder `files` in the working directory. The folder is made when the first file is asked for.
  explicit FilesRoot(std::filesystem::path root = {}, bool uses_openat2 = true);

  [[nodiscard]] const std::filesystem::path& path() const { return root_; }

  // Errors name the path and the root: invalid_input (outside), not_found (cannot be opened, no plain file). `option` is the
  // step's option that has the path. Paths are relative to the root, or absolute and below it.
  [[nodiscard]] base::Result<File> open(const std::string& path, const std::string& option) const;
  [[nodiscard]] base::Result<File> create(const std::string& path, const std::string& option) const;
  [[nodiscard]] base::Result<void> rename(const std::string& from, const std::string& to) const;
  void remove(const std::string& path) const noexcept;

  // For libraries that open by name: the path without links, beneath the root at this moment. Its last part need not exist.
  [[nodiscard]] base::Result<std::string> resolve(const std::string& path, const std::string& option) const;

 private:
  struct Opening {
    int flags = 0;
    int mode = 0;
  };
  [[nodiscard]] base::Result<File> folder() const;
  [[nodiscard]] base::Result<std::string> relative(const std::string& path, const std::string& option) const;
  [[nodiscard]] int open_beneath(int folder, const std::string& relative, Opening opening) const;
  [[nodiscard]] base::Result<File> open_file(const std::string& path, const std::string& option, Opening opening) const;
  // The folder that the path's last part is in, and that part.
  [[nodiscard]] base::Result<std::pair<File, std::string>> parent_of(const std::string& path,
                                                                     const std::string& option) const;
  [[nodiscard]] tl::unexpected<base::Error> failure_of(int error, const std::string& path,
                                                       const std::string& option) const;

  std::filesystem::path root_;  // absolute
  bool uses_openat2_;
};

}  // namespace noetl::reach
