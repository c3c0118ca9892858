#include "worker/tools/http/http_request.hpp"

#include <algorithm>
#include <utility>

#include "shared/fetch/message.hpp"
#include "shared/reach/files_root.hpp"
#include "worker/tools/http/http_parts.hpp"
#include "worker/tools/options.hpp"
#include "worker/tools/results.hpp"

namespace noetl::tools {

namespace {

using base::ErrorCode;
using base::failure;

const Json* http_option(const ToolCall& call, std::initializer_list<std::string_view> names) {
  if (call.input.is_object()) {
    for (const std::string_view name : names) {
      const auto found = call.input.find(name);
      if (found != call.input.end() && !found->is_null()) return &*found;
    }
  }
  return find_option(call, names);
}

base::Result<std::string> text_of(const Json& value, const std::string& name) {
  const std::optional<std::string> text = scalar_text(value);
  if (text) return *text;
  return failure(ErrorCode::invalid_input, "option '" + name + "' must be a text, not " + value.type_name(), name);
}

// name=value pairs; a list gives its name several times, null gives nothing.
base::Result<fetch::QueryText> encoded_pairs(const Json& pairs, const std::string& option) {
  if (pairs.is_string()) return fetch::QueryText::encoded(pairs.get_ref<const std::string&>());
  if (!pairs.is_object())
    return failure(ErrorCode::invalid_input, "option '" + option + "' must be a map or a text", option);
  fetch::QueryText query;
  for (const auto& [name, value] : pairs.items()) {
    const Json values = value.is_array() ? value : Json::array({value});
    for (const Json& one : values) {
      if (one.is_null()) continue;
      query.add(name, scalar_text(one).value_or(to_text(one)));
    }
  }
  return query;
}

bool is_method(std::string_view name) { return name.size() <= 32 && fetch::is_token(name) && name != "CONNECT"; }

base::Result<void> read_headers(HttpRequest& request, const ToolCall& call) {
  const Json* headers = http_option(call, {"headers"});
  if (headers == nullptr) return {};
  if (!headers->is_object()) return failure(ErrorCode::invalid_input, "option 'headers' must be a map", "headers");
  for (const auto& [name, value] : headers->items()) {
    if (value.is_null()) continue;
    auto text = text_of(value, "headers." + name);
    if (!text) return tl::unexpected(text.error());
    if (auto added = add_header(request, name, *text); !added) return added;
  }
  return {};
}

base::Result<void> add_query(HttpRequest& request, const Json& pairs, const std::string& option) {
  const auto query = encoded_pairs(pairs, option);
  if (!query) return tl::unexpected(query.error());
  request.url.target.add(*query);
  return {};
}

void set_body(HttpRequest& request, const Json& value) {
  // A text is sent as it is; anything else as JSON.
  const bool is_text = value.is_string();
  request.body = is_text ? value.get<std::string>() : to_text(value);
  request.headers.emplace("content-type",
                          is_text && !Json::accept(request.body) ? "text/plain; charset=utf-8" : "application/json");
}

base::Result<void> read_body(HttpRequest& request, const ToolCall& call, const reach::FilesRoot& root) {
  if (const Json* json = http_option(call, {"json"})) {
    request.body = to_text(*json);
    request.headers.emplace("content-type", "application/json");
    return {};
  }
  const Json* form = http_option(call, {"form"});
  if (const Json* files = http_option(call, {"files"})) return set_multipart(request, *files, form, root);
  if (form != nullptr) {
    // A text is a body, and goes as it is.
    const auto pairs = form->is_string() ? fetch::QueryText() : encoded_pairs(*form, "form");
    if (!pairs) return tl::unexpected(pairs.error());
    request.body = form->is_string() ? form->get<std::string>() : pairs->text();
    request.headers.emplace("content-type", "application/x-www-form-urlencoded");
    return {};
  }
  if (const Json* payload = http_option(call, {"payload", "body"})) {
    set_body(request, *payload);
    return {};
  }
  const Json* content = http_option(call, {"data"});
  if (content == nullptr) return {};
  const bool is_split = content->is_object() && !content->empty() &&
                        std::all_of(content->items().begin(), content->items().end(),
                                    [](const auto& item) { return item.key() == "query" || item.key() == "body"; });
  if (!is_split) {
    set_body(request, *content);
    return {};
  }
  if (content->contains("body") && !content->at("body").is_null()) set_body(request, content->at("body"));
  if (content->contains("query")) return add_query(request, content->at("query"), "data.query");
  return {};
}

base::Result<void> read_proxy(HttpRequest& request, const ToolCall& call) {
  auto proxy = text_option(call, {"proxy"});
  if (!proxy) return tl::unexpected(proxy.error());
  if (proxy->empty()) return {};
  auto url = fetch::parse_url(proxy->find("://") == std::string::npos ? "http://" + *proxy : *proxy);
  if (!url || url->is_tls) return failure(ErrorCode::invalid_input, "option 'proxy' must be http://host:port", "proxy");
  if (auto checked = fetch::check_login(url->user, url->password); !checked)
    return failure(ErrorCode::invalid_input, "option 'proxy': " + checked.error().message, "proxy");
  request.proxy = *std::move(url);
  return {};
}

base::Result<void> read_wanted_statuses(HttpRequest& request, const ToolCall& call) {
  const Json* wanted = find_option(call, {"expected_status"});
  if (wanted == nullptr) return {};
  for (const Json& status : wanted->is_array() ? *wanted : Json::array({*wanted})) {
    if (!status.is_number_integer()) {
      return failure(ErrorCode::invalid_input, "option 'expected_status' must be a status or a list of them",
                     "expected_status");
    }
    request.wanted_statuses.push_back(status);
  }
  return {};
}

base::Result<void> read_flags(HttpRequest& request, const ToolCall& call, const reach::FilesRoot& root) {
  const auto verified = bool_option(call, "verify_ssl", true);
  if (!verified) return tl::unexpected(verified.error());
  const auto follows = bool_option(call, "follow_redirects", true);
  if (!follows) return tl::unexpected(follows.error());
  const std::pair<const char*, std::string*> files[] = {{"ca_cert", &request.ca_file},
                                                        {"client_cert", &request.client_cert_file},
                                                        {"client_key", &request.client_key_file}};
  for (const auto& [name, place] : files) {
    auto text = text_option(call, {name});
    if (!text) return tl::unexpected(text.error());
    if (text->empty()) continue;
    auto file = root.resolve(*text, name);
    if (!file) return tl::unexpected(file.error());
    *place = *std::move(file);
  }
  request.is_tls_verified = *verified;
  request.follows_redirects = *follows;
  return {};
}

base::Result<void> read_method(HttpRequest& request, const ToolCall& call) {
  const Json* option = http_option(call, {"method"});
  if (option == nullptr) return {};
  auto method = text_of(*option, "method");
  if (!method) return tl::unexpected(method.error());
  if (!is_method(*method)) {
    return failure(ErrorCode::invalid_input, "option 'method' is no HTTP method", "method");
  }
  for (char& c : *method) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  request.method = *method;
  return {};
}

// The template of the url when secrets were rendered into it, for a filter may have changed them beyond recognition; without its
// query when they are there.
std::string shown_url_of(const ToolCall& call, const Url& url) {
  for (const char* option : {"url", "endpoint"}) {
    if (const auto found = call.secret_options.find(option); found != call.secret_options.end()) return found->second;
  }
  const bool has_secret_query = call.secret_options.contains("params") || call.secret_options.contains("data");
  return has_secret_query ? url.origin() + url.target.path() + "?***" : std::string();
}

// A text that is no url, as an error may show it.
std::string shown_text_of(const ToolCall& call, const std::string& text) {
  for (const char* option : {"url", "endpoint"}) {
    if (const auto found = call.secret_options.find(option); found != call.secret_options.end()) return found->second;
  }
  constexpr std::size_t bytes_max = 200;
  const auto begin = text.find("//");
  const auto at = text.find('@');
  const bool has_login = begin != std::string::npos && at != std::string::npos && at > begin;
  const std::string shown = has_login ? text.substr(0, begin + 2) + "***" + text.substr(at) : text;
  BoundedOutput bounded(bytes_max);
  bounded.append(shown.data(), shown.size());
  return bounded.text();
}

}  // namespace

base::Result<HttpRequest> http_request_of(const ToolCall& call, const reach::FilesRoot& files) {
  HttpRequest request;
  const Json* address = http_option(call, {"url", "endpoint"});
  if (address == nullptr) return failure(ErrorCode::invalid_input, "tool http needs the option 'url'", "url");
  auto text = text_of(*address, "url");
  if (!text) return tl::unexpected(text.error());
  auto url = fetch::parse_url(*text);
  if (!url) {
    auto error = url.error();
    error.message += text->empty() ? ", and is empty" : ", found '" + shown_text_of(call, *text) + "'";
    return failure(std::move(error));
  }
  request.url = *std::move(url);
  if (!call.traceparent.empty()) request.headers["traceparent"] = call.traceparent;
  for (const auto read : {read_method, read_headers, read_auth, read_proxy, read_wanted_statuses}) {
    if (auto done = read(request, call); !done) return tl::unexpected(done.error());
  }
  for (const auto read : {read_body, read_flags}) {
    if (auto done = read(request, call, files); !done) return tl::unexpected(done.error());
  }
  if (const Json* params = http_option(call, {"params"})) {
    if (auto done = add_query(request, *params, "params"); !done) return tl::unexpected(done.error());
  }
  request.policies = call.policies;
  request.shown_url = shown_url_of(call, request.url);
  return request;
}

base::Result<void> check_destination(const HttpRequest& request) {
  for (const auto* policies : {&request.auth_policies, &request.policies}) {
    auto allowed = secrets::check_destination(*policies, {.host = request.url.host, .port = request.url.port});
    // A proxy reads what is sent in the clear, and with it what is sent to it.
    if (allowed && !request.proxy.host.empty())
      allowed = secrets::check_destination(*policies, {.host = request.proxy.host, .port = request.proxy.port});
    if (!allowed) return allowed;
  }
  return {};
}

base::Result<HttpRequest> redirected(HttpRequest request, int status, Url to) {
  if (!to.user.empty() || !to.password.empty())
    return failure(ErrorCode::invalid_input, "the new url has a user or a password, which only the step may give");
  if (request.url.is_tls && !to.is_tls)
    return failure(ErrorCode::invalid_input, to.origin() + " is not encrypted, and the request was");
  const bool becomes_get = status == 303 || ((status == 301 || status == 302) && request.method == "POST");
  if (becomes_get && request.method != "HEAD") {
    request.method = "GET";
    request.body.clear();
    request.headers.erase("content-type");
  }
  if (!request.url.has_same_origin(to)) {
    if (!request.body.empty()) {
      return failure(ErrorCode::invalid_input,
                     to.origin() +
                         " is another origin, and a body goes only to the one that the step names; if it is "
                         "meant to go there, put that into `url`");
    }
    request.secret_query = {};
    request.secret_headers.clear();
    request.auth_policies.clear();
    request.policies.clear();  // nothing of the step goes there
    std::erase_if(request.headers, [](const auto& header) {
      return header.first != "accept" && header.first != "accept-language" && header.first != "user-agent";
    });
  }
  request.url = std::move(to);
  // The peer may have put what it was sent into the address that it names.
  if (!request.shown_url.empty()) request.shown_url = request.url.origin() + "/***";
  return request;
}

}  // namespace noetl::tools
