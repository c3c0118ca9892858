#include "shared/fetch/url.hpp"

#include <charconv>
namespace noetl::fetch {

namespace {

constexpr std::size_t url_bytes_max = 16 * 1024;

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

std::string percent_decoded(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    unsigned byte = 0;
    const bool is_escape =
        text[at] == '%' && at + 2 < text.size() &&
        std::from_chars(text.data() + at + 1, text.data() + at + 3, byte, 16).ptr == text.data() + at + 3;
    plain += is_escape ? static_cast<char>(byte) : text[at];
    if (is_escape) at += 2;
  }
  return plain;
}

bool is_host(std::string_view host) {
  if (host.empty() || host.size() > 255) return false;
  for (const char c : host) {
    if (!is_unreserved(c) && c != ':') return false;
  }
  return true;
}

tl::unexpected<base::Error> bad_url(const std::string& why) {
  return base::failure(base::ErrorCode::invalid_input, "the url " + why, "url");
}

std::optional<int> port_of(std::string_view text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port < 1 || port > 65535) return std::nullopt;
  return port;
}

}  // namespace

std::string Url::text() const { return origin() + target.text(); }

std::string Url::origin() const {
  const bool is_v6 = host.find(':') != std::string::npos;
  std::string whole = is_tls ? "https://" : "http://";
  whole += is_v6 ? "[" + host + "]" : host;
  if (port != (is_tls ? 443 : 80)) whole += ":" + std::to_string(port);
  return whole;
}

bool Url::has_same_origin(const Url& other) const {
  return is_tls == other.is_tls && host == other.host && port == other.port;
}

base::Result<Url> parse_url(std::string_view text) {
  if (text.size() > url_bytes_max) return bad_url("has more than " + std::to_string(url_bytes_max) + " bytes");
  Url url;
  const std::size_t colon = text.find("://");
  std::string scheme(text.substr(0, colon == std::string_view::npos ? 0 : colon));
  for (char& c : scheme) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  if (scheme != "http" && scheme != "https") return bad_url("must begin with http:// or https://");
  url.is_tls = scheme == "https";
  std::string_view rest = text.substr(colon + 3);
  const std::size_t end = rest.find_first_of("/?#");
  std::string_view authority = rest.substr(0, end);
  std::string_view target = end == std::string_view::npos ? std::string_view{} : rest.substr(end);
  target = target.substr(0, target.find('#'));

  const std::size_t at = authority.rfind('@');
  if (at != std::string_view::npos) {
    const std::string_view credentials = authority.substr(0, at);
    const std::size_t split = credentials.find(':');
    url.user = percent_decoded(credentials.substr(0, split));
    if (split != std::string_view::npos) url.password = percent_decoded(credentials.substr(split + 1));
    authority = authority.substr(at + 1);
  }
  std::string_view port_text;
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) return bad_url("has '[' without ']'");
    url.host = authority.substr(1, close - 1);
    if (close + 1 < authority.size() && authority[close + 1] != ':') return bad_url("has text after ']'");
    if (close + 1 < authority.size()) port_text = authority.substr(close + 2);
  } else {
    const std::size_t split = authority.find(':');
    url.host = authority.substr(0, split);
    if (url.host.find(':') != std::string::npos) return bad_url("has no valid host");
    if (split != std::string_view::npos) port_text = authority.substr(split + 1);
  }
  if (!is_host(url.host)) return bad_url("has no valid host");
  const std::optional<int> port = port_text.empty() ? std::optional(url.is_tls ? 443 : 80) : port_of(port_text);
  if (!port) return bad_url("has no valid port");
  url.port = *port;
  url.target = Target::encoded(target);
  return url;
}

base::Result<Url> resolve_url(const Url& from, std::string_view location) {
  if (location.find("://") != std::string_view::npos && location.find("://") < location.find_first_of("/?#")) {
    return parse_url(location);
  }
  if (location.starts_with("//")) return parse_url((from.is_tls ? "https:" : "http:") + std::string(location));
  Url url = from;
  const std::string target(location.substr(0, location.find('#')));
  const std::string path = from.target.path();
  if (target.starts_with('/')) {
    url.target = Target::encoded(target);
  } else if (target.starts_with('?')) {
    url.target = Target::encoded(path + target);
  } else if (!target.empty()) {
    url.target = Target::encoded(path.substr(0, path.rfind('/') + 1) + target);
  }
  return url;
}

}  // namespace noetl::fetch
