#include "worker/tools/http_request.hpp"

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
base::Result<std::string> encoded_pairs(const Json& pairs, const std::string& option) {
  if (pairs.is_string()) return pairs.get<std::string>();
  if (!pairs.is_object()) return failure(ErrorCode::invalid_input, "option '" + option + "' must be a map", option);
  std::string text;
  for (const auto& [name, value] : pairs.items()) {
    const Json values = value.is_array() ? value : Json::array({value});
    for (const Json& one : values) {
      if (one.is_null()) continue;
      if (!text.empty()) text += '&';
      text += percent_encoded(name) + '=' + percent_encoded(scalar_text(one).value_or(to_text(one)));
    }
  }
  return text;
}

bool is_token(std::string_view name) {
  for (const char c : name) {
    const bool is_alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!is_alphanumeric && std::string_view("!#$%&'*+-.^_`|~").find(c) == std::string_view::npos) return false;
  }
  return !name.empty();
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return text;
}

base::Result<void> add_header(HttpRequest& request, const std::string& name, const std::string& value) {
  if (!is_token(name)) return failure(ErrorCode::invalid_input, "'" + storable_text(name) + "' is no header name", "headers");
  for (const char c : value) {
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F) {
      return failure(ErrorCode::invalid_input, "header '" + name + "' has a control character", "headers");
    }
  }
  const std::string key = lower(name);
  // These say how the message is cut out of the connection: ours to say.
  if (key == "content-length" || key == "transfer-encoding" || key == "connection") return {};
  request.headers[key] = value;
  return {};
}

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

base::Result<void> read_auth(HttpRequest& request, const ToolCall& call) {
  const Json* auth = find_option(call, {"auth"});
  if (auth == nullptr) {
    if (request.url.user.empty()) return {};
    return add_header(request, "authorization", "Basic " + base64(request.url.user + ":" + request.url.password));
  }
  if (!auth->is_object()) {
    return failure(ErrorCode::invalid_input, "option 'auth' must be a map with type basic, bearer or api_key", "auth");
  }
  const auto field = [&](std::initializer_list<const char*> names) {
    for (const char* name : names) {
      const auto found = auth->find(name);
      if (found != auth->end()) return scalar_text(*found).value_or("");
    }
    return std::string();
  };
  const std::string type = lower(field({"type"}));
  if (type == "basic" || (type.empty() && auth->contains("username"))) {
    return add_header(request, "authorization",
                      "Basic " + base64(field({"username", "user"}) + ":" + field({"password"})));
  }
  if (type == "bearer" || (type.empty() && auth->contains("token"))) {
    return add_header(request, "authorization", "Bearer " + field({"token", "access_token"}));
  }
  if (type == "api_key" || type == "header") {
    return add_header(request, field({"header", "name"}), field({"value", "key", "token"}));
  }
  return failure(ErrorCode::invalid_input, "option 'auth' has a type that is not basic, bearer or api_key", "auth");
}

base::Result<void> add_query(HttpRequest& request, const Json& pairs, const std::string& option) {
  auto query = encoded_pairs(pairs, option);
  if (!query) return tl::unexpected(query.error());
  if (query->empty()) return {};
  request.url.target += (request.url.target.find('?') == std::string::npos ? '?' : '&') + *query;
  return {};
}

void set_body(HttpRequest& request, const Json& value) {
  // A text is sent as it is; anything else as JSON.
  const bool is_text = value.is_string();
  request.body = is_text ? value.get<std::string>() : to_text(value);
  request.headers.emplace("content-type", is_text && !Json::accept(request.body) ? "text/plain; charset=utf-8"
                                                                                  : "application/json");
}

base::Result<void> read_body(HttpRequest& request, const ToolCall& call) {
  if (const Json* json = http_option(call, {"json"})) {
    request.body = to_text(*json);
    request.headers.emplace("content-type", "application/json");
    return {};
  }
  if (const Json* form = http_option(call, {"form"})) {
    auto pairs = encoded_pairs(*form, "form");
    if (!pairs) return tl::unexpected(pairs.error());
    request.body = *std::move(pairs);
    request.headers.emplace("content-type", "application/x-www-form-urlencoded");
    return {};
  }
  if (const Json* payload = http_option(call, {"payload", "body"})) {
    set_body(request, *payload);
    return {};
  }
  const Json* content = http_option(call, {"data"});
  if (content == nullptr) return {};
  const bool is_split = content->is_object() && !content->empty() && std::all_of(content->items().begin(), content->items().end(), [](const auto& item) {
    return item.key() == "query" || item.key() == "body";
  });
  if (!is_split) {
    set_body(request, *content);
    return {};
  }
  if (content->contains("body") && !content->at("body").is_null()) set_body(request, content->at("body"));
  if (content->contains("query")) return add_query(request, content->at("query"), "data.query");
  return {};
}

base::Result<void> read_flags(HttpRequest& request, const ToolCall& call) {
  const auto verified = bool_option(call, "verify_ssl", true);
  if (!verified) return tl::unexpected(verified.error());
  const auto follows = bool_option(call, "follow_redirects", true);
  if (!follows) return tl::unexpected(follows.error());
  request.is_tls_verified = *verified;
  request.follows_redirects = *follows;
  return {};
}

base::Result<void> read_method(HttpRequest& request, const ToolCall& call) {
  const Json* option = http_option(call, {"method"});
  if (option == nullptr) return {};
  auto method = text_of(*option, "method");
  if (!method) return tl::unexpected(method.error());
  if (!is_token(*method) || method->size() > 32) {
    return failure(ErrorCode::invalid_input, "option 'method' is no HTTP method", "method");
  }
  for (char& c : *method) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  request.method = *method;
  return {};
}

}  // namespace

base::Result<HttpRequest> http_request_of(const ToolCall& call) {
  HttpRequest request;
  const Json* address = http_option(call, {"url", "endpoint"});
  if (address == nullptr) return failure(ErrorCode::invalid_input, "tool http needs the option 'url'", "url");
  auto text = text_of(*address, "url");
  if (!text) return tl::unexpected(text.error());
  auto url = parse_url(*text);
  if (!url) return tl::unexpected(url.error());
  request.url = *std::move(url);
  if (!call.traceparent.empty()) request.headers["traceparent"] = call.traceparent;
  for (const auto read : {read_method, read_headers, read_auth, read_body, read_flags}) {
    if (auto done = read(request, call); !done) return tl::unexpected(done.error());
  }
  if (const Json* params = http_option(call, {"params"})) {
    if (auto done = add_query(request, *params, "params"); !done) return tl::unexpected(done.error());
  }
  return request;
}

HttpRequest redirected(HttpRequest request, int status, Url to) {
  if (!request.url.has_same_origin(to)) {
    for (const char* secret : {"authorization", "cookie", "proxy-authorization", "x-api-key", "host"}) {
      request.headers.erase(secret);
    }
  }
  const bool becomes_get = status == 303 || ((status == 301 || status == 302) && request.method == "POST");
  if (becomes_get && request.method != "HEAD") {
    request.method = "GET";
    request.body.clear();
    request.headers.erase("content-type");
  }
  request.url = std::move(to);
  return request;
}

}  // namespace noetl::tools
