#include "shared/wire/codecs/variable_json.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>

#include "shared/domain/json_text.hpp"
#include "shared/json/object_reader.hpp"
#include "shared/json/object_writer.hpp"
#include "shared/json/reserved_name.hpp"

namespace noetl::wire {
namespace {

constexpr std::size_t name_bytes_max = 256;
constexpr std::array<std::string_view, 4> var_types{"user_defined", "step_result", "computed", "iterator_state"};

std::string read_type(json::ObjectReader& reader) {
  const auto type = reader.optional_string("var_type", {1, 64}).value_or("user_defined");
  if (std::find(var_types.begin(), var_types.end(), type) == var_types.end())
    reader.refuse("var_type", "must be user_defined, step_result, computed or iterator_state, found '" + type + "'");
  return type;
}

// 2025: one type and one source for all of them.
void read_map(json::ObjectReader& reader, const json::Json& map, SetVariablesRequest& request) {
  const std::string type = read_type(reader);
  const std::string step = reader.optional_string("source_step", {0, name_bytes_max}).value_or("");
  for (const auto& [name, value] : map.items()) {
    if (name.empty() || name.size() > name_bytes_max) {
      reader.refuse("variables",
                    "has a name that is empty or longer than " + std::to_string(name_bytes_max) + " bytes");
      return;
    }
    request.variables.push_back(
        {.name = name, .value = domain::json_text(value), .var_type = type, .source_step = step});
  }
}

// 2026: each with its own.
void read_list(json::ObjectReader& reader, const json::Json& list, SetVariablesRequest& request) {
  for (const char* name : {"var_type", "source_step"})
    reader.refuse_given(name, "is of {name: value}: in a list each item has its own");
  std::map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < list.size() && !reader.has_failed(); ++i) {
    json::ObjectReader item(list[i], reader.pointer_to("variables") + "/" + std::to_string(i));
    NewVariable variable;
    variable.name = item.required_string("var_name", {1, name_bytes_max});
    if (const json::Json* value = item.optional_value("var_value")) variable.value = domain::json_text(*value);
    variable.var_type = read_type(item);
    variable.source_step = item.optional_string("source_step", {0, name_bytes_max}).value_or("");
    if (auto error = item.finish()) reader.refuse(std::move(*error));
    // Set in their order: of two with one name the later one holds.
    const auto [place, is_new] = places.try_emplace(variable.name, request.variables.size());
    if (is_new)
      request.variables.push_back(std::move(variable));
    else
      request.variables[place->second] = std::move(variable);
  }
}

json::ObjectWriter& write_fields(json::ObjectWriter& out, const VariableRow& row) {
  return out.text("var_name", row.name)
      .raw("value", row.value)
      .raw("var_value", row.value)
      .text("type", row.var_type)
      .text("var_type", row.var_type)
      .text_or_null("source_step", row.source_step)
      .integer("access_count", row.access_count)
      .text_or_null("created_at", row.created_at)
      .text_or_null("accessed_at", row.accessed_at);
}

}  // namespace

base::Result<SetVariablesRequest> decode_set_variables(const json::Json& body, base::ExecutionId execution_id) {
  json::ObjectReader reader(body);
  SetVariablesRequest request{.execution_id = execution_id, .variables = {}};
  const json::Json* variables = reader.optional_value("variables");
  if (variables != nullptr && variables->is_object()) {
    read_map(reader, *variables, request);
  } else if (variables != nullptr && variables->is_array()) {
    read_list(reader, *variables, request);
  } else {
    reader.refuse("variables", "must be an object {name: value} or an array of {var_name, var_value}");
  }
  if (variables != nullptr && json::has_reserved_name(*variables))
    reader.refuse("variables", "has a member '$template', a name that is reserved");
  if (request.variables.size() > variables_max)
    reader.refuse("variables", "has more than " + std::to_string(variables_max) + " entries");
  if (auto error = reader.finish()) return base::failure(std::move(*error));
  return request;
}

base::Result<RenderRequest> decode_render_request(const json::Json& body) {
  json::ObjectReader reader(body);
  RenderRequest request;
  request.execution_id = reader.required_id<base::ExecutionId>("execution_id");
  const json::Json* source = reader.optional_value("template");
  if (source == nullptr)
    reader.refuse("template", "is missing: a text, or an object or array of texts");
  else
    request.source = domain::json_text(*source);
  if (request.source.size() > template_bytes_max) {
    reader.refuse("template", "has " + std::to_string(request.source.size()) + " bytes of JSON, at most " +
                                  std::to_string(template_bytes_max) + " are rendered here");
  }
  const json::Json* extra = reader.optional_object("extra_context");
  if (extra != nullptr) request.extra_context = domain::json_text(*extra);
  request.is_strict = reader.optional_bool("strict").value_or(true);
  if (auto error = reader.finish()) return base::failure(std::move(*error));
  return request;
}

std::string encode(const VariableRow& row) {
  json::ObjectWriter out(256 + 2 * row.value.size());
  out.id("execution_id", row.execution_id);
  return write_fields(out, row).finish();
}

std::string encode(base::ExecutionId execution_id, const std::vector<VariableRow>& rows) {
  std::string by_name = "{";
  std::vector<std::string> items;
  items.reserve(rows.size());
  for (const auto& row : rows) {
    json::ObjectWriter item;
    items.push_back(write_fields(item, row).finish());
    if (by_name.size() > 1) by_name += ',';
    json::append_json_string(by_name, row.name);
    by_name += ':' + items.back();
  }
  json::ObjectWriter out(by_name.size() * 2);
  out.id("execution_id", execution_id)
      .raw("variables", by_name + "}")
      .raw("items", json::join_array(items))
      .integer("count", static_cast<std::int64_t>(rows.size()));
  return out.finish();
}

std::string encode_set_answer(const SetVariablesRequest& request) {
  std::vector<std::string> names;
  for (const auto& variable : request.variables) names.push_back(variable.name);
  json::ObjectWriter out;
  out.text("status", "success")
      .id("execution_id", request.execution_id)
      .integer("variables_set", static_cast<std::int64_t>(names.size()))
      .integer("count", static_cast<std::int64_t>(names.size()))
      .texts("variables", names);
  return out.finish();
}

std::string encode(const RenderAnswer& answer) {
  json::ObjectWriter out(answer.rendered.size() + 256);
  out.text("status", "success").raw("rendered", answer.rendered).texts("context_keys", answer.context_keys);
  return out.finish();
}

}  // namespace noetl::wire
