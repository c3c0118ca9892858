#include "shared/schema/expectation.hpp"

#include <cmath>
#include <stdexcept>

namespace noetl::schema {
namespace {

using Json = nlohmann::json;

std::string range(const Json& schema, const char* least, const char* most) {
  const bool has_least = schema.contains(least);
  const bool has_most = schema.contains(most);
  if (has_least && has_most) return " from " + schema[least].dump() + " to " + schema[most].dump();
  if (has_least) return " from " + schema[least].dump();
  return has_most ? " up to " + schema[most].dump() : "";
}

std::string count(const Json& schema, const char* least, const char* most, const std::string& what) {
  if (!schema.contains(most)) return schema.contains(least) ? " of " + schema[least].dump() + " or more " + what : "";
  return " of " + schema.value(least, Json(0)).dump() + " to " + schema[most].dump() + " " + what;
}

std::string listed(const Json& words) {
  std::string text;
  for (const auto& word : words) {
    if (word.is_null()) continue;
    text += (text.empty() ? "" : ", ") + (word.is_string() ? word.get<std::string>() : word.dump());
  }
  return text;
}

std::string of_type(const Json& schema, const std::string& type) {
  if (type == "integer") return "an integer" + range(schema, "minimum", "maximum");
  if (type == "number") return "a number" + range(schema, "minimum", "maximum");
  if (type == "string") return "a string" + count(schema, "minLength", "maxLength", "characters");
  if (type == "array") return "an array" + count(schema, "minItems", "maxItems", "items");
  if (type == "object") return "an object" + count(schema, "minProperties", "maxProperties", "fields");
  return type == "boolean" ? "true or false" : type;
}

}  // namespace

std::string expectation(const Json& schema) {
  if (schema.contains("title")) return schema["title"].get<std::string>();
  if (schema.contains("enum")) return "one of " + listed(schema["enum"]);
  if (schema.value("format", "") == "date-time") return "a time as in 2026-01-31T12:00:00Z (RFC 3339)";
  if (!schema.contains("type")) return "something else";
  if (schema["type"].is_string()) return of_type(schema, schema["type"].get<std::string>());
  std::string text;
  for (const auto& type : schema["type"]) {
    if (type == "null" && schema["type"].size() > 1) continue;
    text += (text.empty() ? "" : ", or ") + of_type(schema, type.get<std::string>());
  }
  return text;
}

void hold(bool condition, const std::string& problem) {
  if (!condition) throw std::logic_error("the document's schemas: " + problem);
}

bool is_of_type(const Json& value, std::string_view type) {
  if (type == "null") return value.is_null();
  if (type == "boolean") return value.is_boolean();
  if (type == "string") return value.is_string();
  if (type == "array") return value.is_array();
  if (type == "object") return value.is_object();
  if (type == "number") return value.is_number();
  return value.is_number_integer() ||
         (value.is_number_float() && std::trunc(value.get<double>()) == value.get<double>());
}

bool is_of_types(const Json& value, const Json& types) {
  if (types.is_string()) return is_of_type(value, types.get_ref<const std::string&>());
  for (const auto& type : types) {
    if (is_of_type(value, type.get_ref<const std::string&>())) return true;
  }
  return false;
}

}  // namespace noetl::schema
