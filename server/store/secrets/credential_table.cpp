#include "server/store/secrets/credential_table.hpp"

#include "server/postgres/array_literal.hpp"
#include "server/postgres/queries.hpp"
#include "server/postgres/session.hpp"

namespace noetl::store {
namespace {

StoredCredential listed(const pqxx::row& row) {
  StoredCredential found;
  found.credential_id = row["credential_id"].as<std::int64_t>();
  found.name = postgres::text_of(row["name"]);
  found.type = postgres::text_of(row["type"]);
  found.meta = postgres::text_of(row["meta"]);
  found.tags = postgres::text_of(row["tags"]);
  found.description = postgres::text_of(row["description"]);
  found.created_at = postgres::text_of(row["created_at"]);
  found.updated_at = postgres::text_of(row["updated_at"]);
  found.reveal = row["reveal"].as<bool>();
  found.hosts = postgres::text_of(row["hosts"]);
  return found;
}

std::optional<std::string> array_of(const std::optional<std::vector<std::string>>& texts) {
  if (!texts) return std::nullopt;
  postgres::ArrayLiteral array;
  for (const auto& text : *texts) array.add(text);
  return array.text();
}

SealedText sealed_of(const pqxx::row& row) {
  return {.key_id = postgres::text_of(row["key_id"]), .hex = postgres::text_of(row["sealed"])};
}

}  // namespace

void CredentialTable::upsert(StoredCredential& credential, const std::vector<std::string>& tags,
                             const CredentialPolicyChange& policy) {
  const auto rows = session_.run(queries::UpsertCredential{.credential_id = credential.credential_id,
                                                           .name = credential.name,
                                                           .type = credential.type,
                                                           .key_id = credential.sealed.key_id,
                                                           .sealed = credential.sealed.hex,
                                                           .meta = credential.meta,
                                                           .tags = *array_of(tags),
                                                           .description = credential.description,
                                                           .reveal = policy.reveal,
                                                           .hosts = array_of(policy.hosts)});
  credential.credential_id = rows[0]["credential_id"].as<std::int64_t>();
  credential.reveal = rows[0]["reveal"].as<bool>();
  credential.hosts = postgres::text_of(rows[0]["hosts"]);
}

bool CredentialTable::set_policy(std::int64_t credential_id, const CredentialPolicyChange& policy) {
  return !session_
              .run(queries::SetCredentialPolicy{
                  .credential_id = credential_id, .reveal = policy.reveal, .hosts = array_of(policy.hosts)})
              .empty();
}

std::optional<StoredCredential> CredentialTable::find(const std::string& name, std::int64_t id) {
  const auto rows = session_.run(queries::CredentialByNameOrId{.name = name, .credential_id = id});
  if (rows.empty()) return std::nullopt;
  auto found = listed(rows[0]);
  found.sealed = sealed_of(rows[0]);
  return found;
}

std::vector<StoredCredential> CredentialTable::list(const std::string& type, const std::string& after, int limit) {
  std::vector<StoredCredential> found;
  for (const auto& row : session_.run(queries::ListCredentials{.type = type, .after = after, .limit = limit}))
    found.push_back(listed(row));
  return found;
}

bool CredentialTable::remove(std::int64_t credential_id) {
  return !session_.run(queries::DeleteCredential{.credential_id = credential_id}).empty();
}

std::vector<StoredCredential> CredentialTable::of_other_keys(const std::string& key_id, std::int64_t after, int limit) {
  std::vector<StoredCredential> found;
  for (const auto& row :
       session_.run(queries::CredentialsOfOtherKeys{.key_id = key_id, .after = after, .limit = limit})) {
    StoredCredential one;
    one.credential_id = row["credential_id"].as<std::int64_t>();
    one.name = postgres::text_of(row["name"]);
    one.sealed = sealed_of(row);
    found.push_back(std::move(one));
  }
  return found;
}

bool CredentialTable::reseal(std::int64_t credential_id, const SealedText& from, const SealedText& to) {
  return !session_
              .run(queries::ResealCredential{
                  .credential_id = credential_id, .sealed_before = from.hex, .key_id = to.key_id, .sealed = to.hex})
              .empty();
}

}  // namespace noetl::store
