#include "tests/support/nats_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <atomic>

#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include "tests/support/free_port.hpp"
#include "tests/support/wait_until.hpp"

namespace noetl::support {
namespace {

using namespace std::chrono_literals;
constexpr int nats_start_attempts_max = 5;

// A plain connection that speaks the text protocol of NATS, one exchange long.
class Connection {
 public:
  explicit Connection(int port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{.tv_sec = 5, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      const int problem = errno;
      ::close(fd_);
      throw std::system_error(problem, std::generic_category(), "connect to nats-server");
    }
  }
  ~Connection() { ::close(fd_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void write(const std::string& bytes) const {
    if (::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size())) {
      throw std::system_error(errno, std::generic_category(), "send to nats-server");
    }
  }
  std::string read_line() {
    for (;;) {
      if (const auto end = pending_.find("\r\n"); end != std::string::npos) {
        std::string line = pending_.substr(0, end);
        pending_.erase(0, end + 2);
        return line;
      }
      receive();
    }
  }
  std::string read_bytes(std::size_t count) {
    while (pending_.size() < count) receive();
    std::string bytes = pending_.substr(0, count);
    pending_.erase(0, count);
    return bytes;
  }

 private:
  void receive() {
    char buffer[8192];
    const ssize_t got = ::recv(fd_, buffer, sizeof buffer, 0);
    if (got <= 0) throw std::runtime_error("nats-server closed the connection or did not answer in time");
    pending_.append(buffer, static_cast<std::size_t>(got));
  }
  int fd_;
  std::string pending_;
};

}  // namespace

NatsServer::NatsServer(std::string configuration) : configuration_(std::move(configuration)) {
  for (int attempt = 1;; ++attempt) {
    port_ = free_port();
    try {
      start();
      return;
    } catch (const std::exception&) {
      if (attempt == nats_start_attempts_max) throw;
    }
  }
}

NatsServer::~NatsServer() = default;  // ~Process kills it

void NatsServer::start() {
  std::vector<std::string> command{"nats-server",         "-a",  "127.0.0.1", "-p",
                                   std::to_string(port_), "-js", "-sd",       folder_.path()};
  if (!configuration_.empty()) {
    write_text(folder_.path() / "nats.conf", configuration_);
    command.insert(command.end(), {"-c", folder_.path() / "nats.conf"});
  }
  server_ = std::make_unique<Process>(ProcessSettings{
      .command = std::move(command), .env = {}, .log_file = folder_.path() / "log", .work_folder = {}, .user = {}});
  wait_until("nats-server on port " + std::to_string(port_), 15s, [&] {
    if (!server_->is_running()) return true;
    if (configuration_.empty()) return request("$JS.API.INFO").contains("limits");
    return server_->log().find("Server is ready") != std::string::npos;
  });
  if (!server_->is_running()) throw std::runtime_error("nats-server did not start: " + server_->log());
}

void NatsServer::stop() { server_->kill(); }

std::string NatsServer::url() const { return "nats://127.0.0.1:" + std::to_string(port_); }

std::string NatsServer::exchange(const std::string& lines, bool wants_message) const {
  Connection connection(port_);
  connection.write("CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":true,\"no_responders\":true}\r\n" +
                   lines + "PING\r\n");
  for (;;) {
    const std::string line = connection.read_line();
    if (line.starts_with("-ERR")) throw std::runtime_error("nats-server says " + line);
    if (line.starts_with("HMSG")) {  // subject, subscription, bytes of the headers, of all
      const auto last = line.rfind(' ');
      const auto headers = std::stoul(line.substr(line.rfind(' ', last - 1) + 1));
      const std::string all = connection.read_bytes(std::stoul(line.substr(last + 1)));
      if (all.starts_with("NATS/1.0 503")) throw std::runtime_error("nobody answers on that subject");
      return all.substr(headers);
    }
    if (line == "PONG" && !wants_message) return "";
    if (line.starts_with("MSG ")) return connection.read_bytes(std::stoul(line.substr(line.rfind(' ') + 1)));
  }
}

nlohmann::json NatsServer::request(const std::string& subject, const std::string& payload) const {
  static std::atomic<int> requests{0};
  const std::string inbox = "_INBOX.test." + std::to_string(::getpid()) + "." + std::to_string(++requests);
  return nlohmann::json::parse(exchange("SUB " + inbox + " 1\r\nPUB " + subject + " " + inbox + " " +
                                            std::to_string(payload.size()) + "\r\n" + payload + "\r\n",
                                        true));
}

void NatsServer::publish(const std::string& subject, const std::string& payload) const {
  exchange("PUB " + subject + " " + std::to_string(payload.size()) + "\r\n" + payload + "\r\n", false);
}

}  // namespace noetl::support
