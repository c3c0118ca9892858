#include "server/store/secrets/keychain_table.hpp"

#include "server/postgres/queries.hpp"
#include "server/postgres/session.hpp"

namespace noetl::store {
namespace {

SealedText sealed_entry_of(const pqxx::row& row) {
  return {.key_id = postgres::text_of(row["key_id"]), .hex = postgres::text_of(row["sealed"])};
}

StoredKeychainEntry listed(const pqxx::row& row, base::CatalogId catalog_id, std::string name) {
  StoredKeychainEntry found;
  found.key = {
      .catalog_id = catalog_id, .name = std::move(name), .execution_id = {row["execution_id"].as<std::int64_t>()}};
  found.kind = postgres::text_of(row["kind"]);
  found.expires_at = postgres::text_of(row["expires_at"]);
  found.seconds_left = row["seconds_left"].as<double>();
  return found;
}

}  // namespace

void KeychainTable::upsert(const StoredKeychainEntry& entry, std::optional<double> seconds) {
  session_.run(queries::ForgetExpiredKeychain{});
  session_.run(queries::UpsertKeychainEntry{.catalog_id = entry.key.catalog_id.value,
                                            .name = entry.key.name,
                                            .execution_id = entry.key.execution_id.value,
                                            .kind = entry.kind,
                                            .key_id = entry.sealed.key_id,
                                            .sealed = entry.sealed.hex,
                                            .seconds = seconds});
}

std::optional<StoredKeychainEntry> KeychainTable::find(const KeychainKey& key, base::ExecutionId root) {
  const auto rows = session_.run(queries::KeychainEntry{.catalog_id = key.catalog_id.value,
                                                        .name = key.name,
                                                        .execution_id = key.execution_id.value,
                                                        .root = root.value});
  if (rows.empty()) return std::nullopt;
  auto found = listed(rows[0], key.catalog_id, key.name);
  found.sealed = sealed_entry_of(rows[0]);
  return found;
}

std::vector<StoredKeychainEntry> KeychainTable::list(base::CatalogId catalog_id) {
  std::vector<StoredKeychainEntry> found;
  for (const auto& row : session_.run(queries::ListKeychain{.catalog_id = catalog_id.value}))
    found.push_back(listed(row, catalog_id, postgres::text_of(row["name"])));
  return found;
}

int KeychainTable::remove(base::CatalogId catalog_id, const std::string& name,
                          std::optional<base::ExecutionId> execution_id) {
  std::optional<std::int64_t> id;
  if (execution_id) id = execution_id->value;
  return static_cast<int>(
      session_.run(queries::DeleteKeychainEntries{.catalog_id = catalog_id.value, .name = name, .execution_id = id})
          .size());
}

std::vector<StoredKeychainEntry> KeychainTable::of_other_keys(const std::string& key_id, const KeychainKey& after,
                                                              int limit) {
  std::vector<StoredKeychainEntry> found;
  for (const auto& row : session_.run(queries::KeychainOfOtherKeys{.key_id = key_id,
                         .after_catalog = after.catalog_id.value,
                         .after_name = after.name,
                         .after_execution = after.execution_id.value,
                         .limit = limit})) {
    StoredKeychainEntry one;
    one.key = {.catalog_id = {row["catalog_id"].as<std::int64_t>()},
               .name = postgres::text_of(row["name"]),
               .execution_id = {row["execution_id"].as<std::int64_t>()}};
    one.sealed = sealed_entry_of(row);
    found.push_back(std::move(one));
  }
  return found;
}

bool KeychainTable::reseal(const KeychainKey& key, const SealedText& from, const SealedText& to) {
  return !session_
              .run(queries::ResealKeychainEntry{.catalog_id = key.catalog_id.value,
                                                .name = key.name,
                                                .execution_id = key.execution_id.value,
                                                .sealed_before = from.hex,
                                                .key_id = to.key_id,
                                                .sealed = to.hex})
              .empty();
}

base::ExecutionId KeychainTable::root_of(base::ExecutionId execution_id) {
  const auto rows = session_.run(queries::RootExecution{.execution_id = execution_id.value});
  return rows.empty() ? execution_id : base::ExecutionId{rows[0][0].as<std::int64_t>()};
}

std::optional<KeychainTable::Execution> KeychainTable::execution_of(base::ExecutionId execution_id) {
  const auto rows = session_.run(queries::WorkloadOfExecution{.execution_id = execution_id.value});
  if (rows.empty()) return std::nullopt;
  return Execution{.catalog_id = {rows[0]["catalog_id"].as<std::int64_t>()},
                   .workload = postgres::text_of(rows[0]["workload"]),
                   .parent = {rows[0]["parent_execution_id"].as<std::int64_t>()}};
}

}  // namespace noetl::store
