#include "server/postgres/enqueue_listener.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <pqxx/pqxx>
#include <system_error>
#include <utility>

#include "server/postgres/search_path.hpp"
#include "shared/base/backoff.hpp"
#include "shared/base/thread_name.hpp"
#include "shared/wire/names.hpp"

namespace noetl::postgres {

namespace {
constexpr base::Backoff between_connects{.kind = base::BackoffKind::exponential,
                                         .initial = std::chrono::milliseconds{250},
                                         .delay_max = std::chrono::milliseconds{10'000},
                                         .multiplier = 2.0};

constexpr std::size_t pools_max = 256;  // heard at once
constexpr std::chrono::milliseconds between_wakes{20};

// Equal notifications of one transaction come as one; those that are read together are one set.
class Pools : public pqxx::notification_receiver {
 public:
  explicit Pools(pqxx::connection_base& connection) : notification_receiver(connection, "noetl_enqueued") {}
  // Any role may notify: what is no name of a pool says nothing, and of very many names none is worth more than a look at everything.
  void operator()(const std::string& pool, int /*backend*/) override {
    if (wire::is_pool_name(pool) && heard_.size() < pools_max) heard_.insert(pool);
    has_heard_ = true;
  }
  [[nodiscard]] bool has_heard() { return std::exchange(has_heard_, false); }
  [[nodiscard]] std::set<std::string> take() { return std::exchange(heard_, {}); }

 private:
  std::set<std::string> heard_;
  bool has_heard_ = false;
};

// A connection that never asks does not see that its peer's host has vanished: TCP does, within a minute.
std::string with_keepalives(std::string url) {
  if (url.find("keepalives") != std::string::npos) return url;
  const bool is_uri = url.find("://") != std::string::npos;
  std::string options = url;
  for (const char* pair : {"connect_timeout=3", "keepalives_idle=30", "keepalives_interval=10", "keepalives_count=3"}) {
    if (std::string(pair).starts_with("connect_timeout") && url.find("connect_timeout") != std::string::npos) continue;
    options += is_uri ? (options.find('?') == std::string::npos ? "?" : "&") : " ";
    options += pair;
  }
  return options;
}

int new_event() {
  const int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (event < 0) throw std::system_error(errno, std::generic_category(), "eventfd for the listener");
  return event;
}
}  // namespace

EnqueueListener::EnqueueListener(std::string database_url, Heard heard)
    : database_url_(with_keepalives(std::move(database_url))),
      heard_(std::move(heard)),
      stop_event_(new_event()),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

EnqueueListener::~EnqueueListener() {
  thread_.request_stop();
  const std::uint64_t one = 1;
  (void)!write(stop_event_, &one, sizeof one);  // of one token into an empty event: cannot fail
  thread_.join();
  close(stop_event_);
}

// A boundary: without a listener the server works, a tick later.
void EnqueueListener::run(const std::stop_token& stop) {
  base::name_thread("sql-enqueues");
  int failures = 0;
  while (!stop.stop_requested()) {
    try {
      listen(stop);
    } catch (const std::exception&) {
      failures = is_listening_ ? 1 : failures + 1;
    }
    is_listening_ = false;
    if (!stop.stop_requested()) {
      const double unit =
          static_cast<double>(std::chrono::steady_clock::now().time_since_epoch().count() % 1000) / 1000;
      wait(-1, static_cast<int>(between_connects.jittered_after(failures, unit).count()));
    }
  }
}

void EnqueueListener::listen(const std::stop_token& stop) {
  pqxx::connection link(database_url_);
  link.set_variable("application_name", "'noetl-server-listener'");
  link.set_variable("search_path", own_search_path);
  Pools pools(link);
  is_listening_ = true;
  heard_({});
  while (!stop.stop_requested()) {
    wait(link.sock(), -1);
    (void)link.get_notifs();
    if (!link.is_open()) throw pqxx::broken_connection("the connection that listens was closed");
    if (!pools.has_heard()) continue;
    heard_(pools.take());
    // What comes meanwhile is heard together: whoever notifies without end wakes the server fifty times a second, not more.
    wait(-1, static_cast<int>(between_wakes.count()));
  }
}

void EnqueueListener::wait(int socket, int wait_ms) const {
  std::array<pollfd, 2> events{
      {{.fd = stop_event_, .events = POLLIN, .revents = 0}, {.fd = socket, .events = POLLIN, .revents = 0}}};
  (void)poll(events.data(), events.size(), wait_ms);
}

}  // namespace noetl::postgres
