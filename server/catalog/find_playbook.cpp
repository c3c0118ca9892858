#include "server/catalog/find_playbook.hpp"

#include "server/store/executions/catalog_table.hpp"

namespace noetl::catalog {

base::Result<PlaybookPtr> find_playbook(dispatch::ServerContext& context, postgres::Session& session,
                                        base::CatalogId catalog_id, const std::string& path,
                                        std::optional<int> version) {
  if (catalog_id.is_set()) return context.playbooks.get(catalog_id, session);
  std::optional<base::CatalogId> id;
  store::CatalogTable catalog(session);
  if (!version) {
    id = catalog.latest_id(path);
  } else if (const auto row = catalog.find({.catalog_id = {}, .path = path, .version = version})) {
    id = row->catalog_id;
  }
  if (!id && version) {
    if (const auto latest = catalog.find({.catalog_id = {}, .path = path, .version = {}})) {
      return base::failure(base::ErrorCode::not_found,
                           "playbook '" + path + "' has no version " + std::to_string(*version) + "; its latest is " +
                               std::to_string(latest->version),
                           "/version");
    }
  }
  if (!id) {
    return base::failure(base::ErrorCode::not_found,
                         "no playbook is registered under path '" + path + "'" +
                             (version ? " with version " + std::to_string(*version) : std::string{}) +
                             "; register it with POST /api/catalog/register or `noetlctl playbook register`",
                         "/path");
  }
  return context.playbooks.get(*id, session);
}

}  // namespace noetl::catalog
