// server/store/connection_pool.hpp and duty_connection.hpp on the model database: every transaction goes through the
// installation's runner, which is where the simulation lets time pass, servers die and answers get lost.
#include "server/store/connection_pool.hpp"
#include "server/store/duty_connection.hpp"
#include "tests/simulation/model/session.hpp"

namespace noetl::store {

namespace {
void run(const char* where, const std::function<void(Session&)>& work) {
  auto& installation = simulation::installation();
  const auto whole = [&] {
    Session session(*installation.database);
    work(session);
  };
  if (installation.run)
    installation.run(where, whole);
  else
    whole();
}
}  // namespace

struct Connection {};
class ConnectionPool::Borrowed {};

ConnectionPool::ConnectionPool(PoolSettings settings) : settings_(std::move(settings)) {}
ConnectionPool::~ConnectionPool() = default;
void ConnectionPool::transact(const std::function<void(Session&)>& work) { run("transaction", work); }
void ConnectionPool::run_one(const std::function<void(Session&)>& work) { run("statement", work); }
std::size_t ConnectionPool::borrowed() const { return 0; }

struct DutyConnection::State {};

DutyConnection::DutyConnection(std::string database_url) : database_url_(std::move(database_url)) {}
DutyConnection::~DutyConnection() { release(); }

bool DutyConnection::acquire() {
  bool has_lock = false;
  run("try_upkeep_lock", [&](Session& session) {
    auto& holder = session.database.upkeep_lock;
    if (holder == nullptr) {
      holder = this;
      session.database.upkeep_process = simulation::installation().process();
    }
    has_lock = holder == this;
  });
  return has_lock;
}

// As the real one: a failure costs the connection, and with it the lock.
void DutyConnection::run_one(const std::function<void(Session&)>& work) {
  ++calls_;
  try {
    run("upkeep", work);
  } catch (...) {
    release();
    throw;
  }
}

void DutyConnection::release() {
  auto& holder = simulation::installation().database->upkeep_lock;
  if (holder == this) holder = nullptr;
}

}  // namespace noetl::store
