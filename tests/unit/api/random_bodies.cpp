#include "tests/unit/api/random_bodies.hpp"

#include <algorithm>

namespace noetl::api_test {

using Json = nlohmann::json;

Json RandomBodies::anything() {
  static const Json values = Json::parse(
      R"([null, true, false, 0, 1, 17, -1, 0.5, 17.0, 1e300, "", "0", "x", "00", "a b", [], [1], {}, {"a": 1}, {"unknown": null}])");
  return one_of(values);
}

Json RandomBodies::make(const Json& schema, int slips) {
  if (chance(slips)) return anything();
  if (schema.contains("$ref")) {
    const auto reference = schema["$ref"].get<std::string>();
    return make(schemas_[reference.substr(reference.rfind('/') + 1)], slips);
  }
  for (const char* list : {"oneOf", "anyOf"}) {
    if (schema.contains(list)) return make(one_of(schema[list]), slips);
  }
  if (schema.contains("enum")) return one_of(schema["enum"]);
  if (!schema.contains("type")) return anything();
  const std::string type =
      schema["type"].is_array() ? one_of(schema["type"]).get<std::string>() : schema["type"].get<std::string>();
  const bool is_slip = chance(slips);
  if (type == "string") return text(schema, is_slip);
  if (type == "integer" || type == "number") return number(schema, type == "integer", is_slip);
  if (type == "boolean") return chance(50);
  if (type == "object") return object(schema, slips);
  if (type == "array") return array(schema, slips);
  return nullptr;
}

Json RandomBodies::text(const Json& schema, bool is_slip) {
  const int least = schema.value("minLength", 0);
  const int most = std::min(schema.value("maxLength", 40), 5000);
  const std::string letter = chance(50) ? "a" : "ä";
  const auto repeated = [&](int times) {
    std::string text;
    for (int i = 0; i < times; ++i) text += letter;
    return text;
  };
  if (is_slip) return chance(50) && least > 0 ? std::string{} : repeated(most + 1);
  if (schema.contains("examples")) return one_of(schema["examples"]);
  if (schema.value("format", "") == "date-time") return "2026-01-31T12:00:00Z";
  return repeated(chance(30) ? most : least + below(std::max(std::min(most - least, 8), 1)));
}

Json RandomBodies::number(const Json& schema, bool is_integer, bool is_slip) {
  const double least = schema.value("minimum", -5.0);
  const double most = schema.value("maximum", 1000.0);
  if (is_slip) {
    if (chance(30)) return is_integer ? Json(least + 0.5) : Json("1");
    return chance(50) ? Json(least - 1) : Json(most * 2 + 1);
  }
  if (chance(25)) return schema.value("minimum", Json(0));
  if (chance(25) && schema.contains("maximum")) return schema["maximum"];
  const double some = least + below(static_cast<int>(std::min(most - least, 1000.0)) + 1);
  if (!is_integer) return chance(50) ? some : std::min(some + 0.25, most);
  return chance(50) ? Json(some) : Json(static_cast<std::int64_t>(some));  // 17.0 is an integer as well
}

Json RandomBodies::object(const Json& schema, int slips) {
  Json value = Json::object();
  const Json required = schema.value("required", Json::array());
  const int share = chance(50) ? 15 : 50;
  if (schema.contains("properties")) {
    for (const auto& [name, field] : schema["properties"].items()) {
      const bool is_required = std::find(required.begin(), required.end(), name) != required.end();
      if (is_required ? !chance(slips) : chance(share)) value[name] = make(field, slips);
    }
  }
  const bool is_open = schema.contains("additionalProperties") && schema["additionalProperties"] != false;
  if (is_open ? chance(50) : chance(slips)) value["unknown_field"] = anything();
  return value;
}

Json RandomBodies::array(const Json& schema, int slips) {
  Json value = Json::array();
  const int least = schema.value("minItems", 0);
  const int count = chance(slips) ? 0 : least + below(3);
  for (int i = 0; i < count; ++i) value.push_back(make(schema.value("items", Json::object()), slips));
  return value;
}

}  // namespace noetl::api_test
