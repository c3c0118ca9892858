#include "server/api/routes/schemas.hpp"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/schema/checker.hpp"
#include "shared/schema/expectation.hpp"

namespace noetl::api {

// Made by CMake from schemas/*.json.
extern const std::vector<std::pair<std::string_view, std::string_view>> schema_files;

namespace {

using Json = nlohmann::json;

Json file(std::string_view name) {
  const auto found = std::find_if(schema_files.begin(), schema_files.end(),
                                  [&](const auto& one) { return one.first.starts_with(name); });
  schema::hold(found != schema_files.end(), "schemas/" + std::string(name) + ".json is built in");
  return Json::parse(found->second);
}

// Conditions (if, not) speak of values, not of fields: no rule is for them.
template <class Rule>
void for_each_part(Json& schema, const Rule& rule) {
  if (!schema.is_object()) return;
  for (const char* list : {"oneOf", "anyOf", "allOf"}) {
    if (!schema.contains(list)) continue;
    for (auto& one : schema[list]) rule(one);
  }
  for (const char* part : {"items", "additionalProperties"}) {
    if (schema.contains(part)) rule(schema[part]);
  }
  if (!schema.contains("properties")) return;
  for (auto& one : schema["properties"]) rule(one);
}

void allow_null(Json& schema) {
  if (schema.contains("type")) {
    if (schema["type"] == "null") return;
    if (!schema["type"].is_array()) schema["type"] = Json::array({schema["type"]});
    schema["type"].push_back("null");
    if (schema.contains("enum")) schema["enum"].push_back(nullptr);
    return;
  }
  const Json null{{"type", "null"}};
  if (schema.contains("oneOf")) return schema["oneOf"].push_back(null);
  // Whatever it is.
  if (!schema.contains("$ref") || schema["$ref"] == "#/components/schemas/AnyValue") return;
  Json reference{{"$ref", schema["$ref"]}};
  schema.erase("$ref");
  schema["oneOf"] = Json::array({std::move(reference), null});
}

void take_as_request(Json& schema) {
  for_each_part(schema, take_as_request);
  if (!schema.is_object()) return;
  if (schema.value("type", Json()) == "string" && !schema.contains("pattern") && !schema.contains("enum") &&
      !schema.contains("format"))
    schema["pattern"] = schema::no_nul_pattern;
  if (!schema.contains("properties")) return;
  const Json required = schema.value("required", Json::array());
  for (auto& [name, field] : schema["properties"].items()) {
    if (std::find(required.begin(), required.end(), name) == required.end()) allow_null(field);
  }
}

void take_as_answer(Json& schema) {
  for_each_part(schema, take_as_answer);
  if (!schema.is_object() || !schema.contains("properties")) return;
  const Json optional = schema.value("optional", Json::array());
  schema.erase("optional");
  Json required = Json::array();
  for (const auto& [name, field] : schema["properties"].items()) {
    if (std::find(optional.begin(), optional.end(), name) == optional.end()) required.push_back(name);
  }
  for (const auto& name : optional)
    schema::hold(schema["properties"].contains(name.get<std::string>()), "'optional' has a field: " + name.dump());
  if (!required.empty()) schema["required"] = std::move(required);
}

}  // namespace

Json published_schemas() {
  Json schemas = Json::object();
  const auto add = [&](Json more, void (*rule)(Json&)) {
    for (auto& [name, schema] : more.items()) {
      schema::hold(!schemas.contains(name), "two schemas are named " + name);
      rule(schema);
      schemas[name] = std::move(schema);
    }
  };
  // What both may refer to: names and single values. Their texts come in requests as well.
  add(file("names"), take_as_request);
  add(file("requests"), take_as_request);
  add(file("answers"), take_as_answer);
  return schemas;
}

}  // namespace noetl::api
