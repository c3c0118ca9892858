#include "worker/tools/objects/signature.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <ctime>
#include <map>
#include <stdexcept>

#include "shared/base/text/hex.hpp"

namespace noetl::tools::objects {

namespace {

using Digest = std::array<unsigned char, 32>;

Digest hmac(std::string_view key, std::string_view text) {
  Digest digest{};
  unsigned length = digest.size();
  const auto* made = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                          reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &length);
  if (made == nullptr) throw std::runtime_error("HMAC-SHA256 failed");
  return digest;
}

std::string_view bytes_of(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

std::string hex(const Digest& digest) { return base::to_hex(bytes_of(digest)); }

std::string time_text(std::chrono::system_clock::time_point now) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 20> text{};
  std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &parts);
  return text.data();
}

}  // namespace

std::string sha256_hex(std::string_view bytes) {
  Digest digest{};
  unsigned length = digest.size();
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1)
    throw std::runtime_error("SHA-256 failed");
  return hex(digest);
}

std::string host_header(const Url& url) {
  return url.port == (url.is_tls ? 443 : 80) ? url.host : url.host + ":" + std::to_string(url.port);
}

void sign(HttpRequest& request, const SigningKey& key, std::chrono::system_clock::time_point now) {
  const std::string time = time_text(now);
  const std::string payload = sha256_hex(request.body);
  request.headers["x-amz-date"] = time;
  request.headers["x-amz-content-sha256"] = payload;
  if (!key.session_token.empty()) request.headers["x-amz-security-token"] = key.session_token;

  std::map<std::string, std::string> signed_headers = request.headers;
  signed_headers["host"] = host_header(request.url);
  std::string names;
  std::string canonical = request.method + "\n" + request.url.target.text() + "\n\n";
  for (const auto& [name, value] : signed_headers) {
    canonical += name + ":" + value + "\n";
    names += (names.empty() ? "" : ";") + name;
  }
  canonical += "\n" + names + "\n" + payload;

  const std::string scope = time.substr(0, 8) + "/" + key.region + "/s3/aws4_request";
  const std::string to_sign = "AWS4-HMAC-SHA256\n" + time + "\n" + scope + "\n" + sha256_hex(canonical);
  Digest derived = hmac("AWS4" + key.secret, time.substr(0, 8));
  for (const std::string_view part :
       {std::string_view(key.region), std::string_view("s3"), std::string_view("aws4_request")})
    derived = hmac(bytes_of(derived), part);
  request.headers["authorization"] = "AWS4-HMAC-SHA256 Credential=" + key.id + "/" + scope + ",SignedHeaders=" + names +
                                     ",Signature=" + hex(hmac(bytes_of(derived), to_sign));
}

}  // namespace noetl::tools::objects
