#pragma once
// Credentials: the use cases of /api/credentials. What is stored is sealed; a read with `data` is audited: one log
// line and one row of noetl.event say who read which name, never what it is. Any thread.
// Errors: not_found; unavailable without an encryption key, or without the one that sealed a value.
#include <string>
#include <vector>

#include "server/dispatch/server_context.hpp"
#include "server/vault/key_ring.hpp"
#include "shared/base/result.hpp"
#include "shared/wire/messages/credential.hpp"

namespace noetl::vault {

class Credentials {
 public:
  Credentials(dispatch::ServerContext& context, const KeyRing& keys) : context_(context), keys_(keys) {}

  // Makes it, or replaces what has this name; the id stays.
  [[nodiscard]] base::Result<wire::CredentialRow> put(const wire::CredentialRequest& request);
  // What may be done with it; the secret stays as it is.
  [[nodiscard]] base::Result<wire::CredentialRow> set_policy(const std::string& name_or_id,
                                                             const wire::PolicyRequest& request);
  // By name or by id, without its data.
  [[nodiscard]] base::Result<wire::CredentialRow> get(const std::string& name_or_id);
  // With its data.
  [[nodiscard]] base::Result<wire::CredentialRow> read(const std::string& name_or_id, const wire::SecretReader& reader);
  [[nodiscard]] std::vector<wire::CredentialRow> list(const wire::CredentialFilter& filter);
  [[nodiscard]] base::Result<wire::CredentialRow> remove(const std::string& name_or_id);
  // Seals everything that an older key sealed with the current one, each value in a transaction of its own.
  [[nodiscard]] base::Result<wire::RotateAnswer> rotate();

 private:
  void rotate_credentials(wire::RotateAnswer& answer);
  void rotate_keychain(wire::RotateAnswer& answer);

  dispatch::ServerContext& context_;
  const KeyRing& keys_;
};

// What a credential that was read may be used for: where no hosts are named, its own.
[[nodiscard]] secrets::CredentialPolicy policy_of(const wire::CredentialRow& row);

// What the bytes of a keychain entry belong to.
[[nodiscard]] std::string keychain_context(base::CatalogId catalog_id, const std::string& name,
                                           base::ExecutionId execution_id);

}  // namespace noetl::vault
