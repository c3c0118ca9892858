#include "tests/support/sql.hpp"

#include <pqxx/pqxx>
#include <stdexcept>

namespace noetl::support {

std::vector<SqlRow> sql(const std::string& database_url, const std::string& statement) {
  pqxx::connection connection(database_url);
  pqxx::nontransaction session(connection);  // create database refuses to run inside a transaction
  const pqxx::result result = session.exec(statement);
  std::vector<SqlRow> rows;
  for (const auto& row : result) {
    SqlRow texts;
    for (const auto& field : row) texts.emplace_back(field.is_null() ? "" : field.c_str());
    rows.push_back(std::move(texts));
  }
  return rows;
}

std::int64_t sql_number(const std::string& database_url, const std::string& statement) {
  const auto rows = sql(database_url, statement);
  if (rows.size() != 1 || rows[0].size() != 1) throw std::runtime_error("not one value: " + statement);
  return std::stoll(rows[0][0]);
}

}  // namespace noetl::support
