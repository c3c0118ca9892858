// server/postgres/connection_pool.hpp and duty_connection.hpp on the model database: every transaction goes through the
// installation's runner, which is where the simulation lets time pass, servers die and answers get lost.
#include <algorithm>

#include "server/postgres/connection_pool.hpp"
#include "server/postgres/duty_connection.hpp"
#include "server/postgres/errors.hpp"
#include "tests/simulation/model/session.hpp"

namespace noetl::postgres {

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

DutyConnection::DutyConnection(std::string database_url, std::chrono::milliseconds lead_time)
    : database_url_(std::move(database_url)), lead_time_(lead_time) {}
DutyConnection::~DutyConnection() { release(); }

bool DutyConnection::is_fresh() const {
  return epoch_ > 0 && std::chrono::steady_clock::now() - renewed_at_ < lead_time_ / 4;
}

// What take_lead and lead_left do.
bool DutyConnection::acquire() {
  if (is_fresh()) return true;
  const auto asked_at = std::chrono::steady_clock::now();
  epoch_ = 0;
  run("take_lead", [&](Session& session) {
    auto& lead = session.database.lead;
    const auto now = session.database.now();
    if (lead.holder != this && lead.until > now) {
      until_free_ = std::chrono::ceil<std::chrono::milliseconds>(lead.until - now);
      return;
    }
    if (lead.holder != this) ++lead.epoch;
    lead.holder = this;
    lead.until = now + lead_time_;
    epoch_ = lead.epoch;
  });
  renewed_at_ = asked_at;
  return epoch_ > 0;
}

void DutyConnection::run_one(const std::function<void(Session&)>& work) {
  ++calls_;
  run("upkeep", work);
}

void DutyConnection::write(const std::function<void(Session&)>& work) {
  ++calls_;
  bool is_ours = false;  // a transaction is not rolled back here: it does nothing
  run("upkeep", [&](Session& session) {
    auto& lead = session.database.lead;
    is_ours = lead.holder == this && lead.epoch == epoch_;
    if (!is_ours) return;
    lead.until = session.database.now() + lead_time_;
    work(session);
  });
  if (is_ours) return;
  epoch_ = 0;
  throw Unavailable("another server has the lead in the background duties now");
}

void DutyConnection::release() {
  auto& database = *simulation::installation().database;
  if (database.lead.holder == this && database.lead.epoch == epoch_) database.lead.until = database.now();
  epoch_ = 0;
}

}  // namespace noetl::postgres
