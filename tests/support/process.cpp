#include "tests/support/process.hpp"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <system_error>

#include "tests/support/temporary_folder.hpp"
#include "tests/support/wait_until.hpp"

namespace noetl::support {
namespace {

using namespace std::chrono_literals;

bool is_setting_of_ours(const std::string& name) {
  return name.starts_with("NOETL_") || name == "NATS_URL" || name == "SERVER_API_URL" || name.starts_with("PG");
}

std::vector<std::string> environment_with(const std::map<std::string, std::string>& added) {
  std::vector<std::string> lines;
  for (char** line = environ; *line != nullptr; ++line) {
    const std::string text = *line;
    const std::string name = text.substr(0, text.find('='));
    if (!is_setting_of_ours(name) && !added.contains(name)) lines.push_back(text);
  }
  for (const auto& [name, value] : added) lines.push_back(name + "=" + value);
  return lines;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (auto& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

bool is_executable(const std::filesystem::path& file) { return ::access(file.c_str(), X_OK) == 0; }

std::vector<std::filesystem::path> program_folders() {
  std::vector<std::filesystem::path> folders;
  std::string path = std::getenv("PATH") != nullptr ? std::getenv("PATH") : "";
  path += ":/usr/local/bin:/usr/bin:/usr/sbin:/sbin";
  for (std::size_t at = 0; at <= path.size();) {
    const auto end = std::min(path.find(':', at), path.size());
    if (end > at) folders.emplace_back(path.substr(at, end - at));
    at = end + 1;
  }
  std::error_code missing;
  std::vector<std::filesystem::path> versions;
  for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/postgresql", missing)) {
    versions.push_back(entry.path() / "bin");
  }
  std::sort(versions.rbegin(), versions.rend());
  folders.insert(folders.end(), versions.begin(), versions.end());
  return folders;
}

struct Prepared {
  std::vector<std::string> arguments, environment;
  std::vector<char*> argument_pointers, environment_pointers;
};

// Between fork and exec: only calls that are safe there.
[[noreturn]] void become(const ProcessSettings& settings, const Prepared& prepared, int log_fd, pid_t parent) {
  const int null_fd = ::open("/dev/null", O_RDONLY);
  ::dup2(null_fd, STDIN_FILENO);
  ::dup2(log_fd, STDOUT_FILENO);
  ::dup2(log_fd, STDERR_FILENO);
  if (settings.user) {
    const auto& user = *settings.user;
    if (::setgroups(1, &user.gid) != 0 || ::setgid(user.gid) != 0 || ::setuid(user.uid) != 0) ::_exit(126);
  }
  // After setuid, which clears it.
  ::prctl(PR_SET_PDEATHSIG, settings.death_signal);
  if (::getppid() != parent) ::_exit(125);
  if (!settings.work_folder.empty() && ::chdir(settings.work_folder.c_str()) != 0) ::_exit(124);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execve(prepared.argument_pointers[0], prepared.argument_pointers.data(), prepared.environment_pointers.data());
  ::_exit(127);
}

}  // namespace

User ordinary_user() {
  if (::geteuid() != 0) return User{.name = "", .uid = ::geteuid(), .gid = ::getegid()};
  for (const char* name : {"postgres", "nobody"}) {
    if (const passwd* entry = ::getpwnam(name); entry != nullptr) {
      return User{.name = name, .uid = entry->pw_uid, .gid = entry->pw_gid};
    }
  }
  throw std::runtime_error("running as root, and neither user postgres nor nobody exists to run Postgres as");
}

std::filesystem::path find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) {
    if (is_executable(name)) return name;
    throw std::runtime_error(name + " is not there or not executable: build it first (./dev build)");
  }
  for (const auto& folder : program_folders()) {
    if (is_executable(folder / name)) return folder / name;
  }
  throw std::runtime_error("program '" + name + "' not found in PATH nor in /usr/lib/postgresql/*/bin: " +
                           "install it with ./dev setup (apt-get install postgresql nats-server)");
}

Process::Process(ProcessSettings settings) : settings_(std::move(settings)) {
  settings_.command.at(0) = find_program(settings_.command.at(0)).string();
  Prepared prepared{.arguments = settings_.command,
                    .environment = environment_with(settings_.env),
                    .argument_pointers = {},
                    .environment_pointers = {}};
  prepared.argument_pointers = pointers_to(prepared.arguments);
  prepared.environment_pointers = pointers_to(prepared.environment);
  const std::string log = settings_.log_file.empty() ? "/dev/null" : settings_.log_file.string();
  const int log_fd = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (log_fd < 0) throw std::system_error(errno, std::generic_category(), "open " + log);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) become(settings_, prepared, log_fd, parent);
  const int problem = errno;
  ::close(log_fd);
  if (pid_ < 0) throw std::system_error(problem, std::generic_category(), "fork " + settings_.command[0]);
}

Process::~Process() {
  if (has_ended()) return;
  ::kill(pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
}

bool Process::has_ended() {
  if (exit_code_) return true;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return false;
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return true;
}

bool Process::is_running() { return !has_ended(); }

void Process::send(int signal) {
  if (!has_ended()) ::kill(pid_, signal);
}

ExitCode Process::wait(std::chrono::milliseconds patience) {
  wait_until("end of " + settings_.command[0], patience, [&] { return has_ended(); });
  return *exit_code_;
}

ExitCode Process::kill() {
  send(SIGKILL);
  return wait(10s);
}

std::string Process::log() const { return read_text(settings_.log_file); }

std::string run_program(ProcessSettings settings, std::chrono::milliseconds patience) {
  const TemporaryFolder folder("noetl-run");
  if (settings.log_file.empty()) settings.log_file = folder.path() / "output";
  Process process(settings);
  const ExitCode code = process.wait(patience);
  if (code != 0) {
    throw std::runtime_error(settings.command[0] + " ended with " + std::to_string(code) + ": " + process.log());
  }
  return process.log();
}

}  // namespace noetl::support
