#include "shared/http/server.hpp"

#include <poll.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>

namespace noetl::http {
namespace {

using std::chrono::milliseconds;

// A busy connection stays with its thread: handing it to the thread of the sockets and back costs two wakes.
constexpr milliseconds linger_max{100};
constexpr milliseconds linger_slice{20};  // how soon it makes room for work that waits
constexpr std::size_t health_threads = 2;
constexpr std::size_t health_waiting_max = 64;
constexpr std::size_t other_files = 512;

// Each connection is a file; the soft limit of a shell is often 1024.
void allow_files(std::size_t files) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= files) return;
  limit.rlim_cur = std::min<rlim_t>(files, limit.rlim_max);
  setrlimit(RLIMIT_NOFILE, &limit);
}

Lane lane_of(Place place) {
  switch (place) {
    case Place::reports: return Lane::reports;
    case Place::claims: return Lane::claims;
    default: return Lane::general;
  }
}

class Counted {
 public:
  explicit Counted(std::atomic<std::size_t>& count) : count_(count), number_(++count) {}
  ~Counted() { --count_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  [[nodiscard]] std::size_t number() const { return number_; }

 private:
  std::atomic<std::size_t>& count_;
  const std::size_t number_;
};

}  // namespace

Server::Server(Application& application, ServerSettings settings, SocketLoop::Counters counters)
    : application_(application),
      settings_(std::move(settings)),
      budget_(settings_.body_bytes_in_memory_max),
      loop_(application_, budget_, settings_.connection, settings_.loop, std::move(counters)),
      health_(health_threads, health_waiting_max),
      pool_(settings_.threads_max, settings_.requests_waiting_max) {}

int Server::bind() {
  allow_files(settings_.loop.connections_max + other_files);
  return listener_.bind(settings_.host, settings_.port);
}

void Server::serve() {
  loop_.run(listener_, [this](std::unique_ptr<Connection>& connection) { return dispatch(connection); });
  health_.stop();
  pool_.stop();
}

bool Server::dispatch(std::unique_ptr<Connection>& connection) {
  const Place place = connection->place();
  const bool is_health = place == Place::health;
  // A raw pointer, so that the function needs no memory of its own; every work that is taken is run.
  Connection* const taken = connection.release();
  const auto work = [this, taken] {
    answer_on_thread(std::unique_ptr<Connection>(taken), taken->place() != Place::health);
  };
  if (is_health ? health_.submit(work) : pool_.submit(work, lane_of(place))) return true;
  connection.reset(taken);
  return false;
}

void Server::answer_on_thread(std::unique_ptr<Connection> connection, bool may_linger) noexcept {
  bool is_broken = false;
  try {
    for (;;) {
      connection->respond(application_.answer(connection->take_request()), loop_.is_stopping());
      if (!connection->send()) {
        is_broken = true;
        break;
      }
      if (connection->has_output() || connection->ends() || !may_linger) break;
      connection->begin_next();
      if (!next_request(connection)) return;
    }
  } catch (...) {
    is_broken = true;  // no memory: the connection is the least that can go
  }
  if (connection)
    loop_.give_back(std::move(connection), is_broken ? SocketLoop::Return::broken : SocketLoop::Return::watch);
}

bool Server::next_request(std::unique_ptr<Connection>& connection) {
  const auto until = Connection::Clock::now() + linger_max;
  const Counted lingering(lingering_);
  const bool has_room = lingering.number() <= settings_.threads_max / 2;
  bool is_open = true;
  for (;;) {
    const auto progress = connection->advance(application_, budget_);
    if (progress == Connection::Progress::request) {
      const Place place = connection->place();
      const bool is_ours = place == Place::reports || place == Place::claims || place == Place::general;
      if (is_ours && pool_.may_go_on(lane_of(place)) && !pool_.has_waiting()) return true;
      loop_.give_back(std::move(connection), SocketLoop::Return::answer);
      return false;
    }
    const bool goes_on = progress == Connection::Progress::missing && is_open && has_room && !pool_.has_waiting() &&
                         !loop_.is_stopping() && Connection::Clock::now() < until;
    if (!goes_on) {
      loop_.give_back(std::move(connection), is_open ? SocketLoop::Return::watch : SocketLoop::Return::broken);
      return false;
    }
    pollfd waited{.fd = connection->socket(), .events = POLLIN, .revents = 0};
    if (poll(&waited, 1, static_cast<int>(linger_slice.count())) > 0) is_open = connection->receive();
  }
}

}  // namespace noetl::http
