#pragma once
// KeyRing: the server's encryption keys, newest first. The first seals; each opens what it sealed, found by the
// key id stored beside the bytes. Rotation: put a new key in front, run `noetlctl credential rotate`, drop the old
// one. Immutable after it is made; any thread.
#include <string>
#include <string_view>
#include <vector>

#include "server/store/secrets/sealed_text.hpp"
#include "server/vault/sealed_box.hpp"
#include "shared/base/result.hpp"

namespace noetl::vault {

class KeyRing {
 public:
  // No key: nothing can be sealed or opened, and errors say how to set one.
  KeyRing() = default;

  // Keys of 32 bytes as base64 or 64 hexadecimal digits, separated by commas or white space; from '#' to the end of
  // the line is a comment. invalid_input says which one is wrong without showing it.
  [[nodiscard]] static base::Result<KeyRing> parse(std::string_view text);

  [[nodiscard]] bool is_empty() const { return keys_.empty(); }
  // Of the key that seals; empty without one.
  [[nodiscard]] std::string current_id() const { return keys_.empty() ? std::string{} : keys_.front().id(); }

  // unavailable without a key.
  [[nodiscard]] base::Result<store::SealedText> seal(std::string_view text, std::string_view context) const;
  // unavailable without a key, or without the one that sealed it; internal when the bytes were changed.
  [[nodiscard]] base::Result<std::string> open(const store::SealedText& sealed, std::string_view context) const;

 private:
  std::vector<Key> keys_;
};

// 32 random bytes as base64, for a key file.
[[nodiscard]] std::string new_key_text();

}  // namespace noetl::vault
