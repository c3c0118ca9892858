#pragma once
// PlaybookCache: parsed playbooks by catalog id. A catalog entry never changes, so nothing is ever
// invalidated; the oldest leaves when the cache is full. Any thread.
#include <cstddef>
#include <deque>
#include <map>
#include <memory>

#include "shared/base/guarded.hpp"
#include "shared/base/result.hpp"
#include "shared/domain/playbook.hpp"

namespace noetl::postgres {
class ConnectionPool;
class Session;
}  // namespace noetl::postgres

namespace noetl::catalog {

using PlaybookPtr = std::shared_ptr<const domain::Playbook>;

class PlaybookCache {
 public:
  explicit PlaybookCache(postgres::ConnectionPool& connections, std::size_t entries_max = 1000)
      : connections_(connections), entries_max_(entries_max) {}

  // Errors: not_found; invalid_playbook when an entry stored by another version does not parse any more.
  [[nodiscard]] base::Result<PlaybookPtr> get(base::CatalogId catalog_id);
  // The same inside a transaction: never borrows a second connection, which could starve the pool.
  [[nodiscard]] base::Result<PlaybookPtr> get(base::CatalogId catalog_id, postgres::Session& session);

 private:
  [[nodiscard]] PlaybookPtr find(base::CatalogId catalog_id) const;
  struct Entries {
    std::map<base::CatalogId, PlaybookPtr> by_id;
    std::deque<base::CatalogId> oldest_first;
  };
  postgres::ConnectionPool& connections_;
  const std::size_t entries_max_;
  base::Guarded<Entries> entries_;
};

}  // namespace noetl::catalog
