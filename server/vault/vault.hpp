#pragma once
// Vault: all that a server does with secrets, built once by run_server from its settings. Any thread.
#include <string>

#include "server/vault/credentials.hpp"
#include "server/vault/keychain.hpp"

namespace noetl::vault {

struct VaultSettings {
  KeyRing keys;
  // Who shows it may read secrets; empty: only callers on this machine.
  std::string reader_token;
};

class Vault {
 public:
  Vault(app::Parts& parts, VaultSettings settings)
      : settings_(std::move(settings)),
        credentials_(parts, settings_.keys),
        keychain_(parts, settings_.keys, credentials_) {}
  Vault(const Vault&) = delete;
  Vault& operator=(const Vault&) = delete;

  [[nodiscard]] Credentials& credentials() { return credentials_; }
  [[nodiscard]] Keychain& keychain() { return keychain_; }
  [[nodiscard]] bool has_reader_token() const { return !settings_.reader_token.empty(); }
  // In a time that does not depend on how much of it is right.
  [[nodiscard]] bool is_reader_token(std::string_view shown) const;

 private:
  const VaultSettings settings_;
  Credentials credentials_;
  Keychain keychain_;
};

}  // namespace noetl::vault
