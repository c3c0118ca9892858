#include "server/vault/vault.hpp"

#include <openssl/crypto.h>

namespace noetl::vault {

bool Vault::is_reader_token(std::string_view shown) const {
  const auto& token = settings_.reader_token;
  return !token.empty() && shown.size() == token.size() && CRYPTO_memcmp(shown.data(), token.data(), token.size()) == 0;
}

}  // namespace noetl::vault
