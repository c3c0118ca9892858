#pragma once
// CatalogTable: noetl.catalog through one session. One thread, as long as the session.
#include <optional>
#include <string>
#include <vector>

#include "shared/wire/messages/catalog.hpp"

namespace noetl::postgres {
class Session;
}

namespace noetl::store {

class CatalogTable {
 public:
  explicit CatalogTable(postgres::Session& session) : session_(session) {}

  // Held until the transaction ends: registrations of one path that is there take turns.
  void lock_path(const std::string& path);
  [[nodiscard]] std::optional<wire::CatalogRow> latest(const std::string& path);  // without content
  // False: another transaction has made that version of the path.
  [[nodiscard]] bool insert(const wire::CatalogRow& row);
  [[nodiscard]] std::vector<wire::CatalogRow> list(const std::string& kind, int limit);  // without content
  [[nodiscard]] std::optional<wire::CatalogRow> find(const wire::ResourceRequest& request);
  [[nodiscard]] std::optional<base::CatalogId> latest_id(const std::string& path);

 private:
  postgres::Session& session_;
};

}  // namespace noetl::store
