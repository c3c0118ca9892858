#pragma once
// HttpRequest: what an http step asks for, read from its options and checked. A value; any thread.
#include <map>
#include <set>
#include <string>
#include <vector>

#include "shared/base/result.hpp"
#include "shared/fetch/url.hpp"
#include "worker/tools/tool.hpp"

namespace noetl::reach {
class FilesRoot;
}

namespace noetl::tools {

using fetch::Url;

struct HttpRequest {
  std::string method = "GET";
  Url url;
  std::map<std::string, std::string> headers;  // names in lower case; credentials of `auth` included
  std::string body;
  std::set<std::string> secret_headers;  // those of `auth`, whatever they are called
  fetch::QueryText secret_query;  // pairs of `auth` that are sent but shown nowhere
  bool is_tls_verified = true;
  bool follows_redirects = true;
  std::string ca_file;  // empty: the system's
  std::string client_cert_file;  // empty: none
  std::string client_key_file;
  Url proxy;  // host empty: none
  std::vector<int> wanted_statuses;  // besides 2xx
  secrets::CredentialPolicies auth_policies;  // of `auth`, while it is sent along
  secrets::CredentialPolicies policies;  // of keychain entries that any part of the request was rendered with
  std::string shown_url;  // what results and errors show when the url was rendered with secrets; empty: the url itself
};

// forbidden: secrets that the request carries may not be sent to its host, or to its proxy. To be asked at each hop.
[[nodiscard]] base::Result<void> check_destination(const HttpRequest& request);

// docs/reference/tools.md has the options. What the input names of url, method, params, headers and the body wins,
// since a repeated step (pagination) passes its next page there.
// `files`: where the options that name files may lead.
[[nodiscard]] base::Result<HttpRequest> http_request_of(const ToolCall& call, const reach::FilesRoot& files);

// The request to send after a redirect: method and body as browsers do. To another origin goes nothing that the step or its
// credential put in, but for `accept`, `accept-language` and `user-agent`: any header may carry a key. Refused: a body for
// another origin, from https to http, and a Location with user and password.
[[nodiscard]] base::Result<HttpRequest> redirected(HttpRequest request, int status, Url to);

}  // namespace noetl::tools
