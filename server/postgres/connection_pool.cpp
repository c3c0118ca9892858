#include "server/postgres/connection_pool.hpp"

#include <pqxx/pqxx>
#include <random>
#include <thread>

#include "server/postgres/errors.hpp"
#include "server/postgres/session.hpp"
#include "shared/base/backoff.hpp"

namespace noetl::postgres {

struct Connection {
  explicit Connection(const std::string& options) : link(options) {}
  pqxx::connection link;
  PreparedStatements prepared;
};

namespace {
constexpr int repeats_max = 5;
constexpr base::Backoff repeat_backoff{.kind = base::BackoffKind::exponential,
                                       .initial = std::chrono::milliseconds(4),
                                       .delay_max = std::chrono::milliseconds(50),
                                       .multiplier = 2.0};

// SQL states that say "not now" rather than "wrong": shutdown, starting up, too many connections, disk
// full, statement timeout, lock timeout. https://www.postgresql.org/docs/15/errcodes-appendix.html
bool is_world_failure(const std::string& sqlstate) {
  return sqlstate.starts_with("57P") || sqlstate.starts_with("08") || sqlstate.starts_with("53") ||
         sqlstate == "57014" || sqlstate == "25006" || sqlstate == "55P03";
}

void plan_for_the_queue(pqxx::connection& link) {
  // Every statement is short and has one good plan; a custom plan per call costs more than it finds.
  link.set_variable("plan_cache_mode", "force_generic_plan");
  // The hot statements go by primary key for any number of rows. A plan made while the tables were empty
  // would scan them, and stay.
  link.set_variable("enable_seqscan", "off");
  // "The oldest 256 that wait" is an index scan that stops; by a bitmap it reads and sorts all that wait (37 ms of 20,000).
  link.set_variable("enable_bitmapscan", "off");
  // Starting workers for a statement that reads ten pages takes 10 to 50 ms; a poll was planned so when much was in the table.
  link.set_variable("max_parallel_workers_per_gather", "0");
  link.set_variable("enable_hashjoin", "off");
  link.set_variable("enable_mergejoin", "off");
}

void read_only_snapshots(pqxx::connection& link) {
  link.set_variable("default_transaction_isolation", "'repeatable read'");
  link.set_variable("default_transaction_read_only", "on");
}

std::unique_ptr<Connection> open_connection(const PoolSettings& settings) {
  const bool is_uri = settings.database_url.find("://") != std::string::npos;
  std::string options = settings.database_url;
  if (options.find("connect_timeout") == std::string::npos) {
    const std::string pair = "connect_timeout=" + std::to_string(settings.connect_timeout.count());
    options += is_uri ? (options.find('?') == std::string::npos ? "?" : "&") + pair : " " + pair;
  }
  auto connection = std::make_unique<Connection>(options);
  connection->link.set_variable("search_path", settings.search_path);
  connection->link.set_variable("statement_timeout", std::to_string(settings.statement_timeout.count() * 1000));
  // Somebody's forgotten `begin; lock table` is told within seconds, not after the statement's whole time.
  connection->link.set_variable("lock_timeout", std::to_string(settings.lock_timeout.count() * 1000));
  connection->link.set_variable("application_name", settings.is_inspection ? "'noetl-doctor'" : "'noetl-server'");
  connection->link.set_variable("jit", "off");
  if (settings.is_inspection)
    read_only_snapshots(connection->link);
  else
    plan_for_the_queue(connection->link);
  return connection;
}
}  // namespace

// Gives its connection back whatever happens; a connection that saw an error of the world is closed.
class ConnectionPool::Borrowed {
 public:
  explicit Borrowed(ConnectionPool& pool) : pool_(pool), connection_(pool.take()) {}
  ~Borrowed() { pool_.give_back(std::move(connection_), is_healthy_); }
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;
  Connection& operator*() { return *connection_; }
  void condemn() { is_healthy_ = false; }

 private:
  ConnectionPool& pool_;
  std::unique_ptr<Connection> connection_;
  bool is_healthy_ = true;
};

ConnectionPool::ConnectionPool(PoolSettings settings) : settings_(std::move(settings)) {}
ConnectionPool::~ConnectionPool() = default;

std::unique_ptr<Connection> ConnectionPool::take() {
  {
    std::unique_lock lock(mutex_);
    const bool got = returned_.wait_for(lock, settings_.wait_max,
                                        [&] { return !idle_.empty() || open_ < settings_.connections_max; });
    if (!got) {
      throw Unavailable("all " + std::to_string(settings_.connections_max) + " Postgres connections were busy for " +
                        std::to_string(settings_.wait_max.count()) +
                        " ms; raise NOETL_DB_POOL_SIZE or send less at once");
    }
    if (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
    ++open_;
  }
  try {
    return open_connection(settings_);
  } catch (const std::exception& error) {
    {
      const std::lock_guard lock(mutex_);
      --open_;
    }
    returned_.notify_one();
    throw Unavailable("cannot connect to Postgres: " + told_by(error));
  }
}

void ConnectionPool::give_back(std::unique_ptr<Connection> connection, bool is_healthy) {
  {
    const std::lock_guard lock(mutex_);
    if (is_healthy && connection && connection->link.is_open()) {
      idle_.push_back(std::move(connection));
    } else {
      --open_;
    }
  }
  returned_.notify_one();
}

void ConnectionPool::attempt(const std::function<void(Session&)>& work, bool is_single) {
  Borrowed borrowed(*this);
  try {
    if (is_single) {
      pqxx::nontransaction transaction((*borrowed).link);
      Session session(transaction, (*borrowed).prepared);
      work(session);
    } else {
      pqxx::work transaction((*borrowed).link);
      Session session(transaction, (*borrowed).prepared);
      work(session);
      transaction.commit();
    }
  } catch (const pqxx::in_doubt_error& error) {
    borrowed.condemn();
    throw Unavailable("the connection was lost during commit, its outcome is unknown: " + told_by(error));
  } catch (const pqxx::statement_completion_unknown& error) {
    borrowed.condemn();
    throw Unavailable("Postgres does not know the outcome: " + told_by(error));
  } catch (const pqxx::broken_connection& error) {
    borrowed.condemn();
    throw Unavailable("the connection to Postgres was lost: " + told_by(error));
  } catch (const pqxx::sql_error& error) {
    if (!is_world_failure(error.sqlstate())) throw;
    borrowed.condemn();
    throw Unavailable("Postgres refused: " + told_by(error));
  }
}

// A deadlock or a serialization failure undid everything: the same work again, each after another time, so that those that met once
// do not meet again. libpqxx 6 does not derive transaction_rollback from sql_error.
void ConnectionPool::repeat(const std::function<void(Session&)>& work, bool is_single) {
  for (int tried = 1;; ++tried) {
    try {
      return attempt(work, is_single);
    } catch (const pqxx::transaction_rollback& error) {
      if (tried < repeats_max) {
        thread_local std::minstd_rand random{std::random_device{}()};
        const double unit = std::uniform_real_distribution<double>(0.0, 1.0)(random);
        std::this_thread::sleep_for(repeat_backoff.jittered_after(tried, unit));
        continue;
      }
      throw Unavailable("Postgres rolled the transaction back " + std::to_string(repeats_max) +
                        " times: " + told_by(error));
    }
  }
}

void ConnectionPool::transact(const std::function<void(Session&)>& work) { repeat(work, false); }

void ConnectionPool::run_one(const std::function<void(Session&)>& work) { repeat(work, true); }

std::size_t ConnectionPool::borrowed() const {
  const std::lock_guard lock(mutex_);
  return open_ - idle_.size();
}

}  // namespace noetl::postgres
