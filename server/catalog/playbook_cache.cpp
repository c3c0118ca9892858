#include "server/catalog/playbook_cache.hpp"

#include "server/postgres/connection_pool.hpp"
#include "server/store/executions/catalog_table.hpp"
#include "shared/language/loading/playbook_loader.hpp"

namespace noetl::catalog {

PlaybookPtr PlaybookCache::find(base::CatalogId catalog_id) const {
  return entries_.with([&](const Entries& entries) -> PlaybookPtr {
    const auto found = entries.by_id.find(catalog_id);
    return found == entries.by_id.end() ? nullptr : found->second;
  });
}

base::Result<PlaybookPtr> PlaybookCache::get(base::CatalogId catalog_id) {
  if (auto cached = find(catalog_id)) return cached;
  std::optional<base::Result<PlaybookPtr>> found;
  connections_.run_one([&](postgres::Session& session) { found = get(catalog_id, session); });
  return std::move(*found);
}

base::Result<PlaybookPtr> PlaybookCache::get(base::CatalogId catalog_id, postgres::Session& session) {
  if (auto cached = find(catalog_id)) return cached;
  const auto row = store::CatalogTable(session).find({.catalog_id = catalog_id, .path = {}, .version = {}});
  if (!row) {
    return base::failure(base::ErrorCode::not_found, "no playbook has catalog_id " + catalog_id.str(), "/catalog_id");
  }
  auto loaded = language::load_playbook(row->content, language::Origin::catalog);
  if (!loaded) return base::failure(loaded.error());
  auto playbook = std::make_shared<domain::Playbook>(std::move(loaded->playbook));
  playbook->catalog_id = catalog_id;
  playbook->catalog_version = row->version;
  entries_.with([&](Entries& entries) {
    if (!entries.by_id.emplace(catalog_id, playbook).second) return;
    entries.oldest_first.push_back(catalog_id);
    if (entries.oldest_first.size() > entries_max_) {
      entries.by_id.erase(entries.oldest_first.front());
      entries.oldest_first.pop_front();
    }
  });
  return PlaybookPtr(playbook);
}

}  // namespace noetl::catalog
