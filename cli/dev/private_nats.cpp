#include "cli/dev/private_nats.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "cli/dev/machine.hpp"
#include "cli/interruptible_wait.hpp"

namespace noetl::dev {
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

std::string write_configuration(const DevFolder& data, int port) {
  const std::string folder = data.path() + "/nats";
  std::filesystem::create_directories(folder);
  const std::string file = folder + "/nats-server.conf";
  std::ofstream(file) << "# Written by noetlctl dev at every start.\n"
                      << "listen: \"127.0.0.1:" << port << "\"\n"
                      << "jetstream {\n  store_dir: " << in_quotes(folder)
                      << "\n  max_memory_store: 256MB\n  max_file_store: 10GB\n}\n"
                      << "max_payload: 8MB\n";
  return file;
}

}  // namespace

base::Result<PrivateNats> start_nats(DevFolder& data, const std::stop_token& stop) {
  const auto program = find_program("nats-server");
  if (!program) return failure(ErrorCode::not_found, "nats-server is not in PATH: install nats-server");
  PrivateNats running;
  running.port = choose_port(data.read_state().value("nats_port", 0), 4222);
  running.url = "nats://127.0.0.1:" + std::to_string(running.port);
  running.process = std::make_unique<ChildProcess>(
      Launch{.name = "nats-server",
             .arguments = {*program, "-c", write_configuration(data, running.port)},
             .environment = {{"PATH", "/usr/bin:/bin"}},
             .log_file = data.log_file("nats")});
  const auto give_up = std::chrono::steady_clock::now() + start_patience;
  while (!greets(running.port)) {
    if (running.process->wait(milliseconds{0}) || std::chrono::steady_clock::now() > give_up) {
      return failure(ErrorCode::unavailable,
                     "nats-server " + running.process->end_text() + " before it was ready; the end of " +
                         running.process->log_file() + ":\n" + log_tail(running.process->log_file(), 15));
    }
    if (!cli::wait_unless_stopped(stop, milliseconds{20}))
      return failure(ErrorCode::cancelled, "interrupted");
  }
  return running;
}

}  // namespace noetl::dev
