#pragma once
// JSON of /api/credentials and /api/keychain. Errors of decoding never show a value, only its type. Pure; any thread.
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/result.hpp"
#include "shared/wire/messages/credential.hpp"

namespace noetl::wire {

inline constexpr std::size_t secret_bytes_max = 256 * 1024;

// {name, type, data{}, meta{}, tags[], description, reveal, hosts[]}
[[nodiscard]] base::Result<CredentialRequest> decode_credential_request(const nlohmann::json& body);
// {reveal, hosts[]}: one of them at least.
[[nodiscard]] base::Result<PolicyRequest> decode_policy_request(const nlohmann::json& body);
// {token_data{} | data{}, credential_type | kind, scope_type | scope, execution_id, ttl_seconds | ttl, renew_config{},
// auto_renew}
[[nodiscard]] base::Result<KeychainRequest> decode_keychain_request(const nlohmann::json& body,
                                                                    base::CatalogId catalog_id, std::string name);

// {id, name, type}
[[nodiscard]] std::string encode_credential_answer(const CredentialRow& row);
// {id, name, type, meta, tags, description, reveal, hosts, created_at, updated_at} and `data` when it was asked for.
[[nodiscard]] std::string encode(const CredentialRow& row);
// {items:[…], next_after}
[[nodiscard]] std::string encode(const std::vector<CredentialRow>& rows, int limit);
[[nodiscard]] std::string encode(const RotateAnswer& answer);
// {status:"success", catalog_id, name, kind, token_data, policies, expires_at, ttl_seconds, …}
[[nodiscard]] std::string encode(const KeychainRow& row);
// {items:[…]}
[[nodiscard]] std::string encode(const std::vector<KeychainRow>& rows);

// What a worker reads of the answers above. `data` and `token_data` are taken out of them.
struct SecretAnswer {
  std::string type;
  std::string secret;  // JSON text
  std::optional<double> seconds_left;  // nothing: never expires
  // Of what it may be used for. A server that says nothing of it allows nothing.
  secrets::CredentialPolicies policies;
};
[[nodiscard]] base::Result<SecretAnswer> decode_credential_row(const nlohmann::json& body);
[[nodiscard]] base::Result<SecretAnswer> decode_keychain_row(const nlohmann::json& body);

}  // namespace noetl::wire
