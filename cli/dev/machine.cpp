#include "cli/dev/machine.hpp"

#include <arpa/inet.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <vector>

namespace noetl::dev {
namespace {

namespace fs = std::filesystem;

// The port that could be bound (the system's choice for 0), or nothing.
std::optional<int> bind_port(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return std::nullopt;
  const int yes = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_ANY);  // taken on any address counts as taken
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  const bool is_bound = bind(fd, generic, size) == 0 && listen(fd, 1) == 0 && getsockname(fd, generic, &size) == 0;
  const int bound = ntohs(address.sin_port);
  close(fd);
  return is_bound ? std::optional<int>(bound) : std::nullopt;
}

bool is_executable(const std::string& path) { return access(path.c_str(), X_OK) == 0 && !fs::is_directory(path); }

}  // namespace

bool is_port_free(int port) { return bind_port(port).has_value(); }

int choose_port(int wanted, int fallback) {
  for (const int port : {wanted, fallback}) {
    if (port > 0 && is_port_free(port)) return port;
  }
  return bind_port(0).value_or(0);
}

std::optional<std::string> find_program(std::string_view name) {
  const char* path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path;
  while (!rest.empty()) {
    const auto end = rest.find(':');
    std::string candidate = std::string(rest.substr(0, end)) + "/" + std::string(name);
    if (candidate.front() == '/' && is_executable(candidate)) return candidate;
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  }
  for (const char* folder : {"/usr/sbin", "/usr/local/sbin"}) {
    if (const std::string candidate = std::string(folder) + "/" + std::string(name); is_executable(candidate))
      return candidate;
  }
  std::string newest;
  int newest_version = 0;
  std::error_code absent;
  for (const auto& version : fs::directory_iterator("/usr/lib/postgresql", absent)) {
    const std::string candidate = version.path().string() + "/bin/" + std::string(name);
    const int number = std::atoi(version.path().filename().c_str());
    if (number > newest_version && is_executable(candidate)) {
      newest = candidate;
      newest_version = number;
    }
  }
  return newest.empty() ? std::nullopt : std::optional(newest);
}

std::optional<Account> ordinary_user() {
  if (geteuid() != 0) return std::nullopt;
  for (const char* name : {"postgres", "nobody"}) {
    const passwd* found = getpwnam(name);
    if (found != nullptr) return Account{.uid = found->pw_uid, .gid = found->pw_gid, .name = name};
  }
  return Account{.uid = 65534, .gid = 65534, .name = "65534"};
}

bool can_reach(const Account& account, const std::string& folder) {
  for (fs::path at = folder;; at = at.parent_path()) {
    struct stat found {};
    if (stat(at.c_str(), &found) != 0) return false;
    const mode_t needed = found.st_uid == account.uid ? S_IXUSR : found.st_gid == account.gid ? S_IXGRP : S_IXOTH;
    if ((found.st_mode & needed) == 0) return false;
    if (at == at.root_path()) return true;
  }
}

std::string log_tail(const std::string& file, int lines) {
  std::ifstream in(file);
  std::deque<std::string> kept;
  for (std::string line; std::getline(in, line);) {
    kept.push_back(std::move(line));
    if (kept.size() > static_cast<std::size_t>(lines)) kept.pop_front();
  }
  std::string tail;
  for (const auto& line : kept) tail += "  | " + line + "\n";
  return tail;
}

}  // namespace noetl::dev
