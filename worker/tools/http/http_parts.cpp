#include "worker/tools/http/http_parts.hpp"

#include <filesystem>
#include <random>

#include "shared/base/text/ascii.hpp"
#include "shared/base/text/base64.hpp"
#include "shared/base/text/percent.hpp"
#include "shared/fetch/message.hpp"
#include "worker/tools/auth.hpp"
#include "worker/tools/http/upload_file.hpp"
#include "worker/tools/options.hpp"

namespace noetl::tools {

namespace {

using base::ErrorCode;
using base::failure;

using fetch::is_token;

bool has(const std::string& type, std::string_view word) { return type.find(word) != std::string::npos; }

base::Result<void> bad_auth(const std::string& why) {
  return failure(ErrorCode::invalid_input, "option 'auth' of tool http " + why, "auth");
}

base::Result<void> add_secret_header(HttpRequest& request, const std::string& name, const std::string& value) {
  request.secret_headers.insert(base::lower_case(name));
  return add_header(request, name, value);
}

base::Result<void> use_key(HttpRequest& request, const Json& fields, bool is_in_query) {
  const std::string value = auth_field(fields, {"value", "api_key", "key", "token"});
  std::string name = auth_field(fields, {"header", "header_name", "param", "name"});
  if (value.empty()) return bad_auth("of type api_key has no 'value'");
  if (is_in_query || auth_field(fields, {"in", "location"}) == "query") {
    if (name.empty()) name = "api_key";
    request.secret_query.add(name, value);
    return {};
  }
  return add_secret_header(request, name.empty() ? "X-API-Key" : name, value);
}

base::Result<void> use_login(HttpRequest& request, const std::string& user, const std::string& password) {
  const auto login = fetch::basic_login(user, password);
  if (!login) return tl::unexpected(login.error());
  return add_secret_header(request, "authorization", login->text());
}

base::Result<void> use_credential(HttpRequest& request, const Credential& credential) {
  const Json& fields = credential.data;
  const std::string type = base::lower_case(credential.type.empty() ? auth_field(fields, {"type"}) : credential.type);
  const bool has_user = fields.contains("username") || fields.contains("user");
  if (has(type, "basic") || (type.empty() && has_user)) {
    if (!has_user) return bad_auth("of type basic has no 'username'");
    return use_login(request, auth_field(fields, {"username", "user"}), auth_field(fields, {"password"}));
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

base::Result<Part> part_of(const Json& value, const reach::FilesRoot& root) {
  Part part;
  if (value.is_string()) {
    part.filename = std::filesystem::path(value.get<std::string>()).filename().string();
    auto text = upload_file(root, value, "files");
    if (!text) return tl::unexpected(text.error());
    part.content = *std::move(text);
    return part;
  }
  if (!value.is_object())
    return failure(ErrorCode::invalid_input, "option 'files' must be a map of paths or of maps", "files");
  const std::string path = auth_field(value, {"path"});
  part.filename = auth_field(value, {"filename", "name"});
  if (part.filename.empty()) part.filename = path.empty() ? "file" : std::filesystem::path(path).filename().string();
  if (const std::string type = auth_field(value, {"content_type", "type"}); !type.empty()) part.type = type;
  base::Result<std::string> text = std::string();
  if (value.contains("content_b64")) {
    auto decoded = base::base64_decoded(auth_field(value, {"content_b64"}));
    if (!decoded) return failure(ErrorCode::invalid_input, "option 'files': 'content_b64' is not base64", "files");
    text = *std::move(decoded);
  } else if (value.contains("content")) {
    const Json& content = value.at("content");
    text = content.is_string() ? content.get<std::string>() : to_text(content);
  } else {
    text = upload_file(root, path, "files");
  }
  if (!text) return tl::unexpected(text.error());
  part.content = *std::move(text);
  return part;
}

// A name between quotes as browsers send it: what would end the quotes or the line is encoded. No other control character is
// meant in one, and leaving it out would make it another name.
base::Result<std::string> quoted_field(const std::string& text) {
  std::string safe = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\r' || c == '\n') {
      safe += base::percent_encoded({&c, 1});
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      return failure(ErrorCode::invalid_input,
                     "option 'files' or 'form' has a field or a file whose name has a control character", "files");
    } else {
      safe += c;
    }
  }
  return safe + "\"";
}

}  // namespace

base::Result<void> add_header(HttpRequest& request, const std::string& name, const std::string& value) {
  if (!is_token(name))
    return failure(ErrorCode::invalid_input, "'" + storable_text(name) + "' is no header name", "headers");
  if (!fetch::is_header_value(value))
    return failure(ErrorCode::invalid_input, "header '" + name + "' has a control character", "headers");
  const std::string key = base::lower_case(name);
  if (fetch::is_framing_header(key)) return {};
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
  return use_login(request, request.url.user, request.url.password);
}

base::Result<void> set_multipart(HttpRequest& request, const Json& files, const Json* form,
                                 const reach::FilesRoot& root) {
  if (!files.is_object()) return failure(ErrorCode::invalid_input, "option 'files' must be a map", "files");
  std::random_device random;
  const std::string boundary = "noetl" + std::to_string(random()) + std::to_string(random());
  std::string body;
  const auto begin_part = [&](const std::string& name) -> base::Result<void> {
    const auto shown = quoted_field(name);
    if (!shown) return tl::unexpected(shown.error());
    body += "--" + boundary + "\r\nContent-Disposition: form-data; name=" + *shown;
    return {};
  };
  if (form != nullptr && form->is_object()) {
    for (const auto& [name, value] : form->items()) {
      if (auto begun = begin_part(name); !begun) return begun;
      body += "\r\n\r\n" + scalar_text(value).value_or(to_text(value)) + "\r\n";
    }
  }
  for (const auto& [name, value] : files.items()) {
    auto part = part_of(value, root);
    if (!part) return tl::unexpected(part.error());
    if (auto begun = begin_part(name); !begun) return begun;
    const auto filename = quoted_field(part->filename);
    if (!filename) return tl::unexpected(filename.error());
    if (!fetch::is_header_value(part->type))
      return failure(ErrorCode::invalid_input,
                     "option 'files': the content_type of '" + storable_text(name) + "' has a control character",
                     "files");
    body += "; filename=" + *filename + "\r\nContent-Type: " + part->type + "\r\n\r\n" + part->content + "\r\n";
  }
  request.body = body + "--" + boundary + "--\r\n";
  request.headers["content-type"] = "multipart/form-data; boundary=" + boundary;
  return {};
}

}  // namespace noetl::tools
