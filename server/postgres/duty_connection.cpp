#include "server/postgres/duty_connection.hpp"

#include <unistd.h>

#include <array>
#include <pqxx/pqxx>
#include <random>

#include "server/postgres/errors.hpp"
#include "server/postgres/queries.hpp"
#include "server/postgres/search_path.hpp"
#include "server/postgres/session.hpp"

namespace noetl::postgres {

namespace {
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr const char* duty = "upkeep";

// Where it runs, for who reads the row; the random part makes it this process's alone.
std::string made_up_holder() {
  constexpr std::string_view digits = "0123456789abcdef";
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  std::string holder = std::string(host.data()) + ":" + std::to_string(getpid()) + ":";
  std::random_device random;
  for (int i = 0; i < 16; ++i) holder += digits[random() % digits.size()];
  return holder;
}
}  // namespace

struct DutyConnection::State {
  explicit State(const std::string& url) : link(url) {
    link.set_variable("application_name", "'noetl-server-upkeep'");
    link.set_variable("search_path", own_search_path);
    link.set_variable("statement_timeout", "30000");
    link.set_variable("lock_timeout", "5000");
  }
  pqxx::connection link;
  PreparedStatements prepared;
};

DutyConnection::DutyConnection(std::string database_url, milliseconds lead_time)
    : database_url_(std::move(database_url)), lead_time_(lead_time), holder_(made_up_holder()) {}
DutyConnection::~DutyConnection() { release(); }

void DutyConnection::connect() {
  if (!state_) state_ = std::make_unique<State>(database_url_);
}

bool DutyConnection::is_fresh() const { return epoch_ > 0 && steady_clock::now() - renewed_at_ < lead_time_ / 4; }

bool DutyConnection::acquire() {
  try {
    connect();
    if (is_fresh()) return true;
    const auto asked_at = steady_clock::now();
    pqxx::nontransaction transaction(state_->link);
    Session session(transaction, state_->prepared);
    const auto taken = session.run(queries::TakeLead{.duty = duty, .holder = holder_, .lead_ms = lead_time_.count()});
    epoch_ = taken.empty() ? 0 : taken[0][0].as<std::int64_t>();
    renewed_at_ = asked_at;
    if (epoch_ == 0) {
      const auto left = session.run(queries::LeadLeft{.duty = duty});
      until_free_ = milliseconds{left.empty() ? 0 : left[0][0].as<std::int64_t>()};
    }
    return epoch_ > 0;
  } catch (const pqxx::failure& error) {
    state_.reset();
    epoch_ = 0;
    throw Unavailable("upkeep cannot ask for the lead: " + told_by(error));
  }
}

void DutyConnection::run_one(const std::function<void(Session&)>& work) {
  ++calls_;
  try {
    connect();
    pqxx::nontransaction transaction(state_->link);
    Session session(transaction, state_->prepared);
    work(session);
  } catch (const pqxx::failure& error) {
    state_.reset();
    throw Unavailable("upkeep lost its connection or a statement failed: " + told_by(error));
  }
}

void DutyConnection::write(const std::function<void(Session&)>& work) {
  ++calls_;
  try {
    connect();
    pqxx::work transaction(state_->link);
    Session session(transaction, state_->prepared);
    if (session.run(queries::HoldLead{.duty = duty, .holder = holder_, .epoch = epoch_, .lead_ms = lead_time_.count()})
            .empty()) {
      epoch_ = 0;
      throw Unavailable("another server has the lead in the background duties now");
    }
    work(session);
    transaction.commit();
  } catch (const pqxx::failure& error) {
    state_.reset();
    throw Unavailable("upkeep lost its connection or a statement failed: " + told_by(error));
  }
}

void DutyConnection::release() {
  if (state_ && epoch_ > 0) {
    try {
      pqxx::nontransaction transaction(state_->link);
      (void)Session(transaction, state_->prepared)
          .run(queries::LeaveLead{.duty = duty, .holder = holder_, .epoch = epoch_});
    } catch (const pqxx::failure&) {
      // Its time passes without a word as well.
      epoch_ = 0;
    }
  }
  epoch_ = 0;
  state_.reset();
}

}  // namespace noetl::postgres
