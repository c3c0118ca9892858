#include "server/store/executions/catalog_table.hpp"

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

void CatalogTable::lock_path(const std::string& path) { session_.run("lock_catalog_path", path); }

std::optional<wire::CatalogRow> CatalogTable::latest(const std::string& path) {
  const auto rows = session_.run("latest_catalog_entry", path);
  if (rows.empty()) return std::nullopt;
  return row_from(rows[0], false);
}

bool CatalogTable::insert(const wire::CatalogRow& row) {
  return !session_
              .run("insert_catalog_entry", row.catalog_id.value, row.path, row.version, row.kind, row.name, row.content,
                   row.checksum)
              .empty();
}

std::vector<wire::CatalogRow> CatalogTable::list(const std::string& kind, int limit) {
  std::vector<wire::CatalogRow> entries;
  for (const auto& row : session_.run("list_catalog", kind, limit)) entries.push_back(row_from(row, false));
  return entries;
}

std::optional<wire::CatalogRow> CatalogTable::find(const wire::ResourceRequest& request) {
  const auto rows = request.catalog_id.is_set() ? session_.run("catalog_entry_by_id", request.catalog_id.value)
                                                : session_.run("catalog_entry_by_path", request.path, request.version);
  if (rows.empty()) return std::nullopt;
  return row_from(rows[0], true);
}

std::optional<base::CatalogId> CatalogTable::latest_id(const std::string& path) {
  const auto rows = session_.run("latest_catalog_id", path);
  if (rows.empty()) return std::nullopt;
  return base::CatalogId{rows[0][0].as<std::int64_t>()};
}

}  // namespace noetl::store
