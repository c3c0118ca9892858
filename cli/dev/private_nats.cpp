#include "cli/dev/private_nats.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/dev/machine.hpp"
#include "cli/dev/private_file.hpp"
#include "cli/interruptible_wait.hpp"

namespace noetl::dev {

extern const std::vector<std::pair<std::string_view, std::string_view>> nats_files;  // made by CMake

namespace {

using base::ErrorCode;
using base::failure;
using std::chrono::milliseconds;

constexpr milliseconds start_patience{30'000};

// True when a NATS server greets there ("INFO {…}").
bool greets(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const timeval patience{.tv_sec = 1, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::array<char, 5> greeting{};
  const bool is_greeted = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                          recv(fd, greeting.data(), greeting.size(), MSG_WAITALL) == 5 &&
                          std::string_view(greeting.data(), 5) == "INFO ";
  close(fd);
  return is_greeted;
}

// Text in the double quotes of a nats-server configuration.
std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

// "worker-batch" has WORKER_BATCH_PASSWORD.
std::string variable_of(std::string user) {
  std::ranges::transform(user, user.begin(), [](unsigned char c) { return c == '-' ? '_' : std::toupper(c); });
  return user + "_PASSWORD";
}

// Those of the file, where there is one: what has a login keeps it when the stack starts again.
std::map<std::string, std::string> passwords_in(const std::string& path) {
  std::map<std::string, std::string> passwords;
  std::ifstream file(path);
  const std::string text = '\n' + std::string{std::istreambuf_iterator<char>(file), {}};
  bool is_whole = true;
  for (const char* user :
       {"server", "worker", "worker-batch", "producer", "playbook", "operator", "observer", "system"}) {
    // At the start of a line: OBSERVER_PASSWORD ends as SERVER_PASSWORD does.
    const std::string begin = '\n' + variable_of(user) + ": \"";
    const std::size_t at = text.find(begin);
    is_whole = is_whole && at != std::string::npos;
    const std::size_t from = at + begin.size();
    passwords[user] = at == std::string::npos ? random_hex() : text.substr(from, text.find('"', from) - from);
  }
  if (is_whole) return passwords;
  std::string lines = "# Of the users of nats/conf/accounts.conf. Made by noetlctl dev.\n";
  for (const auto& [user, password] : passwords) lines += variable_of(user) + ": \"" + password + "\"\n";
  write_private_file(path, lines);
  return passwords;
}

// accounts.conf names the folder of the passwords from where it stands.
std::string write_configuration(const DevFolder& data, PrivateNats& nats) {
  const std::string folder = data.path() + "/nats";
  const std::string passwords = folder + "/nats-secrets/passwords";
  std::filesystem::create_directories(folder + "/conf");
  std::filesystem::create_directories(passwords);
  std::filesystem::permissions(folder, std::filesystem::perms::owner_all);
  nats.passwords_file = passwords + "/passwords.conf";
  nats.passwords = passwords_in(nats.passwords_file);
  for (const auto& [name, text] : nats_files) std::ofstream(folder + "/conf/" + std::string(name)) << text;
  const std::string file = folder + "/conf/nats-server.conf";
  std::ofstream(file) << "# Written by noetlctl dev at every start.\n"
                      << "listen: \"127.0.0.1:" << nats.port << "\"\n"
                      << "jetstream {\n  store_dir: " << in_quotes(folder)
                      << "\n  max_memory_store: 256MB\n  max_file_store: 10GB\n}\n"
                      << "max_payload: 8MB\ninclude accounts.conf\n";
  return file;
}

// What `nats --context FILE` and NATS_CONTEXT take.
void write_context(const PrivateNats& nats, const std::string& path, const std::string& user, nlohmann::json more) {
  more.update({{"url", nats.url}, {"user", user}, {"password", nats.passwords.at(user)}});
  write_private_file(path, more.dump(2) + '\n');
}

// Logins of people and of their programs, as files: a terminal and a history may be recorded.
void write_logins(const std::string& folder, PrivateNats& nats) {
  nats.url_file = folder + "/url";
  nats.operator_url_file = folder + "/operator.url";
  nats.operator_context = folder + "/operator.json";
  write_private_file(nats.url_file, nats.url_of("server") + '\n');
  write_private_file(nats.operator_url_file, nats.url_of("operator") + '\n');
  write_context(nats, nats.operator_context, "operator", {{"jetstream_api_prefix", "NOETL.API"}});
  write_context(nats, folder + "/producer.json", "producer", nlohmann::json::object());
}

}  // namespace

std::map<std::string, std::string> PrivateNats::login_of(const std::string& user) const {
  return {{"NATS_URL", url}, {"NOETL_NATS_USER", user}, {"NOETL_NATS_PASSWORD", passwords.at(user)}};
}

std::string PrivateNats::url_of(const std::string& user) const {
  return "nats://" + user + ":" + passwords.at(user) + "@127.0.0.1:" + std::to_string(port);
}

base::Result<PrivateNats> start_nats(DevFolder& data, const std::stop_token& stop) {
  const auto program = find_program("nats-server");
  if (!program) return failure(ErrorCode::not_found, "nats-server is not in PATH: install nats-server");
  PrivateNats running;
  running.port = choose_port(data.read_state().value("nats_port", 0), 4222);
  running.url = "nats://127.0.0.1:" + std::to_string(running.port);
  const auto configuration = write_configuration(data, running);
  write_logins(data.path() + "/nats", running);
  running.process = std::make_unique<ChildProcess>(Launch{.name = "nats-server",
                                                          .arguments = {*program, "-c", configuration},
                                                          .environment = {{"PATH", "/usr/bin:/bin"}},
                                                          .log_file = data.log_file("nats")});
  const auto give_up = std::chrono::steady_clock::now() + start_patience;
  while (!greets(running.port)) {
    if (running.process->wait(milliseconds{0}) || std::chrono::steady_clock::now() > give_up) {
      return failure(ErrorCode::unavailable, "nats-server " + running.process->end_text() +
                                                 " before it was ready; the end of " + running.process->log_file() +
                                                 ":\n" + log_tail(running.process->log_file(), 15));
    }
    if (!cli::wait_unless_stopped(stop, milliseconds{20})) return failure(ErrorCode::cancelled, "interrupted");
  }
  return running;
}

}  // namespace noetl::dev
