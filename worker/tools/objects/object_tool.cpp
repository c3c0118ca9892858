#include "worker/tools/objects/object_tool.hpp"

#include <array>

#include "shared/base/text/base64.hpp"
#include "worker/tools/auth.hpp"
#include "worker/tools/http/peer_body.hpp"
#include "worker/tools/objects/signature.hpp"
#include "worker/tools/options.hpp"
#include "worker/tools/reach_of.hpp"

namespace noetl::tools {

namespace {

constexpr std::size_t token_values_max = 1000;

using objects::ObjectCall;
using Action = ObjectCall::Action;

constexpr std::size_t download_bytes_max = 256UL * 1024 * 1024;  // into a file
constexpr std::chrono::minutes token_reserve{1};  // a token is not used in the last moment of its life

constexpr std::array<OptionSpec, 19> option_table{{
    {"action", "text", "put, which is the default, get or delete; also `operation`, upload, download"},
    {"operation", "text", "the same as `action`"},
    {"uri", "text", "gs://bucket/key or s3://bucket/key; also `destination`"},
    {"destination", "text", "the same as `uri`"},
    {"bucket", "text", "with `key`: the same in two parts"},
    {"key", "text", "the object's name in its bucket; also `object` and `blob`"},
    {"object", "text", "the same as `key`"},
    {"blob", "text", "the same as `key`"},
    {"source", "path",
     "a file of the worker, at most 256 MiB: what put sends, where get writes to; also `path` and `file`"},
    {"path", "path", "the same as `source`"},
    {"file", "path", "the same as `source`"},
    {"content", "any", "what put sends instead: a text as it is, anything else as JSON; also `data`"},
    {"data", "any", "the same as `content`"},
    {"content_type", "text", "of what put sends"},
    {"endpoint", "text",
     "the store's address where it is another than Google's or Amazon's; also a field of the credential"},
    {"region", "text", "of s3; default us-east-1; also a field of the credential"},
    {"auth", "name or map",
     "a service account {client_email, private_key}, a key pair {access_key, secret_key}, or {token}; also "
     "`credential`"},
    {"credential", "name or map", "the same as `auth`"},
    {"timeout", "seconds", "of the whole call"},
}};

ToolResult downloaded(const HttpAnswer& answer, const ObjectCall& object, Json result, const reach::FilesRoot& files) {
  const auto type = answer.headers.find("content-type");
  result["content_type"] = type == answer.headers.end() ? std::string() : header_text(type->second);
  result["size"] = answer.body.size();
  if (!object.path.empty()) {
    auto file = files.create(object.path, "source");
    if (!file) return failed(file.error());
    if (!file->write(answer.body) || !file->close())
      return failed(error_of("internal", "option 'source': '" + object.path + "' could not be written whole", true));
    result["path"] = object.path;
    return completed(to_text(result));
  }
  if (auto value = body_value(answer.body, type == answer.headers.end() ? std::string_view() : type->second)) {
    result["data"] = *std::move(value);
  } else {
    result["data_b64"] = base::base64_encoded(answer.body);
  }
  return completed(to_text(result));
}

}  // namespace

struct ObjectTool::Way {
  const ToolCall& call;
  std::chrono::steady_clock::time_point deadline;
  std::size_t bytes_max;

  [[nodiscard]] HttpAnswer ask(HttpClients& clients, const HttpRequest& request) const {
    return exchange(clients, request,
                    {.connect_timeout = std::chrono::seconds(10),
                     .deadline = deadline,
                     .stop = call.stop,
                     .body = {.bytes_max = bytes_max, .streams_above = {}, .results = nullptr, .progress = nullptr}});
  }
  [[nodiscard]] ToolResult failure_of(const HttpAnswer& answer, const HttpRequest& request) const {
    if (call.stop.stop_requested()) return cancelled();
    if (std::chrono::steady_clock::now() >= deadline) return timed_out(name_of(request));
    return not_answered(answer, request, bytes_max);
  }
};

ObjectTool::ObjectTool(std::string kind, ToolLimits limits)
    : kind_(std::move(kind)), limits_(std::move(limits)), clients_(reach_of(limits_).egress) {}

std::span<const OptionSpec> ObjectTool::options() const { return option_table; }

ToolResult ObjectTool::run(const ToolCall& call) {
  return run_checked(*this, call, [&] { return run_call(call); });
}

tl::expected<std::string, ToolResult> ObjectTool::token_of(const objects::ServiceAccount& account, const Way& way) {
  const auto now = std::chrono::system_clock::now();
  if (auto kept = tokens_.find(account, now)) return *std::move(kept);
  const auto request = objects::token_request_of(account, now);
  if (!request) return tl::unexpected(failed(request.error()));
  // Of a stored credential the address is its own; of one that was rendered from the keychain it might be anybody's.
  if (auto allowed = check_destination(way.call, nullptr, {.host = request->url.host, .port = request->url.port});
      !allowed)
    return tl::unexpected(failed(allowed.error()));
  const HttpAnswer answer = way.ask(clients_, *request);
  if (answer.end != HttpAnswer::End::whole) return tl::unexpected(way.failure_of(answer, *request));
  const Json given = parse_answer(answer.body, token_values_max);
  const std::string token = auth_field(given.is_object() ? given : Json::object(), {"access_token"});
  if (answer.status != 200 || token.empty()) {
    ToolResult refused = answered(answer, *request, std::chrono::seconds(0));
    refused.result = "null";
    if (!refused.error) refused = failed(error_of("auth", name_of(*request) + " gave no access_token"));
    if (answer.status == 400) refused.error->kind = "auth";  // invalid_grant: the account or its key is not valid
    return tl::unexpected(std::move(refused));
  }
  const auto lives = std::chrono::seconds(given.value("expires_in", 0));
  tokens_.keep(account, token, now + lives - token_reserve);
  return token;
}

std::optional<ToolResult> ObjectTool::identify(ObjectCall& object, const Way& way) {
  const Json& fields = object.credential.data;
  const std::string id =
      auth_field(fields, {"access_key", "access_key_id", "aws_access_key_id", "key_id", "hmac_key_id"});
  const std::string secret =
      auth_field(fields, {"secret_key", "secret_access_key", "aws_secret_access_key", "secret", "hmac_secret"});
  if (!id.empty() && !secret.empty()) {
    objects::sign(object.request,
                  {.id = id,
                   .secret = secret,
                   .session_token = auth_field(fields, {"session_token", "aws_session_token"}),
                   .region = object.region},
                  std::chrono::system_clock::now());
    return std::nullopt;
  }
  std::string token = auth_field(fields, {"token", "access_token"});
  if (token.empty()) {
    const auto account = objects::service_account_of(fields);
    if (!account) {
      return refused("the credential of tool " + kind_ +
                     " is neither a service account {client_email, private_key} nor a key pair {access_key, "
                     "secret_key} nor a "
                     "{token}");
    }
    auto given = token_of(*account, way);
    if (!given) return std::move(given.error());
    token = *std::move(given);
  }
  if (way.call.credentials != nullptr) way.call.credentials->hide(token);
  object.request.headers["authorization"] = "Bearer " + token;
  return std::nullopt;
}

ToolResult ObjectTool::run_call(const ToolCall& call) {
  const auto deadline = deadline_of(call);
  if (!deadline) return failed(deadline.error());
  auto object = objects::object_call_of(call, kind_, reach_of(limits_).files);
  if (!object) return failed(object.error());
  if (call.stop.stop_requested()) return cancelled();
  const bool is_to_file = object->action == Action::get && !object->path.empty();
  const Way way{
      .call = call, .deadline = *deadline, .bytes_max = is_to_file ? download_bytes_max : limits_.result_bytes_max};
  const std::size_t sent = object->request.body.size();
  if (auto failure = identify(*object, way)) return *std::move(failure);
  const HttpAnswer answer = way.ask(clients_, object->request);
  if (answer.end != HttpAnswer::End::whole) return way.failure_of(answer, object->request);
  if (answer.status < 200 || answer.status >= 300) {
    object->request.follows_redirects =
        true;  // a redirect is no success here, and none is followed: signatures are for one host
    return answered(answer, object->request, std::chrono::seconds(0));
  }
  Json result{{"status", "success"},
              {"bucket", object->bucket},
              {"key", object->key},
              {"uri", (kind_ == "gcs" ? "gs://" : "s3://") + object->bucket + "/" + object->key}};
  if (object->action == Action::get) return downloaded(answer, *object, std::move(result), reach_of(limits_).files);
  if (object->action == Action::put) result["size"] = sent;
  if (const auto etag = answer.headers.find("etag"); etag != answer.headers.end())
    result["etag"] = storable_text(etag->second);
  return completed(to_text(result));
}

}  // namespace noetl::tools
