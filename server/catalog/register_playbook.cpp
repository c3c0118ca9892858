#include "server/catalog/register_playbook.hpp"

#include "server/postgres/connection_pool.hpp"
#include "server/postgres/sha256.hpp"
#include "server/store/executions/catalog_table.hpp"
#include "shared/language/lint.hpp"
#include "shared/language/loading/playbook_loader.hpp"

namespace noetl::catalog {

namespace {
// Of a path that is new two may make the first version at once: one of them finds it made, and looks again.
constexpr int tries_max = 3;

// False: another transaction has just made the version that this one wanted to make.
bool settle(dispatch::ServerContext& context, postgres::Session& session, wire::CatalogRow entry,
            wire::RegisterAnswer& answer) {
  store::CatalogTable catalog(session);
  catalog.lock_path(entry.path);
  const auto latest = catalog.latest(entry.path);
  if (latest && latest->checksum == entry.checksum) {
    answer.catalog_id = latest->catalog_id;
    answer.version = latest->version;
    answer.is_new = false;
    return true;
  }
  answer.catalog_id = entry.catalog_id = {context.ids.next()};
  answer.version = entry.version = latest ? latest->version + 1 : 1;
  answer.is_new = true;
  return catalog.insert(entry);
}
}  // namespace

base::Result<wire::RegisterAnswer> register_playbook(dispatch::ServerContext& context,
                                                     const wire::RegisterRequest& request) {
  const auto loaded = language::load_playbook(request.content);
  if (!loaded) return base::failure(loaded.error());
  const auto& playbook = loaded->playbook;
  const wire::CatalogRow entry{.catalog_id = {},
                               .path = playbook.path,
                               .version = 0,
                               .kind = "Playbook",
                               .name = playbook.name,
                               .content = request.content,
                               .created_at = {},
                               .checksum = postgres::sha256_hex(request.content)};
  wire::RegisterAnswer answer{
      .catalog_id = {}, .path = playbook.path, .version = 1, .kind = "Playbook", .is_new = true};
  for (auto& finding : language::lint_playbook(request.content).findings)
    answer.warnings.push_back(std::move(finding.detail));
  for (int tried = 1; tried <= tries_max; ++tried) {
    bool is_settled = false;
    context.connections.transact(
        [&](postgres::Session& session) { is_settled = settle(context, session, entry, answer); });
    if (is_settled) return answer;
  }
  return base::failure(base::ErrorCode::conflict,
                       "others register playbook '" + playbook.path + "' at the same time: register it again");
}

std::vector<wire::CatalogRow> list_catalog(dispatch::ServerContext& context, const std::string& kind, int limit) {
  std::vector<wire::CatalogRow> rows;
  context.connections.run_one(
      [&](postgres::Session& session) { rows = store::CatalogTable(session).list(kind, limit); });
  return rows;
}

base::Result<wire::CatalogRow> get_resource(dispatch::ServerContext& context, const wire::ResourceRequest& request) {
  std::optional<wire::CatalogRow> row;
  context.connections.run_one([&](postgres::Session& session) { row = store::CatalogTable(session).find(request); });
  if (row) return std::move(*row);
  if (request.catalog_id.is_set()) {
    return base::failure(base::ErrorCode::not_found, "no catalog entry has catalog_id " + request.catalog_id.str(),
                         "/catalog_id");
  }
  return base::failure(base::ErrorCode::not_found,
                       "no catalog entry has path '" + request.path + "'" +
                           (request.version ? " and version " + std::to_string(*request.version) : std::string{}),
                       "/path");
}

}  // namespace noetl::catalog
