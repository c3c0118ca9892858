#pragma once
// AccessCheck: may this request come in at all? The one place that decides it, for every route, before anything else acts:
// no web page of another origin, no foreign name of this server, no body of another kind, and the token where one is set.
// Immutable; any thread.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/api/routes/endpoints.hpp"
#include "shared/base/error.hpp"
#include "shared/http/head.hpp"

namespace noetl::api {

struct AccessSettings {
  std::string token;  // of callers; empty: none is asked for, unless worker_token is all there is
  std::string worker_token;  // of workers alone where there is a token besides
  bool is_insecure = false;  // worker_token guards secrets only, the routes are open
  bool is_metrics_open = false;
  std::vector<std::string> hosts = {};  // names of this server beside those of loopback; lower case
  std::string server_url = {};  // its host is one of them, its origin is our own
};

// A status that is not always that of the error's code: 421 and 415 have none of their own.
struct AccessRefusal {
  int status = 403;
  base::Error error;
};

class AccessCheck {
 public:
  explicit AccessCheck(AccessSettings access);

  // Nothing: it may go on. `endpoint`: nullptr when there is no such route.
  [[nodiscard]] std::optional<AccessRefusal> refusal(const http::Head& head, const Endpoint* endpoint) const;
  // Is the token of callers set, and did the request show it?
  [[nodiscard]] bool shows_token(const http::Head& head) const;
  [[nodiscard]] bool asks_for_token() const { return asks_for_token_; }

 private:
  [[nodiscard]] std::optional<AccessRefusal> wrong_origin(const http::Head& head) const;
  [[nodiscard]] std::optional<AccessRefusal> wrong_host(const http::Head& head) const;
  [[nodiscard]] std::optional<AccessRefusal> wrong_token(const http::Head& head, Access access) const;
  [[nodiscard]] static std::optional<AccessRefusal> wrong_media_type(const http::Head& head, const Endpoint& endpoint);
  [[nodiscard]] static std::optional<AccessRefusal> wrong_coding(const http::Head& head);

  const AccessSettings access_;
  const bool asks_for_token_;
  std::vector<std::string> hosts_;
  std::string own_origin_;  // of server_url
};

// Called by a program of this machine: from a loopback address, under a name of loopback, through no proxy, by no web page.
[[nodiscard]] bool is_local(const http::Head& head, std::string_view peer);

// "Application/JSON; charset=UTF-8" → "application/json"; empty when it has any other parameter, or is no type.
[[nodiscard]] std::string media_type(std::string_view content_type);

// All that the Content-Encoding of a request says, in the order in which the codings were applied; empty: nothing.
[[nodiscard]] std::string content_codings(const http::Head& head);

// An IPv4 or IPv6 address of loopback, as text.
[[nodiscard]] bool is_loopback_address(std::string_view address);

}  // namespace noetl::api
