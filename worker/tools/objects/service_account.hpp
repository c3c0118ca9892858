#pragma once
// ServiceAccount: Google's credential for programs, and the tokens that it is exchanged for (RFC 7523). The assertion is pure;
// TokenCache may be used from any thread and outlives its calls.
#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "shared/base/guarded.hpp"
#include "shared/base/result.hpp"
#include "worker/tools/http/http_request.hpp"

namespace noetl::tools::objects {

struct ServiceAccount {
  std::string email;
  std::string private_key;  // PEM
  std::string key_id;
  std::string token_url = "https://oauth2.googleapis.com/token";
};

// Nothing when the fields are not those of a service account. They stand in the credential itself, or in one of its fields as
// the JSON text of the file that Google gives out.
[[nodiscard]] std::optional<ServiceAccount> service_account_of(const Json& fields);

using SystemTime = std::chrono::system_clock::time_point;

// The signed claim to be that account, as the token endpoint wants it. invalid_input: the private key cannot be read.
[[nodiscard]] base::Result<std::string> assertion_of(const ServiceAccount& account, SystemTime now);
// The request that exchanges it.
[[nodiscard]] base::Result<HttpRequest> token_request_of(const ServiceAccount& account, SystemTime now);

class TokenCache {
 public:
  [[nodiscard]] std::optional<std::string> find(const ServiceAccount& account, SystemTime now) const;
  void keep(const ServiceAccount& account, std::string token, SystemTime until);

 private:
  struct Kept {
    std::string token;
    SystemTime until;
  };
  base::Guarded<std::map<std::string, Kept>> kept_;
};

}  // namespace noetl::tools::objects
