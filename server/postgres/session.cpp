#include "server/postgres/session.hpp"

#include <algorithm>

#include "server/postgres/statements.hpp"
#include "shared/base/invariant.hpp"

namespace noetl::postgres {

void PreparedStatements::prepare(pqxx::transaction_base& transaction, std::size_t number) {
  const auto& [name, text] = statements().at(number);
  transaction.conn().prepare(name, text);
  if (is_prepared_.empty()) is_prepared_.resize(statements().size());
  is_prepared_[number] = true;
}

pqxx::result Session::run_named(std::string_view name) {
  const auto& all = statements();
  const auto found = std::ranges::find(all, name, &NamedStatement::first);
  NOETL_INVARIANT(found != all.end(), "a statement has a name of sql/queries");
  prepared_.ensure(transaction_, static_cast<std::size_t>(found - all.begin()));
  return transaction_.exec_prepared(found->first);
}

std::string text_of(const pqxx::field& field) {
  return field.is_null() ? std::string{} : std::string{field.c_str(), field.size()};
}

}  // namespace noetl::postgres
