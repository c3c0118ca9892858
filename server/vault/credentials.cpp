#include "server/vault/credentials.hpp"

#include <nlohmann/json.hpp>

#include "server/postgres/connection_pool.hpp"
#include "server/store/secrets/credential_table.hpp"
#include "server/store/secrets/keychain_table.hpp"
#include "server/vault/audit.hpp"
#include "shared/secrets/own_hosts.hpp"

namespace noetl::vault {
namespace {

using base::ErrorCode;

constexpr int rotate_batch = 200;

std::string context_of(const std::string& name) { return "noetl:credential:v1:" + name; }

wire::CredentialRow row_of(const store::StoredCredential& stored) {
  return {.id = {stored.credential_id},
          .name = stored.name,
          .type = stored.type,
          .meta = stored.meta,
          .tags = stored.tags,
          .description = stored.description,
          .created_at = stored.created_at,
          .updated_at = stored.updated_at,
          .reveal = stored.reveal,
          .hosts = nlohmann::json::parse(stored.hosts).get<std::vector<std::string>>(),
          .secret = {}};
}

std::optional<store::StoredCredential> find(dispatch::ServerContext& context, const std::string& name_or_id) {
  std::optional<store::StoredCredential> found;
  context.connections.run_one([&](postgres::Session& session) {
    found = store::CredentialTable(session).find(name_or_id, base::parse_id(name_or_id).value_or(0));
  });
  return found;
}

tl::unexpected<base::Error> unknown(const std::string& name_or_id) {
  return base::failure(ErrorCode::not_found,
                       "no credential has the name or id '" + name_or_id +
                           "'; put it with POST /api/credentials or `noetlctl credential put`",
                       "name");
}

}  // namespace

std::string keychain_context(base::CatalogId catalog_id, const std::string& name, base::ExecutionId execution_id) {
  return "noetl:keychain:v1:" + catalog_id.str() + ":" + execution_id.str() + ":" + name;
}

secrets::CredentialPolicy policy_of(const wire::CredentialRow& row) {
  secrets::CredentialPolicy policy{.name = row.name, .may_reveal = row.reveal, .hosts = row.hosts};
  if (policy.hosts.empty() && !row.secret.empty())
    policy.hosts = secrets::own_hosts(row.type, nlohmann::json::parse(row.secret));
  return policy;
}

base::Result<wire::CredentialRow> Credentials::put(const wire::CredentialRequest& request) {
  auto sealed = keys_.seal(request.secret, context_of(request.name));
  if (!sealed) return base::failure(std::move(sealed.error()));
  store::StoredCredential stored;
  stored.credential_id = context_.ids.next();
  stored.name = request.name;
  stored.type = request.type;
  stored.sealed = std::move(*sealed);
  stored.meta = request.meta;
  stored.description = request.description;
  context_.connections.transact([&](postgres::Session& session) {
    store::CredentialTable(session).upsert(stored, request.tags, {.reveal = request.reveal, .hosts = request.hosts});
  });
  audit_change("credential.put", request.name);
  return row_of(stored);
}

base::Result<wire::CredentialRow> Credentials::set_policy(const std::string& name_or_id,
                                                          const wire::PolicyRequest& request) {
  const auto stored = find(context_, name_or_id);
  if (!stored) return unknown(name_or_id);
  bool is_there = false;
  context_.connections.transact([&](postgres::Session& session) {
    is_there = store::CredentialTable(session).set_policy(stored->credential_id,
                                                          {.reveal = request.reveal, .hosts = request.hosts});
  });
  if (!is_there) return unknown(name_or_id);
  audit_change("credential.policy", stored->name);
  return get(name_or_id);
}

base::Result<wire::CredentialRow> Credentials::get(const std::string& name_or_id) {
  const auto stored = find(context_, name_or_id);
  if (!stored) return unknown(name_or_id);
  return row_of(*stored);
}

base::Result<wire::CredentialRow> Credentials::read(const std::string& name_or_id, const wire::SecretReader& reader) {
  const auto stored = find(context_, name_or_id);
  if (!stored) return unknown(name_or_id);
  auto text = keys_.open(stored->sealed, context_of(stored->name));
  if (!text) {
    text.error().message = "credential '" + stored->name + "' cannot be read: " + text.error().message;
    return base::failure(std::move(text.error()));
  }
  audit_read(context_, "credential.read", stored->name, reader);
  auto row = row_of(*stored);
  row.secret = std::move(*text);
  return row;
}

std::vector<wire::CredentialRow> Credentials::list(const wire::CredentialFilter& filter) {
  std::vector<wire::CredentialRow> rows;
  context_.connections.run_one([&](postgres::Session& session) {
    for (const auto& stored : store::CredentialTable(session).list(filter.type, filter.after, filter.limit))
      rows.push_back(row_of(stored));
  });
  return rows;
}

base::Result<wire::CredentialRow> Credentials::remove(const std::string& name_or_id) {
  const auto stored = find(context_, name_or_id);
  bool is_gone = false;
  if (stored) {
    context_.connections.transact(
        [&](postgres::Session& session) { is_gone = store::CredentialTable(session).remove(stored->credential_id); });
  }
  if (!is_gone) return unknown(name_or_id);
  audit_change("credential.delete", stored->name);
  return row_of(*stored);
}

base::Result<wire::RotateAnswer> Credentials::rotate() {
  wire::RotateAnswer answer;
  answer.key_id = keys_.current_id();
  if (keys_.is_empty()) return base::failure(keys_.seal("", "").error());
  rotate_credentials(answer);
  rotate_keychain(answer);
  audit_change("credential.rotate", answer.key_id);
  return answer;
}

void Credentials::rotate_credentials(wire::RotateAnswer& answer) {
  std::vector<store::StoredCredential> batch;
  for (std::int64_t after = 0;; after = batch.back().credential_id) {
    context_.connections.run_one([&](postgres::Session& session) {
      batch = store::CredentialTable(session).of_other_keys(answer.key_id, after, rotate_batch);
    });
    if (batch.empty()) return;
    for (const auto& old : batch) {
      const auto text = keys_.open(old.sealed, context_of(old.name));
      if (!text) {
        answer.unreadable.push_back(old.name);
        continue;
      }
      const auto sealed = keys_.seal(*text, context_of(old.name));
      context_.connections.run_one([&](postgres::Session& session) {
        answer.credentials += store::CredentialTable(session).reseal(old.credential_id, old.sealed, *sealed) ? 1 : 0;
      });
    }
  }
}

void Credentials::rotate_keychain(wire::RotateAnswer& answer) {
  std::vector<store::StoredKeychainEntry> batch;
  for (store::KeychainKey after;; after = batch.back().key) {
    context_.connections.run_one([&](postgres::Session& session) {
      batch = store::KeychainTable(session).of_other_keys(answer.key_id, after, rotate_batch);
    });
    if (batch.empty()) return;
    for (const auto& old : batch) {
      const auto context = keychain_context(old.key.catalog_id, old.key.name, old.key.execution_id);
      const auto text = keys_.open(old.sealed, context);
      if (!text) {
        answer.unreadable.push_back("keychain " + old.key.catalog_id.str() + "/" + old.key.name);
        continue;
      }
      const auto sealed = keys_.seal(*text, context);
      context_.connections.run_one([&](postgres::Session& session) {
        answer.keychain_entries += store::KeychainTable(session).reseal(old.key, old.sealed, *sealed) ? 1 : 0;
      });
    }
  }
}

}  // namespace noetl::vault
