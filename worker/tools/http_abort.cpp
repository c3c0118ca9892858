#include "worker/tools/http_abort.hpp"

#include <fcntl.h>
#include <sys/socket.h>

namespace noetl::tools {

namespace {

using Time = std::chrono::steady_clock::time_point;

// A socket that is not connected yet cannot be shut down: look again. Also how long a cancel may take.
constexpr std::chrono::milliseconds repeat_after{20};

}  // namespace

HttpAbort::HttpAbort() : thread_([this](const std::stop_token& stop) { shut_down_late_ones(stop); }) {}

HttpAbort::~HttpAbort() {
  thread_.request_stop();
  thread_.join();
}

void HttpAbort::shut_down_late_ones(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const Time now = std::chrono::steady_clock::now();
    Time next = Time::max();
    for (Watch::Request& request : requests_) {
      const bool is_over = request.is_cancelled || request.deadline <= now;
      // shutdown() does not block, so it may be called with the mutex held.
      for (const Fd& socket : request.sockets) {
        if (is_over) shutdown(socket.get(), SHUT_RDWR);
      }
      next = std::min(next, is_over ? now + repeat_after : request.deadline);
    }
    next_look_ = next;
    const std::uint64_t seen = changes_;
    const auto has_changed = [&] { return changes_ != seen; };
    if (next == Time::max()) {
      changed_.wait(lock, stop, has_changed);
    } else {
      changed_.wait_until(lock, stop, next, has_changed);
    }
  }
}

HttpAbort::Watch::Watch(HttpAbort& owner, Time deadline, const std::stop_token& stop)
    : owner_(owner),
      stop_(stop),
      request_([&] {
        const std::lock_guard lock(owner.mutex_);
        owner.requests_.push_front({.deadline = deadline, .is_cancelled = false, .sockets = {}});
        if (deadline < owner.next_look_) {
          ++owner.changes_;
          owner.changed_.notify_one();
        }
        return owner.requests_.begin();
      }()),
      on_stop_(std::in_place, stop, OnStop{this}) {}

HttpAbort::Watch::~Watch() {
  on_stop_.reset();  // waits for a cancel() under way, which needs the request and the mutex
  const std::lock_guard lock(owner_.mutex_);
  owner_.requests_.erase(request_);
}

void HttpAbort::Watch::add_socket(int socket) const {
  Fd own(fcntl(socket, F_DUPFD_CLOEXEC, 0));
  const std::lock_guard lock(owner_.mutex_);
  if (own.is_open()) request_->sockets.push_back(std::move(own));
}

bool HttpAbort::Watch::is_over() const {
  return stop_.stop_requested() || std::chrono::steady_clock::now() >= request_->deadline;
}

void HttpAbort::Watch::cancel() noexcept {
  const std::lock_guard lock(owner_.mutex_);
  request_->is_cancelled = true;
  ++owner_.changes_;
  owner_.changed_.notify_one();
}

}  // namespace noetl::tools
