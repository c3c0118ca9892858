#include "server/postgres/session.hpp"

namespace noetl::postgres {

std::string text_of(const pqxx::field& field) {
  return field.is_null() ? std::string{} : std::string{field.c_str(), field.size()};
}

}  // namespace noetl::postgres
