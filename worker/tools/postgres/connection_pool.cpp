#include "worker/tools/postgres/connection_pool.hpp"

#include <algorithm>

#include "worker/tools/results.hpp"

namespace noetl::tools::postgres {

ConnectionPool::ConnectionPool(PoolSettings settings, const reach::Reach& reach)
    : settings_(settings), reach_(reach), closer_([this](const std::stop_token& stop) { close_idle_ones(stop); }) {}

ConnectionPool::~ConnectionPool() {
  closer_.request_stop();
  closer_.join();
}

ConnectionPool::Loan::~Loan() {
  if (connection_ != nullptr) pool_->give_back(key_, std::move(connection_));
}

Outcome<ConnectionPool::Loan> ConnectionPool::borrow(const Target& target, const Waiter& waiter) {
  const std::string key = target.key();
  std::unique_lock lock(mutex_);
  const auto is_free = [&] {
    const Bucket& bucket = buckets_[key];
    return !bucket.idle.empty() || bucket.alive < settings_.per_target_max;
  };
  while (true) {
    if (!one_is_free_.wait_until(lock, waiter.stop(), waiter.deadline(), is_free)) {
      if (waiter.stop().stop_requested()) return tl::unexpected(tools::error_of("cancelled", "the call was stopped"));
      return tl::unexpected(tools::error_of("timeout",
                                            "all " + std::to_string(settings_.per_target_max) + " connections to " +
                                                target.shown() + " were busy until the deadline",
                                            true));
    }
    Bucket& bucket = buckets_[key];
    if (bucket.idle.empty()) {
      ++bucket.alive;
      break;
    }
    std::unique_ptr<Connection> connection = std::move(bucket.idle.back().connection);
    bucket.idle.pop_back();
    if (connection->is_usable()) return Loan(*this, key, std::move(connection));
    --bucket.alive;  // the server went away meanwhile: this one is closed at the end of the round
  }
  lock.unlock();
  auto opened = Connection::open(target, waiter, reach_);
  if (opened) return Loan(*this, key, *std::move(opened));
  forget_one(key);
  return tl::unexpected(opened.error());
}

void ConnectionPool::forget_one(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto bucket = buckets_.find(key);
  if (--bucket->second.alive == 0) buckets_.erase(bucket);
  one_is_free_.notify_all();
}

void ConnectionPool::give_back(const std::string& key, std::unique_ptr<Connection> connection) noexcept {
  // A round trip, so not with the mutex held.
  if (!connection->reset()) {
    connection.reset();
    forget_one(key);
    return;
  }
  const std::lock_guard lock(mutex_);
  buckets_[key].idle.push_back({.connection = std::move(connection), .since = std::chrono::steady_clock::now()});
  one_is_free_.notify_all();  // waiters may want other targets: each looks for itself
  has_idle_.notify_one();
}

std::size_t ConnectionPool::open_count() const {
  const std::lock_guard lock(mutex_);
  std::size_t count = 0;
  for (const auto& [key, bucket] : buckets_) count += bucket.alive;
  return count;
}

std::chrono::steady_clock::time_point ConnectionPool::take_expired(std::vector<Idle>& expired) {
  const auto now = std::chrono::steady_clock::now();
  auto next = std::chrono::steady_clock::time_point::max();
  for (auto entry = buckets_.begin(); entry != buckets_.end();) {
    Bucket& bucket = entry->second;
    // The oldest are at the front.
    while (!bucket.idle.empty() && bucket.idle.front().since + settings_.idle_max <= now) {
      expired.push_back(std::move(bucket.idle.front()));
      bucket.idle.erase(bucket.idle.begin());
      --bucket.alive;
    }
    if (!bucket.idle.empty()) next = std::min(next, bucket.idle.front().since + settings_.idle_max);
    entry = bucket.alive == 0 ? buckets_.erase(entry) : std::next(entry);
  }
  return next;
}

void ConnectionPool::close_idle_ones(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    std::vector<Idle> expired;
    const auto next = take_expired(expired);
    if (!expired.empty()) {
      one_is_free_.notify_all();
      lock.unlock();
      expired.clear();  // says goodbye to the servers
      lock.lock();
      continue;
    }
    const auto has_idle = [&] {
      return std::any_of(buckets_.begin(), buckets_.end(),
                         [](const auto& entry) { return !entry.second.idle.empty(); });
    };
    if (next == std::chrono::steady_clock::time_point::max()) {
      has_idle_.wait(lock, stop, has_idle);
    } else {
      has_idle_.wait_until(lock, stop, next, [] { return false; });
    }
  }
}

}  // namespace noetl::tools::postgres
