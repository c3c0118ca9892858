#pragma once
// Templates that the server leaves to the worker because they name the keychain. In a command they stand as
// {"$template": text, "$names": {…}}, and the command's `templates` lists where, as JSON pointers: data that looks like one
// is in no list and stays data. While a command is being put together, one is a binary value: no JSON text makes such a
// value, so nothing that came from outside can pass for one. Pure; any thread.
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace noetl::domain {

inline constexpr const char* template_member = "$template";
inline constexpr const char* template_names_member = "$names";

[[nodiscard]] inline nlohmann::json deferred_template(nlohmann::json source, nlohmann::json names) {
  return nlohmann::json::binary(
      nlohmann::json::to_cbor({{template_member, std::move(source)}, {template_names_member, std::move(names)}}));
}

[[nodiscard]] inline bool has_deferred_template(const nlohmann::json& value) {
  if (value.is_binary()) return true;
  if (!value.is_structured()) return false;
  for (const auto& inner : value) {
    if (has_deferred_template(inner)) return true;
  }
  return false;
}

// Gives those inside `value` their form in a command and adds where they stand.
inline void settle_deferred_templates(nlohmann::json& value, const nlohmann::json::json_pointer& at,
                                      std::vector<std::string>& pointers) {
  if (!has_deferred_template(value)) return;  // a pointer costs more than the look
  if (value.is_binary()) {
    value = nlohmann::json::from_cbor(value.get_binary());
    pointers.push_back(at.to_string());
  } else if (value.is_object()) {
    for (auto& [name, inner] : value.items()) settle_deferred_templates(inner, at / name, pointers);
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) settle_deferred_templates(value[i], at / i, pointers);
  }
}

}  // namespace noetl::domain
