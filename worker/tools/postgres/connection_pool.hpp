#pragma once
// ConnectionPool: connections to any number of databases, kept for the next call to the same one. Bounded for
// each target; a call that finds all of them busy waits within its deadline. Any thread. A thread of its own
// closes what nobody wanted for a while.
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "worker/tools/postgres/connection.hpp"

namespace noetl::tools::postgres {

struct PoolSettings {
  std::size_t per_target_max = 16;
  std::chrono::milliseconds idle_max{30'000};
};

class ConnectionPool {
 public:
  ConnectionPool(PoolSettings settings, const reach::Reach& reach);  // which outlives it
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;
  ~ConnectionPool();

  // Gives its connection back, or closes it when it cannot be used again. Ends before the pool.
  class Loan {
   public:
    Loan(ConnectionPool& pool, std::string key, std::unique_ptr<Connection> connection)
        : pool_(&pool), key_(std::move(key)), connection_(std::move(connection)) {}
    Loan(Loan&& other) noexcept = default;
    Loan& operator=(Loan&&) = delete;
    ~Loan();
    Connection* operator->() const { return connection_.get(); }
    Connection& operator*() const { return *connection_; }

   private:
    ConnectionPool* pool_;
    std::string key_;
    std::unique_ptr<Connection> connection_;
  };

  [[nodiscard]] Outcome<Loan> borrow(const Target& target, const Waiter& waiter);
  // Open connections, lent ones included: for tests and metrics.
  [[nodiscard]] std::size_t open_count() const;

 private:
  struct Idle {
    std::unique_ptr<Connection> connection;
    std::chrono::steady_clock::time_point since;
  };
  struct Bucket {
    std::vector<Idle> idle;  // the last one in is the first one out
    std::size_t alive = 0;  // idle and lent
  };
  void give_back(const std::string& key, std::unique_ptr<Connection> connection) noexcept;
  void forget_one(const std::string& key);
  void close_idle_ones(const std::stop_token& stop);
  // With the mutex held: takes what is too old out, and says when to look again.
  std::chrono::steady_clock::time_point take_expired(std::vector<Idle>& expired);

  const PoolSettings settings_;
  const reach::Reach& reach_;
  mutable std::mutex mutex_;  // of all below
  std::condition_variable_any one_is_free_;
  std::condition_variable_any has_idle_;
  std::map<std::string, Bucket> buckets_;
  std::jthread closer_;  // last: it uses all of the above
};

}  // namespace noetl::tools::postgres
