#pragma once
// CredentialTable: noetl.credential through one session. Secrets pass as SealedText: the store never sees one
// in the clear. One thread, as long as the session.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/store/secrets/sealed_text.hpp"

namespace noetl::postgres {
class Session;
}

namespace noetl::store {

struct StoredCredential {
  std::int64_t credential_id = 0;
  std::string name, type;
  SealedText sealed;  // empty in lists
  std::string meta = "{}";  // JSON text
  std::string tags = "[]";  // JSON text
  std::string description, created_at, updated_at;
  bool reveal = false;
  std::string hosts = "[]";  // JSON text
};

// What is nothing stays as it is.
struct CredentialPolicyChange {
  std::optional<bool> reveal;
  std::optional<std::vector<std::string>> hosts;
};

class CredentialTable {
 public:
  explicit CredentialTable(postgres::Session& session) : session_(session) {}

  // Fills in the id, which is the one that the name has already or the given one, and the policy.
  void upsert(StoredCredential& credential, const std::vector<std::string>& tags, const CredentialPolicyChange& policy);
  // False: it is gone.
  [[nodiscard]] bool set_policy(std::int64_t credential_id, const CredentialPolicyChange& policy);
  // `id` 0: by name alone.
  [[nodiscard]] std::optional<StoredCredential> find(const std::string& name, std::int64_t id);
  // By name, those after `after`. `type` empty: all.
  [[nodiscard]] std::vector<StoredCredential> list(const std::string& type, const std::string& after, int limit);
  // False: it was gone already.
  [[nodiscard]] bool remove(std::int64_t credential_id);

  [[nodiscard]] std::vector<StoredCredential> of_other_keys(const std::string& key_id, std::int64_t after, int limit);
  // False: somebody has put another value meanwhile.
  [[nodiscard]] bool reseal(std::int64_t credential_id, const SealedText& from, const SealedText& to);

 private:
  postgres::Session& session_;
};

}  // namespace noetl::store
