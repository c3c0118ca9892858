#include <doctest/doctest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "server/api/routes/openapi.hpp"
#include "shared/wire/error_codes.hpp"
#include "test_paths.hpp"

using namespace noetl;
using Json = nlohmann::json;

namespace {

Json document() { return Json::parse(api::openapi_document(api::endpoints(), "1.2.3")); }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(c - 'A' + 'a');
  return out;
}

void collect_references(const Json& value, std::set<std::string>& found) {
  if (value.is_object()) {
    for (const auto& [name, part] : value.items()) {
      if (name == "$ref")
        found.insert(part.get<std::string>());
      else
        collect_references(part, found);
    }
  } else if (value.is_array()) {
    for (const auto& part : value) collect_references(part, found);
  }
}

}  // namespace

TEST_CASE("every row of the endpoints table is in the document, and nothing else is") {
  const Json paths = document()["paths"];
  std::size_t count = 0;

  for (const auto& endpoint : api::endpoints()) {
    CAPTURE(endpoint.path);
    const Json operation = paths.at(std::string(endpoint.path)).at(lower(endpoint.method));
    CHECK(operation["operationId"] == endpoint.operation_id);
    CHECK(operation["responses"].contains(std::to_string(endpoint.success_status)));
    for (const auto code : api::errors_of(endpoint))
      CHECK(operation["responses"].contains(std::to_string(wire::http_status_of(code))));
    CHECK(operation.contains("requestBody") == (endpoint.body != api::BodyKind::none));
  }
  for (const auto& [path, operations] : paths.items()) count += operations.size();
  CHECK(count == api::endpoints().size());
}

TEST_CASE("operation ids are unique and aliases name an operation") {
  std::set<std::string_view> operations;
  for (const auto& endpoint : api::endpoints()) CHECK(operations.insert(endpoint.operation_id).second);

  for (const auto& endpoint : api::endpoints()) {
    if (!endpoint.alias_of.empty()) CHECK(operations.contains(endpoint.alias_of));
  }
}

TEST_CASE("every schema that is referred to exists, and every schema is referred to") {
  const Json whole = document();
  std::set<std::string> referred;
  collect_references(whole, referred);
  CHECK(referred.erase("#/components/x-values/storable") == 1);

  std::set<std::string> defined;
  for (const auto& [name, schema] : whole["components"]["schemas"].items())
    defined.insert("#/components/schemas/" + name);
  CHECK(referred == defined);
}

TEST_CASE("every error code is in the problem schema") {
  const Json codes = document()["components"]["schemas"]["ErrorCode"]["enum"];

  for (const auto& code : codes) CHECK(wire::error_code_from(code.get<std::string>()).has_value());
  CHECK(codes.size() == static_cast<std::size_t>(base::ErrorCode::internal) + 1);
}

TEST_CASE("path parameters are declared, and nothing else is said to be one") {
  const Json whole = document();
  for (const auto& [path, operations] : whole["paths"].items()) {
    for (const auto& [method, operation] : operations.items()) {
      std::size_t declared = 0;
      for (const auto& parameter : operation.value("parameters", Json::array())) {
        if (parameter["in"] != "path") continue;
        ++declared;
        CHECK(path.find("{" + parameter["name"].get<std::string>() + "}") != std::string::npos);
      }
      CHECK(declared == static_cast<std::size_t>(std::count(path.begin(), path.end(), '{')));
    }
  }
}

TEST_CASE("every route, code and metric of the server is in docs/reference/protocol.md") {
  std::ifstream file(NOETL_SOURCE_DIR "/docs/reference/protocol.md");
  std::stringstream page;
  page << file.rdbuf();
  const std::string text = page.str();

  for (const auto& endpoint : api::endpoints()) {
    const std::string route = "`" + std::string(endpoint.method) + " " + std::string(endpoint.path);
    CAPTURE(route);
    CHECK((text.find(route + "`") != std::string::npos || text.find(route + "?") != std::string::npos));
    for (const auto code : api::errors_of(endpoint))
      CHECK(text.find("`" + std::string(base::to_string(code)) + "`") != std::string::npos);
  }
  for (const char* metric : {"noetl_http_requests_total", "noetl_http_request_seconds", "noetl_http_in_flight",
                             "noetl_http_connections", "noetl_http_refused_total"}) {
    CHECK(text.find(metric) != std::string::npos);
  }
}

namespace {

// Every schema of the document with where it is.
void each_schema(const Json& schema, const std::string& place, const auto& visit) {
  if (!schema.is_object()) return;
  visit(schema, place);
  for (const char* list : {"oneOf", "anyOf", "allOf"}) {
    for (const auto& one : schema.value(list, Json::array())) each_schema(one, place + "/" + list, visit);
  }
  for (const char* part : {"items", "additionalProperties"}) {
    if (schema.contains(part)) each_schema(schema[part], place + "/" + part, visit);
  }
  const Json properties = schema.value("properties", Json::object());
  for (const auto& [name, one] : properties.items()) each_schema(one, place + "/" + name, visit);
}

// Names of all schemas that one leads to.
void collect_names(const Json& schemas, const std::string& name, std::set<std::string>& names) {
  if (!names.insert(name).second) return;
  std::set<std::string> references;
  collect_references(schemas[name], references);
  for (const auto& one : references) collect_names(schemas, one.substr(one.rfind('/') + 1), names);
}

}  // namespace

TEST_CASE("an object says which fields it has always, and whether it may have others") {
  const Json schemas = document()["components"]["schemas"];
  std::set<std::string> of_requests, of_answers;
  for (const auto& endpoint : api::endpoints()) {
    if (!endpoint.request_schema.empty()) collect_names(schemas, std::string(endpoint.request_schema), of_requests);
    if (!endpoint.response_schema.empty()) collect_names(schemas, std::string(endpoint.response_schema), of_answers);
  }

  for (const auto& [name, schema] : schemas.items()) {
    const bool is_request = of_requests.contains(name);
    each_schema(schema, name, [&](const Json& one, const std::string& place) {
      CAPTURE(place);
      CHECK_FALSE(one.contains("optional"));
      CHECK_FALSE(one.contains("default"));  // openapi-typescript takes such a field for one that must be given
      if (one.value("type", Json()) == "object")
        CHECK((one.contains("properties") || one.contains("additionalProperties")));
      if (!one.contains("properties") || one["properties"].empty()) return;
      if (is_request) CHECK(one.contains("additionalProperties"));
      if (!is_request) CHECK(one.contains("required"));
      CHECK_FALSE((is_request && of_answers.contains(name)));  // other rules hold for each of them
    });
  }
}

TEST_CASE("of alternatives with fields, each has a field that must be there and that no other one has") {
  const Json schemas = document()["components"]["schemas"];
  const auto resolved = [&](Json one) {
    while (one.contains("$ref")) {
      const auto reference = one["$ref"].get<std::string>();
      one = schemas[reference.substr(reference.rfind('/') + 1)];
    }
    return one;
  };

  for (const auto& [name, schema] : schemas.items()) {
    each_schema(schema, name, [&](const Json& one, const std::string& place) {
      std::vector<Json> objects;
      for (const auto& alternative : one.value("oneOf", Json::array())) {
        if (resolved(alternative).value("type", Json()) == "object") objects.push_back(resolved(alternative));
      }
      if (objects.size() < 2) return;
      CAPTURE(place);
      std::set<std::string> required;
      for (const auto& object : objects) CHECK(required.insert(object.value("required", Json::array()).dump()).second);
    });
  }
}

TEST_CASE("a server without a token says that none is needed") {
  const auto open = Json::parse(api::openapi_document(api::endpoints(), "1.2.3", false));
  const auto closed = document();

  CHECK(open["paths"]["/api/v2/execute"]["post"]["security"] == Json::parse(R"([{},{"token":[]}])"));
  CHECK(closed["paths"]["/api/v2/execute"]["post"]["security"] == Json::parse(R"([{"token":[]}])"));
}
