#include "server/postgres/sha256.hpp"

#include <openssl/evp.h>

#include "shared/base/text/hex.hpp"

namespace noetl::postgres {

std::string sha256_hex(std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest, &length, EVP_sha256(), nullptr);
  return base::to_hex({reinterpret_cast<const char*>(digest), length});
}

}  // namespace noetl::postgres
