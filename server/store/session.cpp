#include "server/store/session.hpp"

namespace noetl::store {

std::string text_of(const pqxx::field& field) {
  return field.is_null() ? std::string{} : std::string{field.c_str(), field.size()};
}

}  // namespace noetl::store
