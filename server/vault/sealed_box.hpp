#pragma once
// Sealing of secrets at rest: AES-256-GCM by OpenSSL with a random nonce for every message. What the bytes
// belong to (the `context`: kind and name) is authenticated with them, so that a sealed text cannot be moved
// to another name. Pure but for the random nonce; any thread. Errors never contain the text or the key.
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "shared/base/result.hpp"

namespace noetl::vault {

// 256 bits and the id that is stored beside what they sealed. Wiped when it goes.
class Key {
 public:
  static constexpr std::size_t bytes_count = 32;

  explicit Key(const std::array<unsigned char, bytes_count>& bytes);
  Key(const Key&) = default;
  Key& operator=(const Key&) = default;
  ~Key();

  [[nodiscard]] const unsigned char* bytes() const { return bytes_.data(); }
  // The first 12 hexadecimal digits of a SHA-256 of the key: tells keys apart, tells nothing of them.
  [[nodiscard]] const std::string& id() const { return id_; }

 private:
  std::array<unsigned char, bytes_count> bytes_;
  std::string id_;
};

// version (1 byte) | nonce (12) | ciphertext | tag (16). Throws std::runtime_error when OpenSSL fails.
[[nodiscard]] std::string seal(const Key& key, std::string_view text, std::string_view context);
// internal: another key, another context, or bytes that were changed; which of them cannot be told.
[[nodiscard]] base::Result<std::string> open_sealed(const Key& key, std::string_view sealed, std::string_view context);

}  // namespace noetl::vault
