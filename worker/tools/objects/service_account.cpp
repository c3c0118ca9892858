#include "worker/tools/objects/service_account.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "shared/base/text/base64.hpp"
#include "shared/base/text/percent.hpp"
#include "worker/tools/auth.hpp"
#include "worker/tools/results.hpp"

namespace noetl::tools::objects {

namespace {

constexpr std::chrono::minutes assertion_time{30};
constexpr std::size_t kept_max = 1000;
constexpr const char* scope = "https://www.googleapis.com/auth/devstorage.read_write";

std::string base64_url(std::string_view bytes) {
  std::string text = base::base64_encoded(bytes);
  while (text.ends_with('=')) text.pop_back();
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

tl::unexpected<base::Error> bad_key(const char* what) {
  return base::failure(
      base::ErrorCode::invalid_input,
      std::string("the service account's private_key ") + what + "; it must be a PEM text of an RSA key", "auth");
}

base::Result<std::string> signed_text(const std::string& text, const std::string& pem) {
  const std::unique_ptr<BIO, int (*)(BIO*)> source(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(
      PEM_read_bio_PrivateKey(source.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
  if (!key) return bad_key("cannot be read");
  if (EVP_PKEY_base_id(key.get()) != EVP_PKEY_RSA) return bad_key("is of another kind");
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t length = 0;
  const bool is_ready = EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
                        EVP_DigestSign(context.get(), nullptr, &length, bytes, text.size()) == 1;
  std::vector<unsigned char> signature(length);
  if (!is_ready || EVP_DigestSign(context.get(), signature.data(), &length, bytes, text.size()) != 1)
    return bad_key("does not sign");
  return std::string(signature.begin(), signature.begin() + static_cast<std::ptrdiff_t>(length));
}

std::string key_of(const ServiceAccount& account) {
  return account.email + " " + account.key_id + " " + account.token_url + " " +
         std::to_string(std::hash<std::string>{}(account.private_key));
}

}  // namespace

std::optional<ServiceAccount> service_account_of(const Json& fields) {
  if (!fields.is_object()) return std::nullopt;
  ServiceAccount account{.email = auth_field(fields, {"client_email"}),
                         .private_key = auth_field(fields, {"private_key"}),
                         .key_id = auth_field(fields, {"private_key_id"})};
  if (const std::string url = auth_field(fields, {"token_uri", "token_url"}); !url.empty()) account.token_url = url;
  if (!account.email.empty() && !account.private_key.empty()) return account;
  for (const char* name : {"service_account_json", "service_account", "credentials_json", "json"}) {
    const auto found = fields.find(name);
    if (found == fields.end()) continue;
    const Json inner = found->is_string() ? Json::parse(found->get_ref<const std::string&>(), nullptr, false) : *found;
    if (inner.is_object() && inner.contains("private_key")) return service_account_of(inner);
  }
  return std::nullopt;
}

base::Result<std::string> assertion_of(const ServiceAccount& account, SystemTime now) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  Json header{{"alg", "RS256"}, {"typ", "JWT"}};
  if (!account.key_id.empty()) header["kid"] = account.key_id;
  const Json claims{{"iss", account.email},
                    {"scope", scope},
                    {"aud", account.token_url},
                    {"iat", seconds},
                    {"exp", seconds + std::chrono::duration_cast<std::chrono::seconds>(assertion_time).count()}};
  const std::string text = base64_url(to_text(header)) + "." + base64_url(to_text(claims));
  const auto signature = signed_text(text, account.private_key);
  if (!signature) return tl::unexpected(signature.error());
  return text + "." + base64_url(*signature);
}

base::Result<HttpRequest> token_request_of(const ServiceAccount& account, SystemTime now) {
  const auto url = fetch::parse_url(account.token_url);
  if (!url) return tl::unexpected(url.error());
  const auto assertion = assertion_of(account, now);
  if (!assertion) return tl::unexpected(assertion.error());
  HttpRequest request;
  request.method = "POST";
  request.url = *url;
  request.headers["content-type"] = "application/x-www-form-urlencoded";
  request.body = "grant_type=" + base::percent_encoded("urn:ietf:params:oauth:grant-type:jwt-bearer") +
                 "&assertion=" + base::percent_encoded(*assertion);
  return request;
}

std::optional<std::string> TokenCache::find(const ServiceAccount& account, SystemTime now) const {
  return kept_.with([&](const auto& kept) -> std::optional<std::string> {
    const auto found = kept.find(key_of(account));
    if (found == kept.end() || found->second.until <= now) return std::nullopt;
    return found->second.token;
  });
}

void TokenCache::keep(const ServiceAccount& account, std::string token, SystemTime until) {
  kept_.with([&](auto& kept) {
    if (kept.size() >= kept_max) kept.clear();
    kept.insert_or_assign(key_of(account), Kept{.token = std::move(token), .until = until});
  });
}

}  // namespace noetl::tools::objects
