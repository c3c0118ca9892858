#include "server/store/secrets/credential_table.hpp"

#include "server/postgres/array_literal.hpp"
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

std::optional<std::string> flag_of(std::optional<bool> flag) {
  return flag ? std::optional<std::string>(*flag ? "true" : "false") : std::nullopt;
}

SealedText sealed_of(const pqxx::row& row) {
  return {.key_id = postgres::text_of(row["key_id"]), .hex = postgres::text_of(row["sealed"])};
}

}  // namespace

void CredentialTable::upsert(StoredCredential& credential, const std::vector<std::string>& tags,
                             const CredentialPolicyChange& policy) {
  const auto rows = session_.run("upsert_credential", credential.credential_id, credential.name, credential.type,
                                 credential.sealed.key_id, credential.sealed.hex, credential.meta, *array_of(tags),
                                 credential.description, flag_of(policy.reveal), array_of(policy.hosts));
  credential.credential_id = rows[0]["credential_id"].as<std::int64_t>();
  credential.reveal = rows[0]["reveal"].as<bool>();
  credential.hosts = postgres::text_of(rows[0]["hosts"]);
}

bool CredentialTable::set_policy(std::int64_t credential_id, const CredentialPolicyChange& policy) {
  return !session_.run("set_credential_policy", credential_id, flag_of(policy.reveal), array_of(policy.hosts)).empty();
}

std::optional<StoredCredential> CredentialTable::find(const std::string& name, std::int64_t id) {
  const auto rows = session_.run("credential_by_name_or_id", name, id);
  if (rows.empty()) return std::nullopt;
  auto found = listed(rows[0]);
  found.sealed = sealed_of(rows[0]);
  return found;
}

std::vector<StoredCredential> CredentialTable::list(const std::string& type, const std::string& after, int limit) {
  std::vector<StoredCredential> found;
  for (const auto& row : session_.run("list_credentials", type, after, limit)) found.push_back(listed(row));
  return found;
}

bool CredentialTable::remove(std::int64_t credential_id) {
  return !session_.run("delete_credential", credential_id).empty();
}

std::vector<StoredCredential> CredentialTable::of_other_keys(const std::string& key_id, std::int64_t after, int limit) {
  std::vector<StoredCredential> found;
  for (const auto& row : session_.run("credentials_of_other_keys", key_id, after, limit)) {
    StoredCredential one;
    one.credential_id = row["credential_id"].as<std::int64_t>();
    one.name = postgres::text_of(row["name"]);
    one.sealed = sealed_of(row);
    found.push_back(std::move(one));
  }
  return found;
}

bool CredentialTable::reseal(std::int64_t credential_id, const SealedText& from, const SealedText& to) {
  return !session_.run("reseal_credential", credential_id, from.hex, to.key_id, to.hex).empty();
}

}  // namespace noetl::store
