#pragma once
// Keychain: the tokens that a playbook's templates name as `keychain.<name>`. Entries come from the playbook or were
// put through the API; a fetched token is kept, sealed, until shortly before it expires, and fetched once however many
// ask. Any thread; get() may wait for a token endpoint, holding no connection to Postgres meanwhile.
// Errors: not_found, invalid_input (the entry's own fault), unavailable, forbidden (the endpoint refuses).
#include <string>
#include <vector>

#include "server/dispatch/server_context.hpp"
#include "server/store/secrets/keychain_table.hpp"
#include "server/vault/credentials.hpp"
#include "server/vault/keychain_entry.hpp"
#include "server/vault/single_flight.hpp"
#include "shared/reach/egress.hpp"

namespace noetl::vault {

struct KeychainQuestion {
  base::CatalogId catalog_id;  // unset: of the execution's playbook
  std::string name;
  wire::SecretReader reader;  // its execution_id says of which execution
};

class Keychain {
 public:
  Keychain(dispatch::ServerContext& context, const KeyRing& keys, Credentials& credentials, const reach::Egress& egress)
      : context_(context), keys_(keys), credentials_(credentials), egress_(egress) {}

  // Of the execution's playbook; where that has no such entry, of the playbook that called it, and so on up.
  [[nodiscard]] base::Result<wire::KeychainRow> get(KeychainQuestion question);
  // Errors: not_found when the catalog has no such entry.
  [[nodiscard]] base::Result<wire::KeychainRow> put(const wire::KeychainRequest& request);
  // No execution given: of all of them. How many there were.
  [[nodiscard]] base::Result<int> remove(base::CatalogId catalog_id, const std::string& name,
                                         std::optional<base::ExecutionId> execution_id);
  // What is stored for a playbook, without secrets.
  [[nodiscard]] std::vector<wire::KeychainRow> list(base::CatalogId catalog_id);

 private:
  struct Asking;  // one get() and what it found
  using Stored = store::StoredKeychainEntry;
  using Execution = store::KeychainTable::Execution;

  [[nodiscard]] base::Result<wire::KeychainRow> get_of(const KeychainQuestion& question,
                                                       const std::optional<Execution>& execution);
  [[nodiscard]] base::Result<wire::KeychainRow> resolve(const Asking& asking, const std::string& name);
  [[nodiscard]] base::Result<wire::KeychainRow> resolve_entry(const Asking& asking, const KeychainEntry& entry);
  [[nodiscard]] base::Result<wire::KeychainRow> resolve_stored(const Asking& asking, const Stored& stored);
  // What another call has just fetched, or a new one.
  [[nodiscard]] base::Result<wire::KeychainRow> fetch(const Asking& asking, const KeychainEntry& entry,
                                                      base::ExecutionId owner);
  [[nodiscard]] base::Result<wire::KeychainRow> fetch_once(const Asking& asking, const KeychainEntry& entry,
                                                           base::ExecutionId owner);
  // What an entry is made of: other entries and a credential, and what all of them may be used for.
  struct Ingredients {
    Json entries = Json::object();  // name → value
    Json credential;  // null: none
    secrets::CredentialPolicies policies;
  };
  [[nodiscard]] base::Result<Ingredients> ingredients_of(const Asking& asking, const KeychainEntry& entry);
  [[nodiscard]] base::Result<void> keep(const wire::KeychainRow& row, double ttl_seconds, const std::string& renew);
  [[nodiscard]] base::Result<Json> open(const Stored& stored);
  [[nodiscard]] std::optional<Stored> find_stored(const store::KeychainKey& key, base::ExecutionId root);

  dispatch::ServerContext& context_;
  const KeyRing& keys_;
  Credentials& credentials_;
  const reach::Egress& egress_;
  SingleFlight<base::Result<wire::KeychainRow>> flights_;
};

}  // namespace noetl::vault
