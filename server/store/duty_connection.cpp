#include "server/store/duty_connection.hpp"

#include <pqxx/pqxx>

#include "server/store/errors.hpp"
#include "server/store/session.hpp"
#include "server/store/statements.hpp"

namespace noetl::store {

struct DutyConnection::State {
  explicit State(const std::string& url) : link(url) {
    link.set_variable("application_name", "'noetl-server-upkeep'");
    link.set_variable("statement_timeout", "30000");
    for (const auto& [name, text] : statements()) link.prepare(name, text);
  }
  pqxx::connection link;
  bool has_lock = false;
};

DutyConnection::DutyConnection(std::string database_url) : database_url_(std::move(database_url)) {}
DutyConnection::~DutyConnection() = default;

bool DutyConnection::acquire() {
  try {
    if (!state_) state_ = std::make_unique<State>(database_url_);
    if (!state_->has_lock) {
      pqxx::nontransaction transaction(state_->link);
      state_->has_lock = transaction.exec_prepared("try_upkeep_lock")[0][0].as<bool>();
    }
    return state_->has_lock;
  } catch (const pqxx::failure& error) {
    state_.reset();
    throw Unavailable(std::string("upkeep cannot ask for its lock: ") + error.what());
  }
}

void DutyConnection::run_one(const std::function<void(Session&)>& work) {
  ++calls_;
  try {
    pqxx::nontransaction transaction(state_->link);
    Session session(transaction);
    work(session);
  } catch (const pqxx::failure& error) {
    state_.reset();
    throw Unavailable(std::string("upkeep lost its connection or a statement failed: ") + error.what());
  }
}

void DutyConnection::release() { state_.reset(); }

}  // namespace noetl::store
