#pragma once
// Credentials and keychain entries as requests and answers: /api/credentials, /api/keychain. The members
// called `secret` hold secrets in the clear: they go into no log, no event and no error. Values; any thread.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/ids.hpp"
#include "shared/secrets/credential_policy.hpp"

namespace noetl::wire {

using CredentialId = base::Id<struct CredentialTag>;

// [A-Za-z0-9_][A-Za-z0-9._:@-]{0,127}: a part of a path in URLs.
[[nodiscard]] bool is_secret_name(std::string_view text);

struct CredentialRequest {
  std::string name, type;
  std::string secret = "{}";  // JSON text of `data`
  std::string meta = "{}";  // JSON text
  std::vector<std::string> tags;
  std::string description;
  // Nothing: as it was; of a new one false and none.
  std::optional<bool> reveal;
  std::optional<std::vector<std::string>> hosts;
};

// POST /api/v2/credentials/{name}/policy
struct PolicyRequest {
  std::optional<bool> reveal;
  std::optional<std::vector<std::string>> hosts;
};

struct CredentialRow {
  CredentialId id;
  std::string name, type;
  std::string meta = "{}";  // JSON text
  std::string tags = "[]";  // JSON text
  std::string description, created_at, updated_at;
  bool reveal = false;  // whether code of a step may see its bytes
  std::vector<std::string> hosts;  // patterns of hosts that it may be sent to; none: its own
  std::string secret;  // JSON text of `data`; empty: not asked for
};

struct CredentialFilter {
  std::string type;  // empty: all
  std::string after;  // names after this one
  int limit = 100;
};

// Who asks for a secret, for the audit: what the caller says of itself, and what the server can look up of it.
struct SecretReader {
  std::string worker_id;
  base::ExecutionId execution_id;
  std::string from;  // address
  std::string instance = {};  // header instance_header (wire/worker)
};

struct RotateAnswer {
  std::string key_id;  // that seals everything now
  int credentials = 0;  // sealed anew
  int keychain_entries = 0;
  std::vector<std::string> unreadable;  // names whose key this server does not have
};

// POST /api/keychain/{catalog_id}/{name}
struct KeychainRequest {
  base::CatalogId catalog_id;
  std::string name;
  std::string kind = "secret";
  std::string scope = "global";  // global, shared, local: shared and local need an execution_id
  base::ExecutionId execution_id;
  std::string secret = "{}";  // JSON text of `token_data`
  std::optional<double> ttl_seconds;  // nothing: never expires
  std::string renew;  // JSON text of `renew_config`, or empty; may hold secrets too
};

struct KeychainRow {
  base::CatalogId catalog_id;
  std::string name, kind;
  base::ExecutionId execution_id;  // unset: of every execution
  std::string expires_at;  // empty: never
  std::optional<double> seconds_left;
  bool is_renewed = false;  // fetched for this very call
  secrets::CredentialPolicies policies;  // of the credentials that it came from
  std::string secret;  // JSON text of `token_data`; empty in lists
};

}  // namespace noetl::wire
