#include "worker/tools/objects/object_call.hpp"

#include <algorithm>

#include "shared/base/text/percent.hpp"
#include "shared/fetch/message.hpp"
#include "worker/tools/auth.hpp"
#include "worker/tools/http/upload_file.hpp"
#include "worker/tools/options.hpp"

namespace noetl::tools::objects {

namespace {

using base::ErrorCode;
using base::failure;
using Action = ObjectCall::Action;

base::Result<void> read_action(ObjectCall& object, const ToolCall& call) {
  const auto name = text_option(call, {"action", "operation"}, "put");
  if (!name) return tl::unexpected(name.error());
  if (*name == "put" || *name == "upload" || *name == "write") {
    object.action = Action::put;
  } else if (*name == "get" || *name == "download" || *name == "read") {
    object.action = Action::get;
  } else if (*name == "delete" || *name == "remove") {
    object.action = Action::remove;
  } else {
    return failure(ErrorCode::invalid_input, "option 'action' must be put, get or delete, not '" + *name + "'",
                   "action");
  }
  return {};
}

// What a store, or a proxy before it, would take for another object's address: a template's text must not lead into another
// bucket.
base::Result<void> check_place(const ObjectCall& object) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  if (object.bucket.size() > 222 || object.bucket.find_first_not_of(letters) != std::string::npos ||
      object.bucket.find("..") != std::string::npos || object.bucket == ".")
    return failure(ErrorCode::invalid_input, "option 'bucket' must be letters, digits, '-', '_' and single '.'",
                   "bucket");
  if (object.key.size() > 1024)
    return failure(ErrorCode::invalid_input, "option 'key' has more than 1024 bytes", "key");
  if (std::any_of(object.key.begin(), object.key.end(),
                  [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }))
    return failure(ErrorCode::invalid_input, "option 'key' has a line break or another control character", "key");
  for (std::size_t at = 0; at <= object.key.size();) {
    const std::size_t slash = std::min(object.key.find('/', at), object.key.size());
    const std::string part = object.key.substr(at, slash - at);
    if (part == "." || part == "..")
      return failure(ErrorCode::invalid_input,
                     "option 'key' has '" + part + "' between slashes, which would lead to another object", "key");
    at = slash + 1;
  }
  return {};
}

// gs://bucket/key or s3://bucket/key, or `bucket` and `key`.
base::Result<void> read_place(ObjectCall& object, const ToolCall& call) {
  const auto bucket = text_option(call, {"bucket"});
  const auto key = text_option(call, {"key", "object", "blob"});
  const auto uri = text_option(call, {"uri", "destination"});
  for (const auto* text : {&bucket, &key, &uri}) {
    if (!*text) return tl::unexpected(text->error());
  }
  object.bucket = *bucket;
  object.key = *key;
  for (const std::string_view scheme : {"gs://", "s3://"}) {
    if (!uri->starts_with(scheme)) continue;
    const std::string rest = uri->substr(scheme.size());
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    object.bucket = rest.substr(0, slash);
    object.key = slash < rest.size() ? rest.substr(slash + 1) : std::string();
  }
  if (object.bucket.empty() || object.key.empty()) {
    return failure(ErrorCode::invalid_input,
                   "which object is meant must be said by 'bucket' and 'key', or by 'uri': gs://bucket/key "
                   "or s3://bucket/key",
                   "key");
  }
  return check_place(object);
}

base::Result<void> read_content(ObjectCall& object, const ToolCall& call, const reach::FilesRoot& files) {
  const auto path = text_option(call, {"source", "path", "file"});
  const auto type = text_option(call, {"content_type"});
  for (const auto* text : {&path, &type}) {
    if (!*text) return tl::unexpected(text->error());
  }
  object.path = *path;
  if (object.action != Action::put) return {};
  const Json* content = find_option(call, {"content", "data"});
  if (object.path.empty() && content == nullptr)
    return failure(ErrorCode::invalid_input, "put needs 'source', a file of the worker, or 'content'", "source");
  if (!object.path.empty()) {
    auto text = upload_file(files, object.path, "source");
    if (!text) return tl::unexpected(text.error());
    object.content = *std::move(text);
  } else {
    object.content = content->is_string() ? content->get<std::string>() : to_text(*content);
  }
  const bool is_json = content != nullptr && object.path.empty() && !content->is_string();
  object.content_type = !type->empty() ? *type : is_json ? "application/json" : "application/octet-stream";
  if (!fetch::is_header_value(object.content_type))
    return failure(ErrorCode::invalid_input, "option 'content_type' has a control character", "content_type");
  return {};
}

base::Result<void> read_request(ObjectCall& object, const ToolCall& call, std::string_view kind) {
  const auto region = text_option(call, {"region"}, auth_field(object.credential.data, {"region"}));
  if (!region) return tl::unexpected(region.error());
  // It becomes a part of a host's name.
  if (region->find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != std::string::npos)
    return failure(ErrorCode::invalid_input, "option 'region' must be letters, digits and '-'", "region");
  object.region = !region->empty() ? *region : kind == "gcs" ? "auto" : "us-east-1";
  const std::string usual =
      kind == "gcs" ? "https://storage.googleapis.com" : "https://s3." + object.region + ".amazonaws.com";
  const std::string own = auth_field(object.credential.data, {"endpoint", "endpoint_url"});
  const auto endpoint = text_option(call, {"endpoint"}, own.empty() ? usual : own);
  if (!endpoint) return tl::unexpected(endpoint.error());
  auto url = fetch::parse_url(*endpoint);
  if (!url) return tl::unexpected(url.error());
  if (auto allowed = check_destination(call, &object.credential, {.host = url->host, .port = url->port}); !allowed)
    return allowed;
  std::string target = url->target.text();
  if (target.find('?') != std::string::npos)
    return failure(ErrorCode::invalid_input, "option 'endpoint' has a query, and an object's address has none",
                   "endpoint");
  while (target.ends_with('/')) target.pop_back();
  target += "/" + base::percent_encoded(object.bucket);
  for (std::size_t at = 0; at <= object.key.size();) {
    const std::size_t slash = std::min(object.key.find('/', at), object.key.size());
    target += "/" + base::percent_encoded(object.key.substr(at, slash - at));
    at = slash + 1;
  }
  url->target = fetch::Target::encoded(target);
  object.request.url = *std::move(url);
  object.request.method = object.action == Action::put ? "PUT" : object.action == Action::get ? "GET" : "DELETE";
  object.request.follows_redirects = false;
  if (object.action == Action::put) {
    object.request.headers["content-type"] = object.content_type;
    object.request.body = std::move(object.content);
  }
  return {};
}

}  // namespace

base::Result<ObjectCall> object_call_of(const ToolCall& call, std::string_view kind, const reach::FilesRoot& files) {
  ObjectCall object;
  for (const auto read : {read_action, read_place}) {
    if (auto done = read(object, call); !done) return tl::unexpected(done.error());
  }
  if (auto done = read_content(object, call, files); !done) return tl::unexpected(done.error());
  auto credential = auth_of(call);
  if (!credential) return tl::unexpected(credential.error());
  if (!*credential) {
    return failure(ErrorCode::invalid_input,
                   "tool " + std::string(kind) +
                       " needs 'credential': a service account {client_email, private_key}, a key pair "
                       "{access_key, secret_key}, or a {token}",
                   "credential");
  }
  object.credential = **std::move(credential);
  if (auto done = read_request(object, call, kind); !done) return tl::unexpected(done.error());
  return object;
}

}  // namespace noetl::tools::objects
