#include "shared/http/socket_loop.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace noetl::http {
namespace {

constexpr std::chrono::milliseconds sweep_interval{250};
constexpr int accepted_in_a_turn = 64;
constexpr std::uint32_t input = EPOLLIN | EPOLLRDHUP;

int made(int descriptor, const char* what) {
  if (descriptor < 0) throw std::system_error(errno, std::generic_category(), what);
  return descriptor;
}

// To who is not even let in: no memory is spent on them.
void refuse_shortly(int socket) {
  constexpr std::string_view text =
      "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
  static_cast<void>(send(socket, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL));
  close(socket);
}

}  // namespace

SocketLoop::SocketLoop(Application& application, MemoryBudget& budget, const ConnectionLimits& connection,
                       LoopLimits limits, Counters counters)
    : application_(application),
      budget_(budget),
      connection_limits_(connection),
      limits_(limits),
      counters_(std::move(counters)),
      epoll_(made(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      wake_(made(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd")) {
  epoll_event event{.events = EPOLLIN, .data = {.fd = wake_}};
  epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event);
}

SocketLoop::~SocketLoop() {
  watched_.clear();
  close(wake_);
  close(epoll_);
}

void SocketLoop::wake() const {
  const std::uint64_t one = 1;
  static_cast<void>(!write(wake_, &one, sizeof one));
}

void SocketLoop::stop() {
  is_stopping_ = true;
  wake();
}

void SocketLoop::give_back(std::unique_ptr<Connection> connection, Return how) {
  returned_.with([&](auto& returned) { returned.push_back({.connection = std::move(connection), .how = how}); });
  wake();
}

void SocketLoop::run(Listener& listener, const Dispatch& dispatch) {
  dispatch_ = &dispatch;
  listen_to(listener.socket(), true);
  next_sweep_ = Clock::now() + sweep_interval;
  while (!has_begun_to_stop_ || away_ > 0 || !watched_.empty()) turn(listener);
}

void SocketLoop::turn(Listener& listener) {
  std::array<epoll_event, 256> events;
  const int timeout = watched_.empty() && is_listening_ ? -1 : static_cast<int>(sweep_interval.count());
  const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), timeout);
  bool has_waiting = false;
  for (int i = 0; i < count; ++i) {
    const int descriptor = events[static_cast<std::size_t>(i)].data.fd;
    if (descriptor == wake_) {
      std::uint64_t count_of_wakes = 0;
      static_cast<void>(!read(wake_, &count_of_wakes, sizeof count_of_wakes));
    } else if (descriptor == listener.socket()) {
      has_waiting = true;
    } else if (const auto found = watched_.find(descriptor); found != watched_.end()) {
      on_event(*found->second);
    }
  }
  take_returned();
  if (is_stopping_ && !has_begun_to_stop_) return begin_to_stop(listener);
  // After what was there before: a flood of new connections must not starve it.
  if (has_waiting) accept_waiting(listener);
  if (Clock::now() >= next_sweep_) sweep(listener);
}

void SocketLoop::listen_to(int socket, bool is_on) {
  epoll_event event{.events = EPOLLIN, .data = {.fd = socket}};
  if (is_on != is_listening_) epoll_ctl(epoll_, is_on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, socket, &event);
  is_listening_ = is_on;
}

void SocketLoop::begin_to_stop(Listener& listener) {
  has_begun_to_stop_ = true;
  listen_to(listener.socket(), false);
  listener.close();
  std::vector<const Connection*> unanswered;
  for (const auto& [socket, connection] : watched_) {
    if (!connection->has_output() && !connection->is_closing()) unanswered.push_back(connection.get());
  }
  for (const auto* connection : unanswered) end(*connection);
}

bool SocketLoop::has_place_for(const Accepted& accepted) {
  if (!accepted.is_loopback) {
    const auto found = by_address_.find(accepted.peer);
    if (found != by_address_.end() && found->second >= limits_.connections_per_address_max) return false;
  }
  if (watched_.size() + away_ < limits_.connections_max) return true;
  return make_room();
}

// Idle ones can come again; of requests that do not end, and of responses that are not read to their end, the one that has taken longest
// is least likely to.
bool SocketLoop::make_room() {
  for (const auto is_such : {&Connection::is_closing, &Connection::is_idle, &Connection::is_in_head,
                             &Connection::is_in_body, &Connection::is_answered}) {
    if (end_oldest(is_such)) return true;
  }
  return false;
}

void SocketLoop::accept_waiting(Listener& listener) {
  for (int i = 0; i < accepted_in_a_turn; ++i) {
    auto [accepted, is_out_of_files] = listener.accept();
    if (!accepted) {
      // The system is out of something: let connections end before the next try, which the sweep begins.
      if (is_out_of_files && !make_room()) listen_to(listener.socket(), false);
      return;
    }
    if (!has_place_for(*accepted)) {
      counters_.refused();
      refuse_shortly(accepted->socket);
      continue;
    }
    if (!accepted->is_loopback) ++by_address_[accepted->peer];
    counters_.connections(1);
    auto connection = std::make_unique<Connection>(accepted->socket, accepted->is_loopback, std::move(accepted->peer),
                                                   connection_limits_);
    epoll_event event{.events = input | EPOLLONESHOT, .data = {.fd = connection->socket()}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, connection->socket(), &event);
    watched_.emplace(connection->socket(), std::move(connection));
  }
}

void SocketLoop::arm(const Connection& connection, std::uint32_t events) const {
  epoll_event event{.events = events | EPOLLONESHOT, .data = {.fd = connection.socket()}};
  epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.socket(), &event);
}

void SocketLoop::end(const Connection& connection) {
  if (!connection.is_loopback()) {
    const auto found = by_address_.find(connection.peer());
    if (found != by_address_.end() && --found->second == 0) by_address_.erase(found);
  }
  counters_.connections(-1);
  watched_.erase(connection.socket());
}

void SocketLoop::take_returned() {
  std::vector<Returned> returned;
  returned_.with([&](auto& all) { returned.swap(all); });
  for (auto& [given, how] : returned) {
    --away_;
    Connection& connection = *given;
    watched_[connection.socket()] = std::move(given);
    if (how == Return::broken || (connection.has_output() && held_output() > limits_.output_bytes_max)) {
      end(connection);
    } else if (how == Return::answer) {
      if (answer(connection) && send_and_begin_next(connection)) go_on(connection, true);
    } else if (connection.has_output()) {
      arm(connection, EPOLLOUT);
    } else if (connection.is_answered()) {
      if (send_and_begin_next(connection)) go_on(connection, true);
    } else if (has_begun_to_stop_) {
      end(connection);
    } else {
      arm(connection, input);
    }
  }
}

// Of responses that peers read slowly: seldom asked for.
std::size_t SocketLoop::held_output() const {
  std::size_t bytes = 0;
  for (const auto& [socket, connection] : watched_) bytes += connection->output_bytes();
  return bytes;
}

void SocketLoop::on_event(Connection& connection) {
  if (connection.is_closing()) {
    connection.drop_received() ? arm(connection, input) : end(connection);
  } else if (connection.has_output()) {
    if (send_and_begin_next(connection)) go_on(connection, true);
  } else {
    const bool is_open = connection.receive();
    go_on(connection, is_open);
  }
}

void SocketLoop::go_on(Connection& connection, bool is_open) {
  for (;;) {
    switch (connection.advance(application_, budget_)) {
      case Connection::Progress::missing:
        if (!is_open || has_begun_to_stop_) return end(connection);
        return arm(connection, input);
      case Connection::Progress::request:
        if (!answer(connection)) return;
        break;
      case Connection::Progress::response: break;
    }
    if (!send_and_begin_next(connection)) return;
  }
}

bool SocketLoop::answer(Connection& connection) {
  if (connection.place() == Place::at_once) {
    connection.respond(application_.answer(connection.take_request()), is_stopping_);
    return true;
  }
  const auto found = watched_.find(connection.socket());
  auto leaving = std::move(found->second);
  watched_.erase(found);
  ++away_;
  if ((*dispatch_)(leaving)) return false;
  --away_;
  watched_[connection.socket()] = std::move(leaving);
  static_cast<void>(connection.take_request());
  connection.respond(application_.refuse({.status = 503, .message = "every thread of the server is in use; try again"}),
                     false);
  return true;
}

// False: it waits for the peer, or is gone.
bool SocketLoop::send_and_begin_next(Connection& connection) {
  if (!connection.send()) {
    end(connection);
    return false;
  }
  if (connection.has_output()) {
    arm(connection, EPOLLOUT);
    return false;
  }
  if (connection.ends()) {
    connection.begin_closing();
    arm(connection, input);
    return false;
  }
  connection.begin_next();
  return true;
}

const Connection* SocketLoop::oldest(bool (Connection::*is_such)() const) const {
  const Connection* found = nullptr;
  for (const auto& [socket, connection] : watched_) {
    if (((*connection).*is_such)() && (found == nullptr || connection->since() < found->since()))
      found = connection.get();
  }
  return found;
}

bool SocketLoop::end_oldest(bool (Connection::*is_such)() const) {
  const auto* connection = oldest(is_such);
  if (connection != nullptr) end(*connection);
  return connection != nullptr;
}

void SocketLoop::sweep(Listener& listener) {
  const auto now = Clock::now();
  next_sweep_ = now + sweep_interval;
  if (!has_begun_to_stop_) listen_to(listener.socket(), true);
  std::vector<Connection*> late;
  std::size_t head_bytes = 0;
  for (const auto& [socket, connection] : watched_) {
    if (connection->deadline() <= now) late.push_back(connection.get());
    if (connection->is_in_head()) head_bytes += connection->bytes_held();
  }
  for (auto* connection : late) {
    if (!connection->is_in_head() && !connection->is_in_body()) {
      end(*connection);
      continue;
    }
    connection->refuse(application_, {.status = 408, .message = "the request came too slowly"});
    if (send_and_begin_next(*connection)) arm(*connection, input);
  }
  while (head_bytes > limits_.head_bytes_in_memory_max) {
    const auto* connection = oldest(&Connection::is_in_head);
    if (connection == nullptr) break;
    head_bytes -= std::min(head_bytes, connection->bytes_held());
    end(*connection);
  }
}

}  // namespace noetl::http
