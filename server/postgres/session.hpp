#pragma once
// Session: one transaction on one Postgres connection, used by one thread. The table classes run their
// named statements through it. The only way to pqxx; nobody outside server/postgres, server/migrations and server/store includes this.
#include <pqxx/pqxx>
#include <string>

namespace noetl::postgres {

class Session {
 public:
  explicit Session(pqxx::transaction_base& transaction) : transaction_(transaction) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Runs a prepared statement of sql/queries by its name.
  template <class... Arguments>
  pqxx::result run(const char* name, Arguments&&... arguments) {
    return transaction_.exec_prepared(name, std::forward<Arguments>(arguments)...);
  }
  pqxx::transaction_base& transaction() { return transaction_; }

 private:
  pqxx::transaction_base& transaction_;
};

// Column text, or "" for null.
[[nodiscard]] std::string text_of(const pqxx::field& field);

}  // namespace noetl::postgres
