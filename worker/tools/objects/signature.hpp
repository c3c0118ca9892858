#pragma once
// Signature: a request for an object store signed with a key pair (AWS Signature Version 4, which Google's XML API takes as
// well). Pure; any thread.
#include <chrono>
#include <string>
#include <string_view>

#include "worker/tools/http/http_request.hpp"

namespace noetl::tools::objects {

struct SigningKey {
  std::string id;
  std::string secret;
  std::string session_token;  // of temporary keys; empty: none
  std::string region;
};

[[nodiscard]] std::string sha256_hex(std::string_view bytes);

// Signs the headers that the request has and adds those that the signature needs. The target must have no query.
void sign(HttpRequest& request, const SigningKey& key, std::chrono::system_clock::time_point now);

// "host", or "host:port" where the port is not the scheme's own: what the client library sends as Host.
[[nodiscard]] std::string host_header(const Url& url);

}  // namespace noetl::tools::objects
