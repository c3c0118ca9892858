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
  reach::EgressSettings egress;  // where token calls may go
};

class Vault {
 public:
  Vault(dispatch::ServerContext& context, VaultSettings settings)
      : settings_(std::move(settings)),
        egress_(settings_.egress),
        credentials_(context, settings_.keys),
        keychain_(context, settings_.keys, credentials_, egress_) {}
  Vault(const Vault&) = delete;
  Vault& operator=(const Vault&) = delete;

  // Where our own API is, once that is known: no token call goes there, whatever the rules say.
  void listens_on(int port) { egress_.close_port_here(port); }
  [[nodiscard]] Credentials& credentials() { return credentials_; }
  [[nodiscard]] Keychain& keychain() { return keychain_; }
  [[nodiscard]] bool has_reader_token() const { return !settings_.reader_token.empty(); }
  // In a time that does not depend on how much of it is right.
  [[nodiscard]] bool is_reader_token(std::string_view shown) const;

 private:
  const VaultSettings settings_;
  reach::Egress egress_;
  Credentials credentials_;
  Keychain keychain_;
};

}  // namespace noetl::vault
