#include "server/vault/key_ring.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <stdexcept>

#include "shared/base/text/base64.hpp"
#include "shared/base/text/hex.hpp"

namespace noetl::vault {
namespace {

using base::ErrorCode;

constexpr std::size_t keys_max = 32;

base::Error no_key() {
  return {.code = ErrorCode::unavailable,
          .message =
              "this server has no encryption key, so it neither stores nor reads secrets: set encryption-key or "
              "encryption-key-file (make one with `openssl rand -base64 32`) and start it again",
          .field = {},
          .retry_after = {},
          .details = {}};
}

std::optional<std::string> bytes_of_word(std::string_view word) {
  if (word.size() == 2 * Key::bytes_count) {
    if (auto bytes = base::from_hex(word)) return bytes;
  }
  auto bytes = base::base64_decoded(word);
  if (bytes && bytes->size() == Key::bytes_count) return bytes;
  return std::nullopt;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t line_end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, line_end);
    text.remove_prefix(std::min(line_end + 1, text.size()));
    line = line.substr(0, line.find('#'));
    constexpr std::string_view separators = " \t\r,;";
    for (std::size_t begin = line.find_first_not_of(separators); begin != std::string_view::npos;
         begin = line.find_first_not_of(separators)) {
      line.remove_prefix(begin);
      const std::size_t end = std::min(line.find_first_of(separators), line.size());
      words.push_back(line.substr(0, end));
      line.remove_prefix(end);
    }
  }
  return words;
}

}  // namespace

base::Result<KeyRing> KeyRing::parse(std::string_view text) {
  KeyRing ring;
  for (const std::string_view word : words_of(text)) {
    const std::string place = "key " + std::to_string(ring.keys_.size() + 1);
    if (ring.keys_.size() == keys_max)
      return base::failure(ErrorCode::invalid_input,
                           "more than " + std::to_string(keys_max) + " encryption keys are given");
    auto bytes = bytes_of_word(word);
    if (!bytes) {
      return base::failure(ErrorCode::invalid_input,
                           place + " has " + std::to_string(word.size()) +
                               " characters and is no 32 bytes as base64 or 64 hexadecimal digits; make one with "
                               "`openssl rand -base64 32`");
    }
    std::array<unsigned char, Key::bytes_count> raw{};
    std::copy(bytes->begin(), bytes->end(), raw.begin());
    OPENSSL_cleanse(bytes->data(), bytes->size());
    Key key(raw);
    OPENSSL_cleanse(raw.data(), raw.size());
    const bool is_known =
        std::any_of(ring.keys_.begin(), ring.keys_.end(), [&](const Key& other) { return other.id() == key.id(); });
    if (!is_known) ring.keys_.push_back(key);
  }
  return ring;
}

base::Result<store::SealedText> KeyRing::seal(std::string_view text, std::string_view context) const {
  if (keys_.empty()) return base::failure(no_key());
  return store::SealedText{.key_id = keys_.front().id(),
                           .hex = base::to_hex(vault::seal(keys_.front(), text, context))};
}

base::Result<std::string> KeyRing::open(const store::SealedText& sealed, std::string_view context) const {
  if (keys_.empty()) return base::failure(no_key());
  const auto found =
      std::find_if(keys_.begin(), keys_.end(), [&](const Key& key) { return key.id() == sealed.key_id; });
  if (found == keys_.end()) {
    std::string ids;
    for (const Key& key : keys_) ids += (ids.empty() ? "" : ", ") + key.id();
    return base::failure(ErrorCode::unavailable, "it is sealed with key " + sealed.key_id + ", this server has " + ids +
                                                     ": add that key behind the first one in encryption-key");
  }
  const auto bytes = base::from_hex(sealed.hex);
  if (!bytes) return base::failure(ErrorCode::internal, "the stored bytes are not hexadecimal");
  return open_sealed(*found, *bytes, context);
}

std::string new_key_text() {
  std::array<unsigned char, Key::bytes_count> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
    throw std::runtime_error("OpenSSL cannot make random bytes");
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  OPENSSL_cleanse(bytes.data(), bytes.size());
  return text;
}

}  // namespace noetl::vault
