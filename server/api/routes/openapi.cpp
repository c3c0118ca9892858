#include "server/api/routes/openapi.hpp"

#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "server/api/routes/schemas.hpp"
#include "shared/base/text/ascii.hpp"
#include "shared/schema/checker.hpp"
#include "shared/wire/error_codes.hpp"

namespace noetl::api {

namespace {

using Json = nlohmann::json;

Json reference(std::string_view schema) { return {{"$ref", "#/components/schemas/" + std::string(schema)}}; }

Json content_of(std::string_view media_type, Json schema) {
  return {{std::string(media_type), {{"schema", std::move(schema)}}}};
}

Json schema_of(const QueryField& field) {
  if (field.type == "limit") return {{"type", "integer"}, {"minimum", 1}, {"maximum", 1000}, {"default", 100}};
  if (field.type == "flag") return {{"type", "boolean"}, {"default", false}};
  return reference(field.type);
}

Json schema_of_parameter(const std::string& name) {
  if (name == "worker_id") return reference("WorkerId");
  if (name == "name") return reference("SecretName");
  if (name == "pool") return reference("PoolName");
  if (name == "var_name") return reference("VariableName");
  return reference("Id");
}

Json parameters_of(const Endpoint& endpoint) {
  Json parameters = Json::array();
  std::string_view path = endpoint.path;
  for (auto begin = path.find('{'); begin != std::string_view::npos; begin = path.find('{')) {
    const auto end = path.find('}');
    const std::string name(path.substr(begin + 1, end - begin - 1));
    parameters.push_back({{"name", name}, {"in", "path"}, {"required", true}, {"schema", schema_of_parameter(name)}});
    path.remove_prefix(end + 1);
  }
  for (const auto& field : endpoint.query) {
    parameters.push_back({{"name", field.name},
                          {"in", "query"},
                          {"description", field.summary},
                          {"required", field.is_required},
                          {"schema", schema_of(field)}});
  }
  if (endpoint.has_idempotency_key) {
    parameters.push_back({{"name", "Idempotency-Key"},
                          {"in", "header"},
                          {"description", "The same key again gives the first answer"},
                          {"schema", reference("IdempotencyKeyHeader")}});
  }
  return parameters;
}

Json body_of(const Endpoint& endpoint) {
  Json content = content_of("application/json", reference(endpoint.request_schema));
  if (endpoint.body == BodyKind::json_or_yaml) content.update(content_of("application/yaml", {{"type", "string"}}));
  return {{"required", endpoint.body != BodyKind::optional_json}, {"content", std::move(content)}};
}

// One response per status; its description names the codes that share it.
Json responses_of(const Endpoint& endpoint) {
  Json responses = Json::object();
  responses[std::to_string(endpoint.success_status)] = {
      {"description", "Success"},
      {"content", endpoint.response_schema.empty()
                      ? content_of("text/plain", {{"type", "string"}})
                      : content_of("application/json", reference(endpoint.response_schema))}};
  std::map<int, std::string> codes;
  for (const auto code : errors_of(endpoint)) {
    std::string& text = codes[wire::http_status_of(code)];
    text += (text.empty() ? "" : ", ") + std::string(base::to_string(code));
  }
  // Codes of these have another status of their own: of what the access check refuses.
  if (endpoint.body != BodyKind::none) codes[415] = "unsupported";
  if (endpoint.open_to.access != Access::everybody) codes[421] = "forbidden";
  for (const auto& [status, text] : codes) {
    Json response{{"description", text}, {"content", content_of(wire::problem_content_type, reference("Problem"))}};
    if (status == 503)
      response["headers"] = {{"Retry-After", {{"description", "Seconds"}, {"schema", {{"type", "integer"}}}}}};
    responses[std::to_string(status)] = std::move(response);
  }
  return responses;
}

Json tokens_of(const Endpoint& endpoint) {
  const Json callers{{"token", Json::array()}};
  const Json workers{{"workerToken", Json::array()}};
  switch (endpoint.open_to.access) {
    case Access::everybody: return Json::array();
    case Access::workers: return Json::array({callers, workers});
    case Access::metrics:
    case Access::callers: return Json::array({callers});
  }
  return Json::array();
}

// Whose token opens it. A server that has none asks for none, but takes a request that shows one.
Json security_of(const Endpoint& endpoint, bool asks_for_token) {
  if (endpoint.open_to.access == Access::everybody) return Json::array();
  Json security = tokens_of(endpoint);
  if (!asks_for_token) security.insert(security.begin(), Json::object());
  return security;
}

Json operation_of(const Endpoint& endpoint, bool asks_for_token) {
  Json operation{{"operationId", endpoint.operation_id},
                 {"summary", endpoint.summary},
                 {"tags", Json::array({endpoint.tag})},
                 {"security", security_of(endpoint, asks_for_token)},
                 {"responses", responses_of(endpoint)}};
  if (!endpoint.alias_of.empty()) operation["description"] = "Another name of " + std::string(endpoint.alias_of) + ".";
  if (Json parameters = parameters_of(endpoint); !parameters.empty()) operation["parameters"] = std::move(parameters);
  if (endpoint.body != BodyKind::none) operation["requestBody"] = body_of(endpoint);
  return operation;
}

// What is stored of any JSON. A recursive schema is more than openapi-python-client reads, and `then` it does not read.
Json storable_values() {
  const Json value{{"$ref", "#/components/x-values/storable"}};
  const Json text{{"type", "string"}, {"pattern", schema::no_nul_pattern}};
  const Json object{
      {"type", "object"}, {"additionalProperties", value}, {"propertyNames", {{"pattern", schema::no_nul_pattern}}}};
  // An integer beyond 64 bits is refused as it is written, 1e30 is not: to JSON Schema both are integers.
  const Json number{{"type", "number"}};
  const Json array{{"type", "array"}, {"items", value}};
  return {{"storable", {{"anyOf", Json::array({{{"type", {"null", "boolean"}}}, number, text, array, object})}}}};
}

void allow_storable_alone(Json& schemas) {
  const Json value{{"$ref", "#/components/x-values/storable"}};
  const Json fields{{"additionalProperties", value}, {"propertyNames", {{"pattern", schema::no_nul_pattern}}}};
  for (auto& [name, schema] : schemas.items()) {
    const bool is_open = schema.value("additionalProperties", Json(false)) == true;
    if (!is_open && name != "AnyValue") continue;
    schema["if"] = Json::object();
    schema["then"] = is_open ? fields : value;
  }
}

}  // namespace

std::string openapi_document(std::span<const Endpoint> table, std::string_view version, bool asks_for_token) {
  Json paths = Json::object();
  for (const auto& endpoint : table)
    paths[std::string(endpoint.path)][base::lower_case(endpoint.method)] = operation_of(endpoint, asks_for_token);
  Json schemas = published_schemas();
  allow_storable_alone(schemas);
  const Json document{
      {"openapi", "3.1.0"},
      {"info",
       {{"title", "noetl-cpp"},
        {"version", version},
        {"description", "A durable work queue and playbook runner on Postgres and NATS JetStream."},
        {"license", {{"name", "Apache-2.0"}, {"identifier", "Apache-2.0"}}}}},
      {"servers", Json::array({{{"url", "/"}}})},
      {"paths", std::move(paths)},
      {"components",
       {{"schemas", std::move(schemas)},
        {"x-values", storable_values()},
        {"securitySchemes",
         {{"token", {{"type", "http"}, {"scheme", "bearer"}, {"description", "The server's setting token"}}},
          {"workerToken",
           {{"type", "http"}, {"scheme", "bearer"}, {"description", "The server's setting worker-token"}}}}}}}};
  return document.dump();
}

}  // namespace noetl::api
