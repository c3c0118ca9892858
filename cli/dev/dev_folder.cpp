#include "cli/dev/dev_folder.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "cli/dev/private_file.hpp"

namespace noetl::dev {
namespace {

namespace fs = std::filesystem;
constexpr std::uintmax_t log_bytes_max = 16 * 1024 * 1024;

// A lock of the open file, not of the process (OFD): it can be looked at without being taken, so that asking
// for the status never gets in the way of a start.
struct flock whole_file() {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

bool is_locked(int lock_fd) {
  auto wanted = whole_file();
  return fcntl(lock_fd, F_OFD_GETLK, &wanted) == 0 && wanted.l_type != F_UNLCK;
}

}  // namespace

bool is_folder_held(const std::string& path) {
  const int fd = open((path + "/dev.lock").c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool is_held = is_locked(fd);
  close(fd);
  return is_held;
}

DevFolder::DevFolder(const std::string& path) {
  fs::create_directories(fs::path(path) / "logs");
  path_ = fs::canonical(path).string();
  // Logs, results and logins are their owner's. The folder itself may be entered: Postgres, which root cannot be, is in it.
  fs::permissions(path_ + "/logs", fs::perms::owner_all);
  const std::string lock_file = path_ + "/dev.lock";
  lock_fd_ = open(lock_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_fd_ < 0) throw std::system_error(errno, std::generic_category(), "lock file " + lock_file);
}

DevFolder::~DevFolder() { close(lock_fd_); }

bool DevFolder::is_held() const { return is_locked(lock_fd_); }

base::Result<void> DevFolder::lock() {
  auto wanted = whole_file();
  if (fcntl(lock_fd_, F_OFD_SETLK, &wanted) == 0) return {};
  const auto state = read_state();
  return base::failure(base::ErrorCode::conflict, "a stack already runs in " + path_ + " (process " +
                                                      std::to_string(state.value("pid", 0)) + ", server " +
                                                      state.value("server_url", std::string("starting")) +
                                                      "); stop it with: noetlctl dev --stop --data " + path_);
}

void DevFolder::wait_until_free() {
  auto wanted = whole_file();
  while (fcntl(lock_fd_, F_OFD_SETLKW, &wanted) != 0 && errno == EINTR) {
  }
}

std::string DevFolder::log_file(const std::string& name) const {
  const std::string file = path_ + "/logs/" + name + ".log";
  std::error_code absent;
  if (fs::file_size(file, absent) > log_bytes_max && !absent) fs::rename(file, file + ".old", absent);
  return file;
}

nlohmann::json DevFolder::read_state() const {
  std::ifstream file(path_ + "/dev.json");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  auto state = nlohmann::json::parse(text, nullptr, false);
  return state.is_object() ? state : nlohmann::json::object();
}

void DevFolder::write_state(const nlohmann::json& state) const {
  // Renamed into place: a reader sees the old text or the new one, never half of it.
  write_private_file(path_ + "/dev.json", state.dump(2) + '\n');
}

}  // namespace noetl::dev
