#include "tests/unit/api/running_api.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

#include "server/api/routes/endpoints.hpp"
#include "server/api/routes/openapi.hpp"
#include "tests/support/answer_check.hpp"

namespace noetl::api_test {
namespace {

Answer answer_of(const httplib::Result& result, const char* method, const std::string& target) {
  if (!result) throw std::runtime_error("no answer: " + httplib::to_string(result.error()));
  static const support::AnswerCheck check(Json::parse(api::openapi_document(api::endpoints(), "1.2.3")));
  const auto content_type = result->get_header_value("Content-Type");
  const auto wrong = check.wrong({.method = method,
                                  .target = target,
                                  .status = result->status,
                                  .content_type = content_type,
                                  .body = result->body});
  if (!wrong.empty()) throw std::runtime_error(wrong);
  return {.status = result->status, .body = Json::parse(result->body, nullptr, false), .headers = result->headers};
}

}  // namespace

api::ApiSettings api_settings() {
  api::ApiSettings settings;
  settings.host = "127.0.0.1";
  settings.port = 0;
  settings.version = "1.2.3";
  return settings;
}

RunningApi::RunningApi(api::ApiSettings settings)
    : context_{.connections = *reinterpret_cast<postgres::ConnectionPool*>(&nothing_),
               .notifier = notifier_,
               .ids = ids_,
               .playbooks = *reinterpret_cast<catalog::PlaybookCache*>(&nothing_),
               .long_polls = *reinterpret_cast<dispatch::LongPolls*>(&nothing_),
               .dispatcher = *reinterpret_cast<dispatch::Dispatcher*>(&nothing_),
               .pool_rules = *reinterpret_cast<dispatch::PoolRules*>(&nothing_),
               .work_counts = work_counts_,
               .due_times = *reinterpret_cast<dispatch::DueTimes*>(&nothing_),
               .settings = {}},
      server_(context_, vault_, std::move(settings), metrics_) {
  port_ = server_.bind();
  serving_ = std::jthread([this] { server_.serve(); });
}

RunningApi::~RunningApi() { stop(); }

void RunningApi::stop() {
  server_.stop();
  if (serving_.joinable()) serving_.join();
}

httplib::Client RunningApi::client() const {
  httplib::Client client("127.0.0.1", port_);
  client.set_keep_alive(true);
  client.set_read_timeout(20, 0);
  return client;
}

std::string Answer::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

Answer get(const RunningApi& server, const std::string& path) {
  return answer_of(server.client().Get(path.c_str()), "GET", path);
}

Answer post(const RunningApi& server, const std::string& path, const std::string& body, const httplib::Headers& headers,
            const std::string& content_type) {
  return answer_of(server.client().Post(path.c_str(), headers, body, content_type.c_str()), "POST", path);
}

RawConnection::RawConnection(int port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const timeval patience{.tv_sec = 20, .tv_usec = 0};
  setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error("cannot connect");
}

RawConnection::~RawConnection() { close(socket_); }

void RawConnection::send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::string RawConnection::receive_all() const { return receive_until({}); }

std::string RawConnection::receive_until(std::string_view end) const {
  std::string text;
  std::array<char, 4096> bytes{};
  for (;;) {
    if (!end.empty() && text.find(end) != std::string::npos) return text;
    const ssize_t received = recv(socket_, bytes.data(), bytes.size(), 0);
    if (received <= 0) return text;
    text.append(bytes.data(), static_cast<std::size_t>(received));
  }
}

}  // namespace noetl::api_test
