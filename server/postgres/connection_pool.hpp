#pragma once
// ConnectionPool: a bounded number of Postgres connections. Each prepares a statement at its first use. Any thread; a
// connection belongs to one thread while it is borrowed. Waiting for one is bounded, then Unavailable.
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "server/postgres/search_path.hpp"

namespace noetl::postgres {

class Session;
struct Connection;  // wraps the library's, whose type cannot be declared ahead

struct PoolSettings {
  std::string database_url;  // libpq URI or key=value text
  std::size_t connections_max = 16;
  std::chrono::milliseconds wait_max{2000};  // for a free connection
  std::chrono::seconds connect_timeout{3};
  std::chrono::seconds statement_timeout{30};
  std::chrono::seconds lock_timeout{15};
  std::string search_path = own_search_path;
  // For who reads whole tables and writes nothing: each transaction sees one snapshot, and the planner is free.
  bool is_inspection = false;
};

class ConnectionPool {
 public:
  explicit ConnectionPool(PoolSettings settings);
  ~ConnectionPool();
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;

  // One transaction: committed when `work` returns, rolled back when it throws. Deadlocks and serialization
  // failures are repeated a few times, then Unavailable: `work` must be repeatable.
  void transact(const std::function<void(Session&)>& work);
  // One statement, which is its own transaction: saves BEGIN and COMMIT.
  void run_one(const std::function<void(Session&)>& work);

  [[nodiscard]] std::size_t borrowed() const;
  [[nodiscard]] const PoolSettings& settings() const { return settings_; }

 private:
  class Borrowed;
  [[nodiscard]] std::unique_ptr<Connection> take();
  void give_back(std::unique_ptr<Connection> connection, bool is_healthy);
  void attempt(const std::function<void(Session&)>& work, bool is_single);
  void repeat(const std::function<void(Session&)>& work, bool is_single);

  const PoolSettings settings_;
  mutable std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Connection>> idle_;
  std::size_t open_ = 0;  // idle and borrowed
};

}  // namespace noetl::postgres
