#include "shared/reach/files_root.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstring>
#include <system_error>

namespace noetl::reach {
namespace {

using base::ErrorCode;
namespace fs = std::filesystem;

// Kernels before 5.6, and containers whose filter does not know it: then each part is opened without following links.
std::atomic<bool> has_openat2{true};

int open_parts(int folder, const std::string& relative, int flags, mode_t mode) {
  int at = fcntl(folder, F_DUPFD_CLOEXEC, 0);
  const fs::path path(relative);
  for (auto part = path.begin(); at >= 0 && part != path.end(); ++part) {
    const bool is_last = std::next(part) == path.end();
    if (*part == "..") {
      ::close(at);
      errno = EXDEV;
      return -1;
    }
    const int next = is_last ? openat(at, part->c_str(), flags | O_NOFOLLOW, mode)
                             : openat(at, part->c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    const int error = errno;
    ::close(at);
    errno = error;
    at = next;
  }
  return at;
}

// Where a descriptor leads, by the kernel's own account.
std::string path_of(int descriptor) {
  std::array<char, PATH_MAX> text{};
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  const ssize_t length = readlink(link.c_str(), text.data(), text.size());
  return length > 0 ? std::string(text.data(), static_cast<std::size_t>(length)) : std::string();
}

bool is_plain(int descriptor) {
  struct stat status {};
  return fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
}

}  // namespace

File::~File() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool File::close() { return ::close(std::exchange(descriptor_, -1)) == 0; }

std::uint64_t File::size() const {
  struct stat status {};
  return fstat(descriptor_, &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

base::Result<std::string> File::read(std::size_t bytes_max) const {
  std::string text(std::min<std::uint64_t>(size(), bytes_max), '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t count = ::read(descriptor_, text.data() + done, text.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return base::failure(ErrorCode::internal, std::string("reading failed: ") + strerror(errno));
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  text.resize(done);
  return text;
}

bool File::write(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

FilesRoot::FilesRoot(fs::path root, bool uses_openat2)
    : root_(fs::absolute(root.empty() ? fs::path("files") : std::move(root)).lexically_normal()),
      uses_openat2_(uses_openat2) {
  if (!root_.has_filename()) root_ = root_.parent_path();  // "/srv/files/" and "/srv/files" are one
}

base::Result<File> FilesRoot::folder() const {
  int opened = ::open(root_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (opened < 0 && errno == ENOENT) {
    std::error_code error;
    fs::create_directories(root_.parent_path(), error);
    if (mkdir(root_.c_str(), 0700) == 0 || errno == EEXIST)
      opened = ::open(root_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  }
  if (opened >= 0) return File(opened);
  return base::failure(ErrorCode::not_found, "the folder of files '" + root_.string() +
                                                 "' cannot be opened: " + strerror(errno) +
                                                 "; the setting files-root says where tools read and write files");
}

tl::unexpected<base::Error> FilesRoot::failure_of(int error, const std::string& path, const std::string& option) const {
  const std::string named = "option '" + option + "': '" + path + "'";
  if (error == EXDEV || error == ELOOP) {
    return base::failure(ErrorCode::invalid_input,
                         named + " is outside of '" + root_.string() +
                             "', the folder of files; paths are relative to it, or below it (setting files-root)",
                         option);
  }
  return base::failure(ErrorCode::not_found,
                       named + " cannot be opened below '" + root_.string() + "': " + strerror(error), option);
}

base::Result<std::string> FilesRoot::relative(const std::string& path, const std::string& option) const {
  const std::string plain = path.starts_with("file://") ? path.substr(7) : path;
  if (plain.empty() || plain.find('\0') != std::string::npos)
    return base::failure(ErrorCode::invalid_input, "option '" + option + "' must be the path of a file", option);
  if (!plain.starts_with('/')) return plain;
  std::error_code error;
  for (const fs::path& root : {root_, fs::weakly_canonical(root_, error)}) {
    const fs::path below = fs::path(plain).lexically_relative(root);
    if (!below.empty() && *below.begin() != ".." && below != ".") return below.string();
  }
  return failure_of(EXDEV, path, option);
}

int FilesRoot::open_beneath(int folder, const std::string& relative, Opening opening) const {
  if (uses_openat2_ && has_openat2) {
    struct open_how how {};
    how.flags = static_cast<std::uint64_t>(opening.flags);
    how.mode = static_cast<std::uint64_t>(opening.mode);
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
    // EAGAIN: something was renamed while the kernel looked.
    for (int attempt = 0; attempt < 8; ++attempt) {
      const auto opened = static_cast<int>(syscall(SYS_openat2, folder, relative.c_str(), &how, sizeof how));
      if (opened >= 0 || errno != EAGAIN) {
        if (opened >= 0 || (errno != ENOSYS && errno != EPERM)) return opened;
        break;
      }
    }
    if (errno == ENOSYS) has_openat2 = false;
  }
  return open_parts(folder, relative, opening.flags, static_cast<mode_t>(opening.mode));
}

base::Result<File> FilesRoot::open_file(const std::string& path, const std::string& option, Opening opening) const {
  auto below = relative(path, option);
  if (!below) return tl::unexpected(below.error());
  const auto root = folder();
  if (!root) return tl::unexpected(root.error());
  // Without waiting: a pipe that nobody writes to would hold the thread.
  opening.flags |= O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  File file(open_beneath(root->descriptor(), *below, opening));
  if (file.descriptor() < 0) return failure_of(errno, path, option);
  if (!is_plain(file.descriptor()))
    return base::failure(ErrorCode::not_found, "option '" + option + "': '" + path + "' is no plain file", option);
  return file;
}

base::Result<File> FilesRoot::open(const std::string& path, const std::string& option) const {
  return open_file(path, option, {.flags = O_RDONLY, .mode = 0});
}

base::Result<File> FilesRoot::create(const std::string& path, const std::string& option) const {
  return open_file(path, option, {.flags = O_WRONLY | O_CREAT | O_TRUNC, .mode = 0644});
}

base::Result<std::pair<File, std::string>> FilesRoot::parent_of(const std::string& path,
                                                                const std::string& option) const {
  auto below = relative(path, option);
  if (!below) return tl::unexpected(below.error());
  const auto root = folder();
  if (!root) return tl::unexpected(root.error());
  const fs::path parts(*below);
  const std::string name = parts.filename().string();
  if (name.empty() || name == "." || name == "..") return failure_of(EXDEV, path, option);
  const std::string parent = parts.has_parent_path() ? parts.parent_path().string() : ".";
  File folder(open_beneath(root->descriptor(), parent, {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .mode = 0}));
  if (folder.descriptor() < 0) return failure_of(errno, path, option);
  return std::pair(std::move(folder), name);
}

base::Result<void> FilesRoot::rename(const std::string& from, const std::string& to) const {
  const auto source = parent_of(from, "path");
  if (!source) return tl::unexpected(source.error());
  const auto target = parent_of(to, "path");
  if (!target) return tl::unexpected(target.error());
  if (renameat(source->first.descriptor(), source->second.c_str(), target->first.descriptor(),
               target->second.c_str()) != 0)
    return failure_of(errno, to, "path");
  return {};
}

void FilesRoot::remove(const std::string& path) const noexcept {
  try {
    const auto parent = parent_of(path, "path");
    if (parent) unlinkat(parent->first.descriptor(), parent->second.c_str(), 0);
  } catch (...) {  // out of memory: the file stays
    return;
  }
}

base::Result<std::string> FilesRoot::resolve(const std::string& path, const std::string& option) const {
  const auto parent = parent_of(path, option);
  if (!parent) return tl::unexpected(parent.error());
  const auto& [folder, name] = *parent;
  struct stat status {};
  const bool is_there = fstatat(folder.descriptor(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
  if (!is_there || !S_ISLNK(status.st_mode)) return path_of(folder.descriptor()) + "/" + name;
  const auto below = relative(path, option);
  const auto root = this->folder();
  if (!below || !root) return failure_of(EXDEV, path, option);
  const File led(open_beneath(root->descriptor(), *below, {.flags = O_PATH | O_CLOEXEC, .mode = 0}));
  if (led.descriptor() < 0) return failure_of(errno, path, option);
  // Without openat2 it is the link itself that was opened.
  if (fstat(led.descriptor(), &status) == 0 && S_ISLNK(status.st_mode)) return failure_of(ELOOP, path, option);
  return path_of(led.descriptor());
}

}  // namespace noetl::reach
