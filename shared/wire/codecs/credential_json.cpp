#include "shared/wire/codecs/credential_json.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "shared/domain/json_text.hpp"
#include "shared/json/object_reader.hpp"
#include "shared/json/object_writer.hpp"
#include "shared/secrets/own_hosts.hpp"

namespace noetl::wire {
namespace {

constexpr double ttl_seconds_max = 10.0 * 365 * 24 * 3600;
constexpr std::size_t tags_max = 64;

// The object under one of two names, as text. What is there instead is told by its type alone.
std::string read_secret(json::ObjectReader& reader, const json::Json& body, std::string_view name,
                        std::string_view alias = {}) {
  if (!body.is_object()) return "{}";
  const bool has_alias = !alias.empty() && reader.has(alias);
  if (!alias.empty()) reader.ignore(alias);
  if (has_alias && reader.has(name))
    reader.refuse(alias, "is another name of '" + std::string(name) + "': give one of them");
  const std::string_view given = has_alias ? alias : name;
  const auto found = body.find(std::string(given));
  reader.ignore(name);
  if (found == body.end() || found->is_null()) return "{}";
  if (!found->is_object()) {
    reader.refuse(given, std::string("must be an object of fields, found ") + found->type_name() +
                             " (not shown, as it may be secret)");
    return "{}";
  }
  auto text = domain::json_text(*found);
  if (text.size() > secret_bytes_max)
    reader.refuse(given, "has more than " + std::to_string(secret_bytes_max) + " bytes");
  return text;
}

std::string read_object(json::ObjectReader& reader, std::string_view name) {
  const json::Json* object = reader.optional_object(name);
  return object == nullptr ? "{}" : domain::json_text(*object);
}

std::optional<std::string> either(json::ObjectReader& reader, std::string_view name, std::string_view alias) {
  auto first = reader.optional_string(name, {1, 64});
  auto second = reader.optional_string(alias, {1, 64});
  return first ? first : second;
}

void read_scope(json::ObjectReader& reader, KeychainRequest& request) {
  request.execution_id = reader.optional_id<base::ExecutionId>("execution_id");
  const auto scope = either(reader, "scope_type", "scope");
  request.scope = scope.value_or(request.execution_id.is_set() ? "local" : "global");
  const bool is_known =
      request.scope == "global" || request.scope == "catalog" || request.scope == "shared" || request.scope == "local";
  if (!is_known) reader.refuse("scope_type", "must be global, shared or local");
  if (request.scope == "catalog") request.scope = "global";
  if (request.scope != "global" && !request.execution_id.is_set())
    reader.refuse("execution_id", "is missing: scope '" + request.scope + "' belongs to an execution");
}

std::optional<std::vector<std::string>> read_hosts(json::ObjectReader& reader) {
  if (!reader.has("hosts")) {
    reader.ignore("hosts");
    return std::nullopt;
  }
  auto hosts = reader.optional_strings("hosts", secrets::host_patterns_max, {1, secrets::host_pattern_bytes_max});
  for (const auto& host : hosts) {
    if (!secrets::is_host_pattern(host))
      reader.refuse("hosts", "has '" + host +
                                 "', which is no host: api.example.com, *.example.com or *, each with or "
                                 "without :port");
  }
  return hosts;
}

json::ObjectWriter& write_public(json::ObjectWriter& out, const CredentialRow& row) {
  return out.id("id", row.id)
      .text("name", row.name)
      .text("type", row.type)
      .raw("meta", row.meta)
      .raw("tags", row.tags)
      .text("description", row.description)
      .boolean("reveal", row.reveal)
      .texts("hosts", row.hosts)
      .text_or_null("created_at", row.created_at)
      .text_or_null("updated_at", row.updated_at);
}

}  // namespace

base::Result<CredentialRequest> decode_credential_request(const json::Json& body) {
  json::ObjectReader reader(body);
  CredentialRequest request;
  request.name = reader.required_string("name", {1, 128});
  request.type = reader.optional_string("type", {1, 64}).value_or("generic");
  request.secret = read_secret(reader, body, "data");
  request.meta = read_object(reader, "meta");
  request.tags = reader.optional_strings("tags", tags_max, {1, 128});
  request.description = reader.optional_string("description", {0, 4096}).value_or("");
  request.reveal = reader.optional_bool("reveal");
  request.hosts = read_hosts(reader);
  if (!request.name.empty() && !is_secret_name(request.name))
    reader.refuse("name",
                  "must be 1 to 128 letters, digits, '_', '.', ':', '@' or '-', beginning with one of the first three");
  if (auto error = reader.finish()) return base::failure(std::move(*error));
  return request;
}

base::Result<PolicyRequest> decode_policy_request(const json::Json& body) {
  json::ObjectReader reader(body);
  PolicyRequest request{.reveal = reader.optional_bool("reveal"), .hosts = read_hosts(reader)};
  if (!request.reveal && !request.hosts) reader.refuse("hosts", "is missing: give `reveal`, `hosts` or both");
  if (auto error = reader.finish()) return base::failure(std::move(*error));
  return request;
}

base::Result<KeychainRequest> decode_keychain_request(const json::Json& body, base::CatalogId catalog_id,
                                                      std::string name) {
  json::ObjectReader reader(body);
  KeychainRequest request;
  request.catalog_id = catalog_id;
  request.name = std::move(name);
  request.secret = read_secret(reader, body, "token_data", "data");
  request.kind = either(reader, "credential_type", "kind").value_or("secret");
  read_scope(reader, request);
  auto ttl = reader.optional_number("ttl_seconds", 0, ttl_seconds_max);
  const auto ttl_alias = reader.optional_number("ttl", 0, ttl_seconds_max);
  request.ttl_seconds = ttl ? ttl : ttl_alias;
  const auto renew = read_secret(reader, body, "renew_config");
  const bool is_renewed = reader.optional_bool("auto_renew").value_or(renew != "{}");
  if (is_renewed && renew == "{}") reader.refuse("renew_config", "is missing: auto_renew needs to know how");
  if (is_renewed) request.renew = renew;
  if (auto error = reader.finish()) return base::failure(std::move(*error));
  return request;
}

std::string encode_credential_answer(const CredentialRow& row) {
  json::ObjectWriter out;
  out.id("id", row.id).text("name", row.name).text("type", row.type);
  return out.finish();
}

std::string encode(const CredentialRow& row) {
  json::ObjectWriter out(256 + row.secret.size());
  write_public(out, row);
  if (!row.secret.empty()) out.raw("data", row.secret);
  return out.finish();
}

std::string encode(const std::vector<CredentialRow>& rows, int limit) {
  std::vector<std::string> items;
  items.reserve(rows.size());
  for (const auto& row : rows) {
    json::ObjectWriter out;
    items.push_back(write_public(out, row).finish());
  }
  json::ObjectWriter out;
  out.raw("items", json::join_array(items))
      .text_or_null("next_after", static_cast<int>(rows.size()) >= limit ? rows.back().name : std::string{});
  return out.finish();
}

std::string encode(const RotateAnswer& answer) {
  json::ObjectWriter out;
  out.text("key_id", answer.key_id)
      .integer("credentials", answer.credentials)
      .integer("keychain_entries", answer.keychain_entries)
      .texts("unreadable", answer.unreadable);
  return out.finish();
}

std::string encode(const KeychainRow& row) {
  json::ObjectWriter out(256 + row.secret.size());
  out.text("status", "success")
      .id("catalog_id", row.catalog_id)
      .text("name", row.name)
      .text("kind", row.kind)
      .text("credential_type", row.kind)
      .id("execution_id", row.execution_id)
      .text_or_null("expires_at", row.expires_at);
  if (row.seconds_left)
    out.number("ttl_seconds", std::floor(*row.seconds_left * 1000) / 1000);
  else
    out.null("ttl_seconds");
  out.boolean("auto_renewed", row.is_renewed);
  if (!row.secret.empty()) out.raw("policies", domain::json_text(secrets::to_json(row.policies)));
  if (!row.secret.empty()) out.raw("token_data", row.secret);
  return out.finish();
}

std::string encode(const std::vector<KeychainRow>& rows) {
  std::vector<std::string> items;
  items.reserve(rows.size());
  for (const auto& row : rows) items.push_back(encode(row));
  json::ObjectWriter out;
  out.raw("items", json::join_array(items));
  return out.finish();
}

namespace {
base::Result<SecretAnswer> secret_in(const json::Json& body, const char* name, const char* type) {
  const auto found = body.is_object() ? body.find(name) : body.end();
  if (!body.is_object() || found == body.end() || !found->is_object())
    return base::failure(base::ErrorCode::internal, std::string("the answer has no object '") + name + "'");
  SecretAnswer answer{
      .type = body.value(type, std::string{}), .secret = found->dump(), .seconds_left = {}, .policies = {}};
  const auto left = body.find("ttl_seconds");
  if (left != body.end() && left->is_number()) answer.seconds_left = left->get<double>();
  return answer;
}
}  // namespace

base::Result<SecretAnswer> decode_credential_row(const json::Json& body) {
  auto answer = secret_in(body, "data", "type");
  if (!answer) return answer;
  const std::string name = body.value("name", std::string{});
  answer->policies = secrets::policies_from(json::Json::array({body}), name);
  auto& hosts = answer->policies.front().hosts;
  if (hosts.empty()) hosts = secrets::own_hosts(answer->type, body["data"]);
  return answer;
}
base::Result<SecretAnswer> decode_keychain_row(const json::Json& body) {
  auto answer = secret_in(body, "token_data", "kind");
  if (!answer) return answer;
  const auto policies = body.find("policies");
  answer->policies =
      secrets::policies_from(policies == body.end() ? json::Json() : *policies, body.value("name", std::string{}));
  return answer;
}

}  // namespace noetl::wire
