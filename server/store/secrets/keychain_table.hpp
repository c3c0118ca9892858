#pragma once
// KeychainTable: noetl.keychain through one session: tokens of a playbook, sealed, with the time they expire. One
// thread, as long as the session.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/store/secrets/sealed_text.hpp"
#include "shared/base/ids.hpp"

namespace noetl::postgres {
class Session;
}

namespace noetl::store {

struct KeychainKey {
  base::CatalogId catalog_id;
  std::string name;
  base::ExecutionId execution_id;  // unset: of every execution
};

struct StoredKeychainEntry {
  KeychainKey key;
  std::string kind;
  SealedText sealed;  // empty in lists
  std::string expires_at;  // empty: never
  double seconds_left = 0;  // by the clock of Postgres; negative once it has expired
};

class KeychainTable {
 public:
  explicit KeychainTable(postgres::Session& session) : session_(session) {}

  // Also forgets what expired long ago. No seconds: never expires.
  void upsert(const StoredKeychainEntry& entry, std::optional<double> seconds);
  // Of the execution, else of its root, else of the playbook.
  [[nodiscard]] std::optional<StoredKeychainEntry> find(const KeychainKey& key, base::ExecutionId root);
  [[nodiscard]] std::vector<StoredKeychainEntry> list(base::CatalogId catalog_id);
  // How many there were. No execution given: of all.
  [[nodiscard]] int remove(base::CatalogId catalog_id, const std::string& name,
                           std::optional<base::ExecutionId> execution_id);

  [[nodiscard]] std::vector<StoredKeychainEntry> of_other_keys(const std::string& key_id, const KeychainKey& after,
                                                               int limit);
  [[nodiscard]] bool reseal(const KeychainKey& key, const SealedText& from, const SealedText& to);

  // The execution at the top of the tree that this one is in; itself when it has no parent or is unknown.
  [[nodiscard]] base::ExecutionId root_of(base::ExecutionId execution_id);
  // Nothing when there is no such execution. The workload is JSON text.
  struct Execution {
    base::CatalogId catalog_id;
    std::string workload;
    base::ExecutionId parent;  // unset: nobody called it
  };
  [[nodiscard]] std::optional<Execution> execution_of(base::ExecutionId execution_id);

 private:
  postgres::Session& session_;
};

}  // namespace noetl::store
