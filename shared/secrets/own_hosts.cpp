#include "shared/secrets/own_hosts.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "shared/secrets/credential_policy.hpp"

namespace noetl::secrets {

namespace {

using Json = nlohmann::json;

std::string text_of(const Json& fields, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const auto found = fields.find(name);
    if (found == fields.end()) continue;
    if (found->is_string() && !found->get_ref<const std::string&>().empty()) return *found;
    if (found->is_number_integer()) return std::to_string(found->get<std::int64_t>());
  }
  return {};
}

void add(std::vector<std::string>& hosts, const std::string& pattern) {
  if (is_host_pattern(pattern) && std::find(hosts.begin(), hosts.end(), pattern) == hosts.end())
    hosts.push_back(pattern);
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(separator, at), text.size());
    if (end > at) parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

void add_host_and_port(std::vector<std::string>& hosts, const std::string& host, const std::string& port) {
  const auto ports = split(port, ',');
  const auto names = split(host, ',');
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string own = ports.size() == names.size() ? ports[i] : ports.empty() ? "" : ports.front();
    const bool is_v6 = names[i].find(':') != std::string::npos && !names[i].starts_with('[');
    const std::string name = is_v6 ? "[" + names[i] + "]" : names[i];
    add(hosts, own.empty() || name.starts_with('/') ? name : name + ":" + own);
  }
}

// A URL, several with commas, or libpq's keywords.
void add_address(std::vector<std::string>& hosts, const std::string& text) {
  if (text.find("://") == std::string::npos) {
    std::string host;
    std::string port;
    for (const auto& word : split(text, ' ')) {
      for (const auto& [keyword, value] : {std::pair("host=", &host), {"hostaddr=", &host}, {"port=", &port}}) {
        if (word.starts_with(keyword)) *value = word.substr(std::string_view(keyword).size());
      }
    }
    std::erase(host, '\'');
    std::erase(port, '\'');
    add_host_and_port(hosts, host, port);
    return;
  }
  const std::string scheme = text.substr(0, text.find("://") + 3);
  for (const auto& one : split(text, ',')) {
    const auto found = destination_of_url(one.find("://") == std::string::npos ? scheme + one : one);
    if (found) add(hosts, pattern_of(*found));
  }
}

bool has(std::string_view type, std::string_view word) { return type.find(word) != std::string_view::npos; }

// The stores of objects whose address the tools know by themselves.
void add_stores(std::vector<std::string>& hosts, std::string_view type, const Json& fields) {
  const bool has_key = !text_of(fields, {"access_key", "access_key_id", "aws_access_key_id", "hmac_key_id"}).empty();
  const bool is_account = fields.contains("private_key") && fields.contains("client_email");
  if (is_account && text_of(fields, {"token_uri", "token_url"}).empty()) add(hosts, "oauth2.googleapis.com:443");
  if (!text_of(fields, {"endpoint", "endpoint_url"}).empty()) return;
  if (has_key || has(type, "s3") || has(type, "aws")) add(hosts, "*.amazonaws.com:443");
  if (has_key || is_account || has(type, "gcs") || has(type, "gcp") || has(type, "google"))
    add(hosts, "storage.googleapis.com:443");
}

}  // namespace

std::vector<std::string> own_hosts(std::string_view type, const Json& fields) {
  std::vector<std::string> hosts;
  if (!fields.is_object()) return hosts;
  add_host_and_port(hosts, text_of(fields, {"db_host", "host", "hostname"}), text_of(fields, {"db_port", "port"}));
  for (const char* name : {"connection_string", "dsn", "url", "uri", "base_url", "api_url", "nats_url", "servers",
                           "server", "endpoint", "endpoint_url", "token_url", "token_uri"}) {
    const std::string text = text_of(fields, {name});
    if (!text.empty()) add_address(hosts, text);
  }
  add_stores(hosts, type, fields);
  for (const char* name : {"service_account_json", "service_account", "credentials_json", "json"}) {
    const auto found = fields.find(name);
    if (found == fields.end()) continue;
    const Json inner = found->is_string() ? Json::parse(found->get_ref<const std::string&>(), nullptr, false) : *found;
    if (!inner.is_object()) continue;
    for (const auto& host : own_hosts(type, inner)) add(hosts, host);
  }
  const bool is_database = has(type, "postgres") || type == "pg" || type == "database";
  if (is_database && hosts.empty()) add(hosts, "localhost");  // what libpq takes then
  return hosts;
}

}  // namespace noetl::secrets
