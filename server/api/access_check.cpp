#include "server/api/access_check.hpp"

#include <algorithm>
#include <array>

#include "server/api/inflate.hpp"
#include "shared/base/text/ascii.hpp"
#include "shared/base/text/same_secret.hpp"

namespace noetl::api {
namespace {

using base::ErrorCode;

constexpr std::array<std::string_view, 3> loopback_names{"localhost", "127.0.0.1", "[::1]"};

bool is_loopback_name(std::string_view name) {
  return std::find(loopback_names.begin(), loopback_names.end(), name) != loopback_names.end();
}

AccessRefusal refused(int status, ErrorCode code, std::string message, std::string field = {}) {
  return {
      .status = status,
      .error = {
          .code = code, .message = std::move(message), .field = std::move(field), .retry_after = {}, .details = {}}};
}

// What error messages show of a header: it may be anything.
std::string shown(std::string_view text) {
  std::string out(text.substr(0, 100));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c < 0x20 || c > 0x7E; }, '?');
  return "'" + out + "'";
}

// The token of "Authorization: Bearer <token>"; empty when there is none, or several.
std::string_view bearer_of(const http::Head& head) {
  constexpr std::string_view scheme = "bearer ";
  const auto header = head.header("authorization");
  if (head.count("authorization") != 1 || header.size() <= scheme.size()) return {};
  if (base::lower_case(header.substr(0, scheme.size())) != scheme) return {};
  return header.substr(scheme.size());
}

// "https://Example.org:8443/x" → "https://example.org:8443"
std::string origin_of(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  return base::lower_case(url.substr(0, url.find('/', scheme + 3)));
}

bool is_yaml(std::string_view type) {
  return type == "application/yaml" || type == "application/x-yaml" || type == "text/yaml" || type == "text/x-yaml";
}

}  // namespace

AccessCheck::AccessCheck(AccessSettings access)
    : access_(std::move(access)),
      asks_for_token_(!access_.token.empty() || (!access_.worker_token.empty() && !access_.is_insecure)),
      hosts_(loopback_names.begin(), loopback_names.end()),
      own_origin_(origin_of(access_.server_url)) {
  for (const auto& host : access_.hosts) hosts_.push_back(base::lower_case(host));
  if (!own_origin_.empty()) hosts_.push_back(http::host_name(own_origin_.substr(own_origin_.find("://") + 3)));
  std::erase(hosts_, std::string{});
}

std::optional<AccessRefusal> AccessCheck::refusal(const http::Head& head, const Endpoint* endpoint) const {
  const Access access = endpoint == nullptr ? Access::callers : endpoint->open_to.access;
  if (auto refusal = wrong_origin(head)) return refusal;
  // Probes of an orchestrator name the pod's address, as Prometheus does; nothing that a page could read there is worth it.
  const bool is_open = access == Access::everybody || (access == Access::metrics && access_.is_metrics_open);
  if (!is_open) {
    if (auto refusal = asks_for_token_ ? wrong_token(head, access) : wrong_host(head)) return refusal;
  }
  if (endpoint == nullptr || !head.has_body()) return std::nullopt;
  if (auto refusal = wrong_media_type(head, *endpoint)) return refusal;
  return wrong_coding(head);
}

bool AccessCheck::shows_token(const http::Head& head) const {
  return !access_.token.empty() && base::is_same_secret(bearer_of(head), access_.token);
}

// A browser says where a request comes from; programs say nothing. Older browsers send less, hence Host and media types.
std::optional<AccessRefusal> AccessCheck::wrong_origin(const http::Head& head) const {
  if (head.has("sec-fetch-site")) {
    const auto site = head.header("sec-fetch-site");
    if (head.count("sec-fetch-site") > 1 || (site != "same-origin" && site != "none"))
      return refused(403, ErrorCode::forbidden,
                     "a web page of another origin may call nothing here (Sec-Fetch-Site: " + shown(site) + ")");
  }
  if (!head.has("origin")) return std::nullopt;
  const auto origin = base::lower_case(head.header("origin"));
  const auto host = base::lower_case(head.header("host"));
  const bool is_own = head.count("origin") == 1 && (origin == "http://" + host || origin == "https://" + host ||
                                                    (!own_origin_.empty() && origin == own_origin_));
  if (is_own) return std::nullopt;
  return refused(403, ErrorCode::forbidden,
                 "a web page of another origin may call nothing here (Origin: " + shown(head.header("origin")) + ")");
}

// A page's own name can be made to lead to this machine (DNS rebinding); then it is of "the same origin", but for its name.
std::optional<AccessRefusal> AccessCheck::wrong_host(const http::Head& head) const {
  const auto name = http::host_name(head.header("host"));
  if (std::find(hosts_.begin(), hosts_.end(), name) != hosts_.end()) return std::nullopt;
  return refused(421, ErrorCode::forbidden,
                 "the server does not answer to the name " + shown(head.header("host")) +
                     " (Host): call it localhost or 127.0.0.1, add the name to allowed-hosts "
                     "(NOETL_ALLOWED_HOSTS), or set "
                     "a token (NOETL_TOKEN), which makes every name good",
                 "Host");
}

std::optional<AccessRefusal> AccessCheck::wrong_token(const http::Head& head, Access access) const {
  const auto bearer = bearer_of(head);
  const bool is_callers = !access_.token.empty() && base::is_same_secret(bearer, access_.token);
  const bool is_workers = !access_.worker_token.empty() && base::is_same_secret(bearer, access_.worker_token);
  if (is_callers || (is_workers && (access == Access::workers || access_.token.empty()))) return std::nullopt;
  if (is_workers)
    return refused(401, ErrorCode::unauthenticated,
                   "the worker-token opens the routes of workers alone: this one needs the server's token",
                   "Authorization");
  return refused(401, ErrorCode::unauthenticated,
                 head.has("authorization")
                     ? "the token in Authorization is not the server's"
                     : "the server asks for the header 'Authorization: Bearer <token>': its setting "
                       "token (NOETL_TOKEN, --token-file) has what to send",
                 "Authorization");
}

// Exactly JSON: what a page may send without asking first (a form, text/plain, no type at all) never gets here.
std::optional<AccessRefusal> AccessCheck::wrong_media_type(const http::Head& head, const Endpoint& endpoint) {
  const bool takes_yaml = endpoint.body == BodyKind::json_or_yaml;
  const auto type = head.count("content-type") == 1 ? media_type(head.header("content-type")) : std::string{};
  if (type == "application/json" || (takes_yaml && is_yaml(type))) return std::nullopt;
  return refused(415, ErrorCode::unsupported,
                 "the body needs the header 'Content-Type: application/json'" +
                     std::string(takes_yaml ? " or 'application/yaml'" : "") + ", found " +
                     (head.has("content-type") ? shown(head.header("content-type")) : std::string("none")),
                 "Content-Type");
}

std::optional<AccessRefusal> AccessCheck::wrong_coding(const http::Head& head) {
  auto known = check_codings(content_codings(head));
  if (known) return std::nullopt;
  return AccessRefusal{.status = 415, .error = std::move(known.error())};
}

std::string content_codings(const http::Head& head) {
  std::string all;
  for (const auto& header : head.headers) {
    if (header.name == "content-encoding") all += (all.empty() ? "" : ",") + header.value;
  }
  return all;
}

bool is_local(const http::Head& head, std::string_view peer) {
  // A proxy here speaks for others, a page for its author.
  for (const auto& header : head.headers) {
    if (header.name == "forwarded" || header.name == "via" || header.name == "x-real-ip" || header.name == "origin" ||
        header.name == "sec-fetch-site" || header.name.starts_with("x-forwarded"))
      return false;
  }
  // Proxies that add no header, as nginx does by default, speak HTTP/1.0 to us; programs of today do not.
  if (head.minor_version == 0) return false;
  return is_loopback_address(peer) && is_loopback_name(http::host_name(head.header("host")));
}

std::string media_type(std::string_view content_type) {
  const auto blanks = [](std::string_view text) {
    const auto first = text.find_first_not_of(' ');
    return first == std::string_view::npos ? std::string_view{}
                                           : text.substr(first, text.find_last_not_of(' ') - first + 1);
  };
  const auto end = content_type.find(';');
  const std::string type = base::lower_case(blanks(content_type.substr(0, end)));
  if (end == std::string_view::npos) return type;
  const std::string parameter = base::lower_case(blanks(content_type.substr(end + 1)));
  return parameter == "charset=utf-8" || parameter == "charset=\"utf-8\"" ? type : std::string{};
}

bool is_loopback_address(std::string_view address) {
  constexpr std::string_view mapped = "::ffff:";
  if (address.starts_with(mapped)) address.remove_prefix(mapped.size());
  return address == "::1" || address.starts_with("127.");
}

}  // namespace noetl::api
