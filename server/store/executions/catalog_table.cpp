#include "server/store/executions/catalog_table.hpp"

#include "server/postgres/queries.hpp"
#include "server/postgres/session.hpp"

namespace noetl::store {

namespace {
wire::CatalogRow row_from(const pqxx::row& row, bool has_content) {
  return {.catalog_id = {row["catalog_id"].as<std::int64_t>()},
          .path = row["path"].c_str(),
          .version = row["version"].as<int>(),
          .kind = row["kind"].c_str(),
          .name = row["name"].c_str(),
          .content = has_content ? postgres::text_of(row["content"]) : std::string{},
          .created_at = row["created_at"].c_str(),
          .checksum = row["checksum"].c_str()};
}
}  // namespace

void CatalogTable::lock_path(const std::string& path) { session_.run(queries::LockCatalogPath{.path = path}); }

std::optional<wire::CatalogRow> CatalogTable::latest(const std::string& path) {
  const auto rows = session_.run(queries::LatestCatalogEntry{.path = path});
  if (rows.empty()) return std::nullopt;
  return row_from(rows[0], false);
}

bool CatalogTable::insert(const wire::CatalogRow& row) {
  return !session_
              .run(queries::InsertCatalogEntry{.catalog_id = row.catalog_id.value,
                                               .path = row.path,
                                               .version = row.version,
                                               .kind = row.kind,
                                               .name = row.name,
                                               .content = row.content,
                                               .checksum = row.checksum})
              .empty();
}

std::vector<wire::CatalogRow> CatalogTable::list(const std::string& kind, int limit) {
  std::vector<wire::CatalogRow> entries;
  for (const auto& row : session_.run(queries::ListCatalog{.kind = kind, .limit = limit}))
    entries.push_back(row_from(row, false));
  return entries;
}

std::optional<wire::CatalogRow> CatalogTable::find(const wire::ResourceRequest& request) {
  const auto rows = request.catalog_id.is_set()
                        ? session_.run(queries::CatalogEntryById{.catalog_id = request.catalog_id.value})
                        : session_.run(queries::CatalogEntryByPath{.path = request.path, .version = request.version});
  if (rows.empty()) return std::nullopt;
  return row_from(rows[0], true);
}

std::optional<base::CatalogId> CatalogTable::latest_id(const std::string& path) {
  const auto rows = session_.run(queries::LatestCatalogId{.path = path});
  if (rows.empty()) return std::nullopt;
  return base::CatalogId{rows[0][0].as<std::int64_t>()};
}

}  // namespace noetl::store
