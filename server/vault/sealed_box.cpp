#include "server/vault/sealed_box.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <memory>
#include <stdexcept>

#include "shared/base/text/hex.hpp"

namespace noetl::vault {
namespace {

constexpr char version = 1;
constexpr std::size_t nonce_bytes = 12;
constexpr std::size_t tag_bytes = 16;
constexpr std::size_t overhead = 1 + nonce_bytes + tag_bytes;
constexpr std::size_t id_digits = 12;

using Cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

Cipher new_cipher() {
  Cipher cipher(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  if (!cipher) throw std::runtime_error("OpenSSL has no memory for a cipher");
  return cipher;
}

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
int length_of(std::string_view text) { return static_cast<int>(text.size()); }

void must(int result, const char* what) {
  if (result != 1) throw std::runtime_error(std::string("OpenSSL cannot ") + what);
}

std::string id_of(const std::array<unsigned char, Key::bytes_count>& bytes) {
  constexpr std::string_view domain = "noetl.key.v1:";
  std::string text(domain);
  text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  must(EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr), "name a key");
  OPENSSL_cleanse(text.data(), text.size());
  return base::to_hex({reinterpret_cast<const char*>(digest.data()), size}).substr(0, id_digits);
}

base::Error cannot_open() {
  return {.code = base::ErrorCode::internal,
          .message = "the stored bytes do not open: they were sealed with another key or for another name, or changed",
          .field = {},
          .retry_after = {},
          .details = {}};
}

}  // namespace

Key::Key(const std::array<unsigned char, bytes_count>& bytes) : bytes_(bytes), id_(id_of(bytes)) {}

Key::~Key() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

std::string seal(const Key& key, std::string_view text, std::string_view context) {
  std::string sealed(overhead + text.size(), '\0');
  sealed[0] = version;
  unsigned char* nonce = bytes_of(sealed) + 1;
  unsigned char* body = nonce + nonce_bytes;
  must(RAND_bytes(nonce, static_cast<int>(nonce_bytes)), "make a random nonce");
  const Cipher cipher = new_cipher();
  int written = 0;
  int rest = 0;
  must(EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.bytes(), nonce), "begin to seal");
  must(EVP_EncryptUpdate(cipher.get(), nullptr, &written, bytes_of(context), length_of(context)), "seal a context");
  must(EVP_EncryptUpdate(cipher.get(), body, &written, bytes_of(text), length_of(text)), "seal a text");
  must(EVP_EncryptFinal_ex(cipher.get(), body + written, &rest), "end a seal");
  must(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, static_cast<int>(tag_bytes), body + text.size()),
       "make a tag");
  return sealed;
}

base::Result<std::string> open_sealed(const Key& key, std::string_view sealed, std::string_view context) {
  if (sealed.size() < overhead || sealed[0] != version) return base::failure(cannot_open());
  const std::string_view nonce = sealed.substr(1, nonce_bytes);
  const std::string_view body = sealed.substr(1 + nonce_bytes, sealed.size() - overhead);
  std::string tag(sealed.substr(sealed.size() - tag_bytes));
  std::string text(body.size(), '\0');
  const Cipher cipher = new_cipher();
  int written = 0;
  int rest = 0;
  must(EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.bytes(), bytes_of(nonce)), "begin to open");
  must(EVP_DecryptUpdate(cipher.get(), nullptr, &written, bytes_of(context), length_of(context)), "open a context");
  must(EVP_DecryptUpdate(cipher.get(), bytes_of(text), &written, bytes_of(body), length_of(body)), "open a text");
  must(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, static_cast<int>(tag_bytes), tag.data()), "set a tag");
  if (EVP_DecryptFinal_ex(cipher.get(), bytes_of(text) + written, &rest) == 1) return text;
  OPENSSL_cleanse(text.data(), text.size());  // what was not authentic is nobody's to see
  return base::failure(cannot_open());
}

}  // namespace noetl::vault
