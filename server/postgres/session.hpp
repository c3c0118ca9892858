#pragma once
// Session: one transaction on one Postgres connection, used by one thread. The table classes run their
// named statements through it. The only way to pqxx; nobody outside server/postgres, server/migrations and server/store includes this.
#include <cstddef>
#include <pqxx/pqxx>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace noetl::postgres {

// Which statements of sql/queries one connection knows. As long as the connection; one thread at a time.
class PreparedStatements {
 public:
  // At its first use: a new connection waits for none that it may never run.
  void ensure(pqxx::transaction_base& transaction, std::size_t number) {
    if (number >= is_prepared_.size() || !is_prepared_[number]) prepare(transaction, number);
  }

 private:
  void prepare(pqxx::transaction_base& transaction, std::size_t number);
  std::vector<bool> is_prepared_;
};

class Session {
 public:
  Session(pqxx::transaction_base& transaction, PreparedStatements& prepared)
      : transaction_(transaction), prepared_(prepared) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Runs a statement of sql/queries, which server/postgres/queries.hpp (made when the product is built) has a struct of.
  template <class Query>
  pqxx::result run(Query query) {
    prepared_.ensure(transaction_, Query::number);
    return std::move(query).pass([&](auto&&... values) {
      return transaction_.exec_prepared(Query::statement, std::forward<decltype(values)>(values)...);
    });
  }
  // One without parameters, where its name is data.
  pqxx::result run_named(std::string_view name);
  pqxx::transaction_base& transaction() { return transaction_; }

 private:
  pqxx::transaction_base& transaction_;
  PreparedStatements& prepared_;
};

// Column text, or "" for null.
[[nodiscard]] std::string text_of(const pqxx::field& field);

}  // namespace noetl::postgres
