#include "shared/schema/checker.hpp"

#include <array>
#include <set>

#include "shared/json/object_reader.hpp"
#include "shared/schema/expectation.hpp"
#include "shared/wire/names.hpp"

namespace noetl::schema {
namespace {

using Json = nlohmann::json;

const std::set<std::string, std::less<>> known_keywords{
    "$ref", "type", "enum", "pattern", "format", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum",
    "required", "properties", "additionalProperties", "propertyNames", "minProperties", "maxProperties", "items",
    "prefixItems", "minItems", "maxItems", "oneOf", "anyOf", "allOf", "not", "if", "then", "else",
    // for readers
    "title", "description", "examples"};
constexpr std::array lists{"oneOf", "anyOf", "allOf", "prefixItems"};
constexpr std::array parts{"additionalProperties", "propertyNames", "items", "not", "if", "then", "else"};
constexpr int pattern_bytes_max = 1024;  // a regular expression takes stack for each byte

std::string token(std::string_view name) {
  std::string text;
  for (const char c : name) text += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return text;
}

std::size_t characters(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1 : 0;
  return count;
}

}  // namespace

struct Checker::Place {
  std::string pointer;
  Rules rules;
  bool is_part = false;  // of a schema whose fields another one names as well

  [[nodiscard]] Place at(std::string_view name) const { return {pointer + "/" + token(name), rules, false}; }
  [[nodiscard]] Place part() const { return {pointer, rules, true}; }
  [[nodiscard]] base::Error error(const std::string& problem) const {
    return {.code = base::ErrorCode::invalid_input,
            .message = (pointer.empty() ? std::string(rules.subject) : "'" + pointer + "'") + " " + problem,
            .field = pointer,
            .retry_after = {},
            .details = {}};
  }
  [[nodiscard]] base::Error mismatch(const Json& schema, const Json& value) const {
    return error("must be " + expectation(schema) + ", found " + shown(value));
  }
  [[nodiscard]] std::string shown(const Json& value) const {
    if (rules.shows_values) return json::describe(value);
    return std::string(value.type_name()) + " (not shown, as it may be secret)";
  }
};

Checker::Checker(Json schemas) : schemas_(std::move(schemas)) {
  for (const auto& [name, schema] : schemas_.items()) learn(schema);
}

void Checker::learn(const Json& schema) {
  if (!schema.is_object()) return;
  for (const auto& [keyword, value] : schema.items()) {
    hold(known_keywords.contains(keyword), "a schema has the keyword '" + keyword + "', which nobody checks");
    if (keyword == "$ref") static_cast<void>(resolved(schema));
  }
  if (schema.contains("pattern") && schema["pattern"] != no_nul_pattern) {
    const auto pattern = schema["pattern"].get<std::string>();
    hold(schema.value("maxLength", pattern_bytes_max + 1) <= pattern_bytes_max,
         "beside the pattern '" + pattern + "' stands no maxLength");
    patterns_.try_emplace(pattern, pattern, std::regex::ECMAScript | std::regex::optimize);
  }
  for (const char* list : lists) {
    if (!schema.contains(list)) continue;
    for (const auto& one : schema[list]) learn(one);
  }
  for (const char* part : parts) {
    if (schema.contains(part)) learn(schema[part]);
  }
  if (!schema.contains("properties")) return;
  for (const auto& [name, one] : schema["properties"].items()) learn(one);
}

const Json& Checker::resolved(const Json& schema) const {
  const auto found = schema.find("$ref");
  if (found == schema.end()) return schema;
  const auto& reference = found->get_ref<const std::string&>();
  static const Json anything = Json::object();
  if (!reference.starts_with("#/components/schemas/"))
    return anything;  // what may be stored: the parser of bodies knows it
  const auto target = schemas_.find(reference.substr(reference.rfind('/') + 1));
  hold(target != schemas_.end(), "there is no schema " + reference);
  return resolved(*target);
}

std::optional<base::Error> Checker::check(std::string_view schema, const Json& value, Rules rules) const {
  const auto found = schemas_.find(schema);
  hold(found != schemas_.end(), "there is no schema " + std::string(schema));
  return find(*found, value, {.pointer = {}, .rules = rules});
}

std::optional<base::Error> Checker::find(const Json& schema, const Json& value, const Place& place) const {
  if (schema.is_boolean()) return std::nullopt;
  if (schema.contains("$ref")) return find(resolved(schema), value, place);
  if (schema.contains("type") && !is_of_types(value, schema["type"])) return place.mismatch(schema, value);
  if (schema.contains("enum")) {
    bool is_there = false;
    for (const auto& one : schema["enum"]) is_there = is_there || one == value;
    if (!is_there) return place.mismatch(schema, value);
  }
  std::optional<base::Error> error;
  if (value.is_string()) error = find_in_text(schema, value, place);
  if (value.is_object()) error = find_in_object(schema, value, place);
  if (value.is_array()) error = find_in_array(schema, value, place);
  if (value.is_number()) {
    const bool is_small = schema.contains("minimum") && value < schema["minimum"];
    const bool is_large = schema.contains("maximum") && value > schema["maximum"];
    const bool is_least = schema.contains("exclusiveMinimum") && value <= schema["exclusiveMinimum"];
    if (is_small || is_large || is_least) return place.mismatch(schema, value);
  }
  if (!error) error = find_in_alternatives(schema, value, place);
  if (!error && place.rules.fields_together) error = find_together(schema, value, place);
  if (!error && place.rules.all_fields_are_named && !place.is_part && value.is_object())
    error = find_unnamed(schema, value, place);
  return error;
}

std::optional<base::Error> Checker::find_in_text(const Json& schema, const Json& value, const Place& place) const {
  const auto& text = value.get_ref<const std::string&>();
  const std::size_t most = schema.value("maxLength", std::string::npos);
  const bool is_long = text.size() > most && characters(text) > most;
  if (is_long || text.size() < schema.value("minLength", std::size_t{0})) {
    if (schema.contains("title")) return place.mismatch(schema, value);
    return place.error("must be " + expectation(schema) + ", found " + std::to_string(characters(text)) +
                       " characters");
  }
  if (schema.value("format", "") == "date-time" && !wire::is_rfc3339(text)) return place.mismatch(schema, value);
  if (!schema.contains("pattern")) return std::nullopt;
  if (schema["pattern"] == no_nul_pattern) {
    if (text.find('\0') == std::string::npos) return std::nullopt;
    return place.error("has the character U+0000, which cannot be stored");
  }
  const auto pattern = patterns_.find(schema["pattern"].get_ref<const std::string&>());
  if (!std::regex_search(text, pattern->second)) return place.mismatch(schema, value);
  return std::nullopt;
}

std::optional<base::Error> Checker::find_in_object(const Json& schema, const Json& value, const Place& place) const {
  if (value.size() < schema.value("minProperties", std::size_t{0}) ||
      value.size() > schema.value("maxProperties", std::string::npos))
    return place.mismatch(schema, value);
  static const Json none = Json::object();
  const Json& properties = schema.contains("properties") ? schema["properties"] : none;
  for (const auto& [name, field] : value.items()) {
    if (schema.contains("propertyNames")) {
      if (auto error = find(schema["propertyNames"], Json(name), place.at(name))) return error;
    }
    if (const auto named = properties.find(name); named != properties.end()) {
      if (auto error = find(*named, field, place.at(name))) return error;
    } else if (schema.contains("additionalProperties")) {
      const Json& others = schema["additionalProperties"];
      if (others == false) return find_unnamed(schema, value, place);
      if (auto error = find(others, field, place.at(name))) return error;
    }
  }
  if (!schema.contains("required")) return std::nullopt;
  for (const auto& name : schema["required"]) {
    const auto& text = name.get_ref<const std::string&>();
    if (value.contains(text)) continue;
    const auto named = properties.find(text);
    const std::string expected = named == properties.end() ? "" : "; expected " + expectation(resolved(*named));
    return place.at(text).error("is missing" + expected);
  }
  return std::nullopt;
}

std::optional<base::Error> Checker::find_in_array(const Json& schema, const Json& value, const Place& place) const {
  if (value.size() < schema.value("minItems", std::size_t{0}) ||
      value.size() > schema.value("maxItems", std::string::npos))
    return place.mismatch(schema, value);
  const Json* const first = schema.contains("prefixItems") ? &schema["prefixItems"] : nullptr;
  const Json* const others = schema.contains("items") ? &schema["items"] : nullptr;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const Json* const one = first != nullptr && i < first->size() ? &(*first)[i] : others;
    if (one == nullptr) break;
    if (auto error = find(*one, value[i], place.at(std::to_string(i)))) return error;
  }
  return std::nullopt;
}

// Of those that none fits, the one that is meant: the only one of the value's type.
std::optional<base::Error> Checker::find_in_alternatives(const Json& schema, const Json& value,
                                                         const Place& place) const {
  for (const char* keyword : {"oneOf", "anyOf"}) {
    if (!schema.contains(keyword)) continue;
    std::size_t fitting = 0;
    std::vector<base::Error> errors;
    std::string expected;
    for (const auto& one : schema[keyword]) {
      const Json& alternative = resolved(one);
      auto error = find(alternative, value, place);
      if (!error) ++fitting;
      expected += (expected.empty() ? "" : ", or ") + expectation(alternative);
      if (error && (!alternative.contains("type") || is_of_types(value, alternative["type"])))
        errors.push_back(std::move(*error));
    }
    if (fitting == 0 && errors.size() == 1) return std::move(errors.front());
    if (fitting == 0) return place.error("must be " + expected + ", found " + place.shown(value));
    if (fitting > 1 && std::string_view(keyword) == "oneOf")
      return place.error("fits " + std::to_string(fitting) + " alternatives, of which one must be told");
  }
  if (!schema.contains("allOf")) return std::nullopt;
  for (const auto& one : schema["allOf"]) {
    if (auto error = find(one, value, place.part())) return error;
  }
  return std::nullopt;
}

std::optional<base::Error> Checker::find_together(const Json& schema, const Json& value, const Place& place) const {
  if (schema.contains("not") && !find(schema["not"], value, place.part())) {
    return place.error("has fields that exclude each other: " +
                       schema.value("description", std::string("see the document")));
  }
  if (!schema.contains("if")) return std::nullopt;
  const char* branch = find(schema["if"], value, place.part()) ? "else" : "then";
  return schema.contains(branch) ? find(schema[branch], value, place.part()) : std::nullopt;
}

std::optional<base::Error> Checker::find_unnamed(const Json& schema, const Json& value, const Place& place) const {
  if (takes_any_field(schema)) return std::nullopt;
  std::vector<std::string_view> known;
  if (schema.contains("properties")) {
    for (const auto& [name, one] : schema["properties"].items()) known.emplace_back(name);
  }
  for (const auto& [name, field] : value.items()) {
    if (names(schema, name)) continue;
    const auto near = json::nearest_word(name, known);
    auto error = place.at(name).error("is not a known field" +
                                      (near.empty() ? std::string{} : "; did you mean '" + std::string(near) + "'?"));
    error.details.push_back(
        {.field = error.field, .message = "unknown field", .line = 0, .column = 0, .suggestion = std::string(near)});
    return error;
  }
  return std::nullopt;
}

bool Checker::names(const Json& schema, const std::string& field) const {
  const Json& whole = resolved(schema);
  if (whole.contains("properties") && whole["properties"].contains(field)) return true;
  if (whole.contains("allOf")) {
    for (const auto& one : whole["allOf"]) {
      if (names(one, field)) return true;
    }
  }
  return false;
}

// It names none, or says that there may be others.
bool Checker::takes_any_field(const Json& schema) const {
  const Json& whole = resolved(schema);
  if (whole.contains("additionalProperties")) return whole["additionalProperties"] != false;
  if (whole.contains("properties")) return false;
  if (!whole.contains("allOf")) return true;
  for (const auto& one : whole["allOf"]) {
    if (takes_any_field(one)) return true;
  }
  return false;
}

}  // namespace noetl::schema
