#pragma once
// request_token: one call to a token endpoint (OAuth 2.0 or alike). The only place of the server that calls out; it
// follows no redirects, goes only where Egress allows, never to the server's own API, and reads a bounded answer within a
// bounded time. Any thread.
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "shared/base/result.hpp"
#include "shared/reach/egress.hpp"

namespace noetl::vault {

using Fields = std::vector<std::pair<std::string, std::string>>;

struct TokenRequest {
  std::string url;  // http:// or https://
  std::string shown_url;  // what errors show when secrets were rendered into it; empty: the url without its query
  std::string method = "POST";
  Fields headers, params, form;
  std::optional<nlohmann::json> json;  // the body; otherwise `form`
  std::string user, password;  // HTTP Basic when `user` is set
  bool is_tls_verified = true;
  // Of the whole answer, its headers included: an endpoint that sends a byte now and then must not hold a thread.
  std::chrono::milliseconds time_max{20'000};
};

// The answer's JSON object. Errors name the endpoint without its query and never quote what was sent or, but for
// OAuth's `error` code, answered: unavailable (not reached, 5xx, 429), forbidden (other statuses), invalid_input.
[[nodiscard]] base::Result<nlohmann::json> request_token(const TokenRequest& request, const reach::Egress& egress);

[[nodiscard]] std::string encode_form(const Fields& fields);

}  // namespace noetl::vault
