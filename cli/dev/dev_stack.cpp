#include "cli/dev/dev_stack.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <optional>

#include "cli/dev/encryption_key.hpp"
#include "cli/dev/machine.hpp"
#include "cli/interruptible_wait.hpp"
#include "cli/server_client.hpp"
#include "shared/config/setting.hpp"
#include "shared/process/environment.hpp"

namespace noetl::dev {
namespace {

using base::ErrorCode;
using base::failure;
using std::chrono::milliseconds;

constexpr milliseconds ready_patience{60'000};
constexpr milliseconds worker_stop_patience{35'000};  // the worker's own grace is 30 s
constexpr milliseconds stop_patience{10'000};

// As one word of a shell.
std::string quoted(const std::string& text) {
  if (text.find_first_of("\"$`\\!") == std::string::npos) return '"' + text + '"';
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? "'\\''" : std::string(1, c);
  return word + "'";
}

base::Error died(const ChildProcess& process) {
  return failure(ErrorCode::unavailable, process.name() + " " + process.end_text() + " unexpectedly; the end of " +
                                             process.log_file() + ":\n" + log_tail(process.log_file(), 20))
      .value();
}

// A file descriptor that becomes readable when a stop is requested, so that one poll() waits for everything.
class StopDescriptor {
 public:
  explicit StopDescriptor(const std::stop_token& stop)
      : fd_(eventfd(0, EFD_CLOEXEC)), callback_(std::in_place, stop, Wake{fd_}) {}
  ~StopDescriptor() {
    callback_.reset();  // which waits for it, so that nobody writes to a descriptor that is somebody else's by then
    close(fd_);
  }
  StopDescriptor(const StopDescriptor&) = delete;
  StopDescriptor& operator=(const StopDescriptor&) = delete;
  [[nodiscard]] int fd() const { return fd_; }

 private:
  struct Wake {
    int fd;
    void operator()() const noexcept {
      const std::uint64_t one = 1;
      static_cast<void>(!write(fd, &one, sizeof one));
    }
  };
  const int fd_;
  std::optional<std::stop_callback<Wake>> callback_;
};

std::map<std::string, std::string> with(std::map<std::string, std::string> variables,
                                        const std::map<std::string, std::string>& more) {
  for (const auto& [name, value] : more) variables[name] = value;
  return variables;
}

bool is_any_answer(const nlohmann::json&, int) { return true; }

bool has_ready_workers(const nlohmann::json& answer, int expected) {
  const auto& rows = answer.is_object() && answer.contains("workers") ? answer["workers"]
                     : answer.is_object() && answer.contains("items") ? answer["items"]
                                                                      : answer;
  if (!rows.is_array()) return false;
  return std::count_if(rows.begin(), rows.end(), [](const auto& row) {
           return row.is_object() && row.value("status", std::string{}) == "ready";
         }) >= expected;
}

}  // namespace

DevStack::DevStack(DevFolder& data, DevOptions options, const cli::Output& output, std::stop_token stop)
    : data_(data), options_(std::move(options)), output_(output), stop_(std::move(stop)) {}

DevStack::~DevStack() { stop(); }

std::vector<ChildProcess*> DevStack::processes() const {
  std::vector<ChildProcess*> all;
  for (auto* process : {postgres_.process.get(), nats_.process.get(), server_.get()}) {
    if (process != nullptr) all.push_back(process);
  }
  for (const auto& worker : workers_) all.push_back(worker.get());
  return all;
}

// The login of NATS stays in its file: a terminal may be recorded.
std::string DevStack::exports() const {
  return "\nnoetlctl finds this stack by itself. For other programs, and where several stacks run:\n"
         "  export NOETL_SERVER_URL=http://localhost:" +
         std::to_string(port_) + "\n  export NOETL_DATABASE_URL=" + quoted(postgres_.database_url) +
         "\n  export NATS_URL=\"$(cat " + quoted(nats_.operator_url_file) +
         ")\"\n  export NATS_CONTEXT=" + quoted(nats_.operator_context);
}

nlohmann::json DevStack::state(bool is_ready) const {
  nlohmann::json pids = nlohmann::json::object();
  for (const auto* process : processes()) pids[process->name()] = process->pid();
  return {{"is_ready", is_ready},
          {"pid", getpid()},
          {"pids", pids},
          {"server_url", "http://localhost:" + std::to_string(port_)},
          {"server_port", port_},
          {"nats_url", nats_.url},
          {"nats_port", nats_.port},
          {"nats_passwords_file", nats_.passwords_file},
          {"nats_url_file", nats_.url_file},
          {"nats_operator_url_file", nats_.operator_url_file},
          {"database_url", postgres_.database_url},
          {"playbook_database_url", postgres_.playbook_socket_url},
          {"postgres_port", postgres_.port}};
}

// What says where a process runs, and the settings of that program: a step can read what its worker was given.
std::map<std::string, std::string> DevStack::environment(config::Program program) const {
  std::string names = "NOETL_CONFIG,LD_LIBRARY_PATH,SSL_CERT_FILE,SSL_CERT_DIR";
  for (const auto& setting : config::all_settings()) {
    if ((setting.programs & program) == 0) continue;
    for (const auto name : setting.environment) names.append(",").append(name);
  }
  if (program == config::worker) {
    names += ",DOCKER_*,CONTAINER_HOST,CONTAINERS_*,XDG_RUNTIME_DIR";
    for (const char* listed : {"NOETL_TOOL_SECRETS", "NOETL_TOOL_ENVIRONMENT"}) {
      if (const char* more = std::getenv(listed); more != nullptr) names.append(",").append(more);
    }
  }
  auto variables = process::child_variables(process::NamePatterns(names));
  for (const char* other : {"NATS_URL", "NOETL_NATS_TOKEN", "NOETL_NATS_CREDENTIALS", "NOETL_NATS_INBOX_PREFIX"})
    variables.erase(other);
  variables["SERVER_API_URL"] = "http://127.0.0.1:" + std::to_string(port_);
  variables.try_emplace("NOETL_HOST", "127.0.0.1");  // a stack for one machine is not for the network
  // A stack for one machine: what its playbooks call is on it, the server itself included. Nowhere else is that the default.
  variables.try_emplace("NOETL_EGRESS_ALLOW", "loopback,own");
  for (const char* misleading :
       {"NOETL_NATS_URL", "NOETL_SERVER_URL", "DATABASE_URL", "NOETL_RUN_MODE", "NOETL_WORKER_ID", "NOETL_NODE"}) {
    variables.erase(misleading);
  }
  return variables;
}

std::map<std::string, std::string> DevStack::server_environment() const {
  auto variables = environment(config::server);
  variables["NOETL_DATABASE_URL"] = postgres_.database_url;
  if (postgres_.has_superuser_role) variables["NOETL_ALLOW_SUPERUSER"] = "yes";
  variables["NOETL_PORT"] = std::to_string(port_);
  if (!variables.contains("NOETL_ENCRYPTION_KEY") && !variables.contains("NOETL_ENCRYPTION_KEY_FILE"))
    variables["NOETL_ENCRYPTION_KEY_FILE"] = encryption_key_file(data_.path());
  return variables;
}

std::map<std::string, std::string> DevStack::worker_environment() const {
  auto variables = environment(config::worker);
  // The workers run elsewhere; scripts are where the user is.
  variables.try_emplace("NOETL_SCRIPTS_ROOT", std::filesystem::current_path().string());
  variables.try_emplace("NOETL_FILES_ROOT", data_.path() + "/files");
  // Whoever works on playbooks tries every kind, and the machine is their own.
  variables.try_emplace("NOETL_TOOLS", "all");
  variables.try_emplace("NOETL_DEPLOYMENTS", "16");
  return variables;
}

base::Result<void> DevStack::wait_until_answered(ChildProcess& process, const std::string& path,
                                                 bool (*is_good)(const nlohmann::json&, int), int expected) {
  auto settings = options_.client;
  settings.server_url = "http://127.0.0.1:" + std::to_string(port_);
  settings.retries = 0;
  const cli::ServerClient client(settings, stop_);
  const auto give_up = std::chrono::steady_clock::now() + ready_patience;
  std::string found;
  while (true) {
    const auto answer = client.get(path);
    if (answer && is_good(*answer, expected)) return {};
    found = answer ? answer->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).substr(0, 500)
                   : answer.error().message;
    if (process.wait(milliseconds{0})) return failure(died(process));
    if (std::chrono::steady_clock::now() > give_up) {
      return failure(ErrorCode::unavailable, process.name() + " is not ready; " + path + " says: " + found +
                                                 "\nthe end of " + process.log_file() + ":\n" +
                                                 log_tail(process.log_file(), 20));
    }
    if (!cli::wait_unless_stopped(stop_, milliseconds{20})) return failure(ErrorCode::cancelled, "interrupted");
  }
}

base::Result<void> DevStack::start_server() {
  const int wanted =
      options_.is_port_asked_for ? options_.port : data_.read_state().value("server_port", options_.port);
  if (options_.is_port_asked_for && !is_port_free(wanted)) {
    return failure(ErrorCode::conflict,
                   "port " + std::to_string(wanted) + " is taken; leave --port out to get a free one", "port");
  }
  port_ = choose_port(wanted, options_.port);
  if (port_ != options_.port) {
    output_.note("port " + std::to_string(options_.port) + " is " +
                 (is_port_free(options_.port) ? "left for another" : "taken") + ": the server is on " +
                 std::to_string(port_));
  }
  server_ = std::make_unique<ChildProcess>(
      Launch{.name = "server",
             .arguments = {std::filesystem::read_symlink("/proc/self/exe").string(), "server", "start"},
             .environment = with(server_environment(), nats_.login_of("server")),
             .log_file = data_.log_file("server")});
  return wait_until_answered(*server_, "/readyz", is_any_answer, 0);
}

// In its place, or behind the others.
void DevStack::launch_worker(int number) {
  const std::string name = "worker-" + std::to_string(number);
  auto variables = with(worker_environment(), nats_.login_of("worker"));
  variables.try_emplace("NOETL_TOOL_NATS_URL", nats_.url_of("playbook"));
  if (!variables.contains("NOETL_TOOL_POSTGRES_URL_FILE"))
    variables.try_emplace("NOETL_TOOL_POSTGRES_URL", postgres_.playbook_url);
  auto worker = std::make_unique<ChildProcess>(
      Launch{.name = name,
             .arguments = {std::filesystem::read_symlink("/proc/self/exe").string(), "worker", "start"},
             .environment = std::move(variables),
             .log_file = data_.log_file(name)});
  const auto place = static_cast<std::size_t>(number - 1);
  if (place < workers_.size())
    workers_[place] = std::move(worker);
  else
    workers_.push_back(std::move(worker));
}

base::Result<void> DevStack::start_worker(int number) {
  launch_worker(number);
  return wait_until_answered(*workers_.back(), "/api/v2/workers", has_ready_workers, number);
}

base::Result<void> DevStack::start() {
  auto postgres = start_postgres(data_, output_, stop_);
  if (!postgres) return failure(std::move(postgres.error()));
  postgres_ = std::move(*postgres);
  if (postgres_.port != 5432 && !is_port_free(5432))
    output_.note("port 5432 is taken: Postgres is on " + std::to_string(postgres_.port));
  auto nats = start_nats(data_, stop_);
  if (!nats) return failure(std::move(nats.error()));
  nats_ = std::move(*nats);
  if (nats_.port != 4222 && !is_port_free(4222))
    output_.note("port 4222 is taken: NATS is on " + std::to_string(nats_.port));
  if (auto started = start_server(); !started) return started;
  data_.write_state(state(false));
  for (int number = 1; number <= options_.workers; ++number) {
    if (auto started = start_worker(number); !started) return started;
  }
  data_.write_state(state(true));
  output_.line(state(true), "server    http://localhost:" + std::to_string(port_) + "\nNATS      " + nats_.url +
                                " (logins: " + nats_.passwords_file + ")\nPostgres  psql \"" + postgres_.database_url +
                                "\"\n          psql \"" + postgres_.playbook_socket_url +
                                "\" (of steps that name no database)\nworkers   " + std::to_string(options_.workers) +
                                "\nlogs      " + data_.path() + "/logs\n" + exports());
  return {};
}

// Who drains a worker has done nothing to the others, the server or Postgres.
void DevStack::replace_drained() {
  bool is_changed = false;
  for (std::size_t place = 0; place < workers_.size() && !stop_.stop_requested(); ++place) {
    if (!workers_[place]->wait(milliseconds{0}) || !workers_[place]->has_succeeded()) continue;
    output_.note(workers_[place]->name() + " was drained; another takes its place");
    launch_worker(static_cast<int>(place) + 1);
    is_changed = true;
  }
  if (is_changed) data_.write_state(state(true));
}

base::Result<void> DevStack::watch() {
  const StopDescriptor asked(stop_);
  while (!stop_.stop_requested()) {
    std::vector<pollfd> waiting{{.fd = asked.fd(), .events = POLLIN, .revents = 0}};
    for (const auto* process : processes()) waiting.push_back({.fd = process->pidfd(), .events = POLLIN, .revents = 0});
    static_cast<void>(poll(waiting.data(), waiting.size(), -1));
    replace_drained();
    for (auto* process : processes()) {
      if (!stop_.stop_requested() && process->wait(milliseconds{0})) return failure(died(*process));
    }
  }
  return {};
}

void DevStack::stop() {
  // NATS and Postgres outlive those who use them. Workers are asked together, then awaited.
  for (const auto& worker : workers_) {
    if (!worker->wait(milliseconds{0})) kill(worker->pid(), SIGTERM);
  }
  const auto give_up = std::chrono::steady_clock::now() + worker_stop_patience;
  for (const auto& worker : workers_) {
    const auto left = std::chrono::duration_cast<milliseconds>(give_up - std::chrono::steady_clock::now());
    if (!worker->wait(std::max(left, milliseconds{0}))) worker->stop(milliseconds{0});
  }
  workers_.clear();
  if (server_) server_->stop(worker_stop_patience);
  server_.reset();
  for (auto* process : {nats_.process.get(), postgres_.process.get()}) {
    if (process != nullptr) process->stop(stop_patience);
  }
  nats_.process.reset();
  postgres_.process.reset();
}

}  // namespace noetl::dev
