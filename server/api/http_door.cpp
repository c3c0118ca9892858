#include "server/api/http_door.hpp"

#include <csignal>

#include "server/api/connection.hpp"
#include "server/api/handler_pool.hpp"
#include "server/api/listener.hpp"
#include "server/api/request_desk.hpp"
#include "shared/telemetry/log.hpp"

namespace noetl::api {
namespace {

// The connection that this thread is serving: cpp-httplib's handlers are not told.
thread_local Connection* current_connection = nullptr;

std::function<bool()> peer_of_this_thread() {
  return [connection = current_connection] { return connection->is_peer_there(); };
}

// cpp-httplib as parser of requests and writer of replies, without its sockets and threads.
class Parser final : public httplib::Server {
 public:
  Parser(RequestDesk& desk, const DoorSettings& settings) {
    // Only said in replies (Keep-Alive): the loop below is the one that keeps to it.
    set_keep_alive_timeout(std::chrono::duration_cast<std::chrono::seconds>(settings.keep_alive).count());
    set_keep_alive_max_count(settings.requests_per_connection_max);
    set_pre_routing_handler([&desk](const httplib::Request& request, httplib::Response& response) {
      if (!desk.answer_without_body(request, response)) return HandlerResponse::Unhandled;
      // A body that nobody reads would be taken for the next request.
      const std::string length = request.get_header_value("Content-Length");
      const bool is_told_twice = request.get_header_value_count("Content-Length") > 1;
      if ((!length.empty() && length != "0") || is_told_twice || request.has_header("Transfer-Encoding")) {
        response.set_header("Connection", "close");
        current_connection->end_after_reply();
      }
      return HandlerResponse::Handled;
    });
    const HandlerWithContentReader with_body = [&desk](const httplib::Request& request,
                                                       httplib::Response& response,
                                                       const httplib::ContentReader& read) {
      current_connection->begin_body();
      if (!desk.answer_with_body(request, response, read)) {
        response.set_header("Connection", "close");
        current_connection->end_after_reply();
      }
    };
    // Every path: the endpoints table routes, not these expressions. Control characters never get here.
    Post(".*", with_body);
    Put(".*", with_body);
    Patch(".*", with_body);
    Delete(".*", with_body);
    set_error_handler(HandlerWithResponse([&desk](const httplib::Request&, httplib::Response& response) {
      desk.answer_unreadable(response);
      return HandlerResponse::Handled;
    }));
  }

  // The httplib of Debian 13 is told whose connection it is, that of Debian 12 asks the stream.
  template <class Door>
  static bool process(Door& door, Connection& connection, bool is_last, bool& is_closed,
                      const std::function<void(httplib::Request&)>& set_up) {
    if constexpr (requires { door.process_request(connection, is_last, is_closed, set_up); }) {
      return door.process_request(connection, is_last, is_closed, set_up);
    } else {
      std::string remote_ip;
      std::string local_ip;
      int remote_port = 0;
      int local_port = 0;
      connection.get_remote_ip_and_port(remote_ip, remote_port);
      connection.get_local_ip_and_port(local_ip, local_port);
      return door.process_request(connection, remote_ip, remote_port, local_ip, local_port, is_last,
                                  is_closed, set_up);
    }
  }

  // False: the connection ends.
  bool answer_one(Connection& connection, bool is_last) {
    bool is_closed = false;
    bool has_head = false;
    const bool is_answered = process(*this, connection, is_last, is_closed, [&](httplib::Request& request) {
      has_head = true;
      // Neither parts of JSON nor compression: brotli at the level that is compiled in costs more than a claim.
      request.ranges.clear();
      request.headers.erase("Accept-Encoding");
    });
    if (!has_head) connection.end_after_reply();  // unreadable: where the next request begins is unknown
    return connection.flush() && is_answered && has_head && !is_closed && !is_last &&
           !connection.ends_after_reply();
  }

  // Content providers of cpp-httplib end when the server has no socket.
  void set_open(bool is_open) { svr_sock_ = is_open ? 0 : INVALID_SOCKET; }
};

}  // namespace

class HttpDoor::State {
 public:
  State(app::Parts& parts, vault::Vault& vault, DoorSettings settings, telemetry::Metrics& metrics)
      : settings_(std::move(settings)),
        limits_{.keep_alive = settings_.keep_alive,
                .read_timeout = settings_.read_timeout,
                .write_timeout = settings_.write_timeout},
        desk_(parts, vault, settings_, metrics, peer_of_this_thread),
        parser_(desk_, settings_),
        pool_(settings_.threads_max, settings_.connections_waiting_max) {}

  int bind() { return listener_.bind(settings_.host, settings_.port); }

  void serve() {
    parser_.set_open(true);
    for (;;) {
      const int socket = listener_.accept();
      if (socket < 0) break;
      if (pool_.submit([this, socket] { serve_connection(socket); })) continue;
      desk_.metrics().refused_connection();
      listener_.refuse(socket);
    }
    desk_.stop();
    pool_.stop();
    parser_.set_open(false);
  }

  void leave() { desk_.leave(); }

  void stop() {
    desk_.leave();
    desk_.stop();
    listener_.stop();
  }

 private:
  void serve_connection(int socket) noexcept {
    try {
      const auto counted = desk_.metrics().connection();
      Connection connection(socket, listener_.stop_event(), limits_);
      current_connection = &connection;
      for (std::size_t count = 1; connection.wait_for_request([&] { return pool_.has_waiting(); }); ++count) {
        connection.begin_head();
        const bool is_last =
            count >= settings_.requests_per_connection_max || listener_.is_stopping() || pool_.has_waiting();
        if (!parser_.answer_one(connection, is_last)) break;
      }
      current_connection = nullptr;
      if (connection.ends_after_reply()) connection.close_politely();
    } catch (const std::exception& exception) {
      current_connection = nullptr;
      telemetry::log_error("api", "connection failed", {{"error", exception.what()}});
    }
  }

  const DoorSettings settings_;
  const ConnectionLimits limits_;
  Listener listener_;
  RequestDesk desk_;
  Parser parser_;
  HandlerPool pool_;  // last: its threads use all of the above
};

HttpDoor::HttpDoor(app::Parts& parts, vault::Vault& vault, DoorSettings settings, telemetry::Metrics& metrics)
    : state_(std::make_unique<State>(parts, vault, std::move(settings), metrics)) {
  // A peer that is gone shows as a failed write, not as a signal.
  std::signal(SIGPIPE, SIG_IGN);
}

HttpDoor::~HttpDoor() = default;

int HttpDoor::bind() { return state_->bind(); }
void HttpDoor::serve() { state_->serve(); }
void HttpDoor::leave() { state_->leave(); }
void HttpDoor::stop() { state_->stop(); }

}  // namespace noetl::api
