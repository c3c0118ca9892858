#pragma once
// One entry of a playbook's `keychain`: what kind it is, what it needs, and what it comes to once its templates can be
// rendered. Pure; any thread. Errors name the entry and the option, never a value.
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "server/vault/token_request.hpp"
#include "shared/base/result.hpp"

namespace noetl::vault {

using Json = nlohmann::json;

// fixed: `data` as written; credential: fields of a stored credential; token: fetched from an endpoint.
enum class EntryForm { fixed, credential, token };
enum class EntryScope { global, shared, local };

struct KeychainEntry {
  std::string name;
  std::string kind;
  EntryForm form = EntryForm::fixed;
  EntryScope scope = EntryScope::local;
  bool is_renewed = true;  // auto_renew
  bool is_put = false;  // through the API: nothing but its own spec says how to renew it
  Json spec = Json::object();  // as written: templates
  std::vector<std::string> needs;  // other entries that its templates name
  std::vector<std::string> hosts;  // what it says of where its value may go; none: what its credentials say
};

// `field` of the not_found that says that there is no such entry.
inline constexpr const char* missing_entry_field = "keychain";

// The entry of that name among a playbook's (a list, or a map by name); not_found names those that are there.
[[nodiscard]] base::Result<KeychainEntry> find_entry(const Json& keychain, const std::string& name);
// invalid_input when the entry needs itself, by way of others: fetching one would wait for the other for ever.
[[nodiscard]] base::Result<void> check_no_circle(const Json& keychain, const std::string& name);
// How a token that was put through the API is renewed: `spec` is its renew_config. It may name no other entry.
[[nodiscard]] base::Result<KeychainEntry> renewal_entry(const std::string& name, const std::string& kind, Json spec);

// What its templates can name beside other entries.
struct EntryNames {
  const Json& workload;  // also name by name
  const Json& entries;  // of `keychain`: name → value
  std::string execution_id, catalog_id;
};

// The name of the credential that it uses; empty: none.
[[nodiscard]] base::Result<std::string> credential_name_of(const KeychainEntry& entry, const EntryNames& names);

// What it comes to, for `fixed` and `credential`. `credential` may be null.
[[nodiscard]] base::Result<Json> value_of(const KeychainEntry& entry, const EntryNames& names, const Json* credential);

// For `token`.
[[nodiscard]] base::Result<TokenRequest> token_request_of(const KeychainEntry& entry, const EntryNames& names,
                                                          const Json* credential);
struct FetchedToken {
  Json value;  // the answer's fields, `token` beside `access_token`, and what `map` says
  double ttl_seconds = 3600;
};
[[nodiscard]] base::Result<FetchedToken> token_of(const KeychainEntry& entry, const EntryNames& names, Json answer);

}  // namespace noetl::vault
