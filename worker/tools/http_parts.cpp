#include "worker/tools/http_parts.hpp"

#include <filesystem>
#include <random>

#include "shared/base/base64.hpp"
#include "shared/base/percent.hpp"
#include "worker/tools/auth.hpp"
#include "worker/tools/options.hpp"
#include "worker/tools/upload_file.hpp"

namespace noetl::tools {

namespace {

using base::ErrorCode;
using base::failure;

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return text;
}

bool is_token(std::string_view name) {
  for (const char c : name) {
    const bool is_alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!is_alphanumeric && std::string_view("!#$%&'*+-.^_`|~").find(c) == std::string_view::npos)
      return false;
  }
  return !name.empty();
}

bool has(const std::string& type, std::string_view word) { return type.find(word) != std::string::npos; }

base::Result<void> bad_auth(const std::string& why) {
  return failure(ErrorCode::invalid_input, "option 'auth' of tool http " + why, "auth");
}

base::Result<void> add_secret_header(HttpRequest& request, const std::string& name,
                                     const std::string& value) {
  request.secret_headers.insert(lower(name));
  return add_header(request, name, value);
}

base::Result<void> use_key(HttpRequest& request, const Json& fields, bool is_in_query) {
  const std::string value = auth_field(fields, {"value", "api_key", "key", "token"});
  std::string name = auth_field(fields, {"header", "header_name", "param", "name"});
  if (value.empty()) return bad_auth("of type api_key has no 'value'");
  if (is_in_query || auth_field(fields, {"in", "location"}) == "query") {
    if (name.empty()) name = "api_key";
    request.secret_query += (request.secret_query.empty() ? "" : "&") + base::percent_encoded(name) + "=" +
                            base::percent_encoded(value);
    return {};
  }
  return add_secret_header(request, name.empty() ? "X-API-Key" : name, value);
}

base::Result<void> use_credential(HttpRequest& request, const Credential& credential) {
  const Json& fields = credential.data;
  const std::string type = lower(credential.type.empty() ? auth_field(fields, {"type"}) : credential.type);
  const bool has_user = fields.contains("username") || fields.contains("user");
  if (has(type, "basic") || (type.empty() && has_user)) {
    if (!has_user) return bad_auth("of type basic has no 'username'");
    return add_secret_header(request, "authorization",
                             "Basic " + base::base64_encoded(auth_field(fields, {"username", "user"}) + ":" +
                                                             auth_field(fields, {"password"})));
  }
  if (type == "query") return use_key(request, fields, true);
  if (has(type, "api") || type == "header") return use_key(request, fields, false);
  const std::string token = auth_field(fields, {"token", "access_token", "bearer_token", "bearer"});
  if (!token.empty()) return add_secret_header(request, "authorization", "Bearer " + token);
  return bad_auth("of type '" + type +
                  "' is none that http knows: basic {username, password}, bearer {token}, "
                  "api_key {header or name, value, in: header or query}");
}

struct Part {
  std::string filename;
  std::string type = "application/octet-stream";
  std::string content;
};

base::Result<Part> part_of(const Json& value) {
  Part part;
  if (value.is_string()) {
    part.filename = std::filesystem::path(value.get<std::string>()).filename().string();
    auto text = upload_file(value, "files");
    if (!text) return tl::unexpected(text.error());
    part.content = *std::move(text);
    return part;
  }
  if (!value.is_object())
    return failure(ErrorCode::invalid_input, "option 'files' must be a map of paths or of maps", "files");
  const std::string path = auth_field(value, {"path"});
  part.filename = auth_field(value, {"filename", "name"});
  if (part.filename.empty())
    part.filename = path.empty() ? "file" : std::filesystem::path(path).filename().string();
  if (const std::string type = auth_field(value, {"content_type", "type"}); !type.empty()) part.type = type;
  base::Result<std::string> text = std::string();
  if (value.contains("content_b64")) {
    auto decoded = base::base64_decoded(auth_field(value, {"content_b64"}));
    if (!decoded)
      return failure(ErrorCode::invalid_input, "option 'files': 'content_b64' is not base64", "files");
    text = *std::move(decoded);
  } else if (value.contains("content")) {
    const Json& content = value.at("content");
    text = content.is_string() ? content.get<std::string>() : to_text(content);
  } else {
    text = upload_file(path, "files");
  }
  if (!text) return tl::unexpected(text.error());
  part.content = *std::move(text);
  return part;
}

std::string header_safe(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    if (c == '"')
      safe += "%22";
    else if (static_cast<unsigned char>(c) >= 0x20)
      safe += c;
  }
  return safe;
}

}  // namespace

base::Result<void> add_header(HttpRequest& request, const std::string& name, const std::string& value) {
  if (!is_token(name))
    return failure(ErrorCode::invalid_input, "'" + storable_text(name) + "' is no header name", "headers");
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

base::Result<void> read_auth(HttpRequest& request, const ToolCall& call) {
  auto credential = auth_of(call);
  if (!credential) return tl::unexpected(credential.error());
  if (*credential) {
    request.auth_policies = (*credential)->policies;
    return use_credential(request, **credential);
  }
  if (request.url.user.empty()) return {};
  if (call.credentials != nullptr) call.credentials->hide(request.url.password);
  return add_secret_header(request, "authorization",
                           "Basic " + base::base64_encoded(request.url.user + ":" + request.url.password));
}

base::Result<void> set_multipart(HttpRequest& request, const Json& files, const Json* form) {
  if (!files.is_object()) return failure(ErrorCode::invalid_input, "option 'files' must be a map", "files");
  std::random_device random;
  const std::string boundary = "noetl" + std::to_string(random()) + std::to_string(random());
  std::string body;
  const auto begin_part = [&](const std::string& name) {
    body += "--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + header_safe(name) + "\"";
  };
  if (form != nullptr && form->is_object()) {
    for (const auto& [name, value] : form->items()) {
      begin_part(name);
      body += "\r\n\r\n" + scalar_text(value).value_or(to_text(value)) + "\r\n";
    }
  }
  for (const auto& [name, value] : files.items()) {
    auto part = part_of(value);
    if (!part) return tl::unexpected(part.error());
    begin_part(name);
    body += "; filename=\"" + header_safe(part->filename) + "\"\r\nContent-Type: " + header_safe(part->type) +
            "\r\n\r\n" + part->content + "\r\n";
  }
  request.body = body + "--" + boundary + "--\r\n";
  request.headers["content-type"] = "multipart/form-data; boundary=" + boundary;
  return {};
}

}  // namespace noetl::tools
