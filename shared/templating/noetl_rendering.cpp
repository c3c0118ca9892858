// NoETL's two renderers (declared in template.hpp). What upstream leaves open is decided here:
// - `x.data` and `x.result` on a dict without such a key are the dict itself in both renderers, since
//   today's engine binds step results so that either spelling works. Template itself is plain Jinja.
// - A text that is one expression but for blanks around it (a YAML block) counts as one expression.
// - A bare reference to an undefined name is null; any other single expression that is undefined is "".
#include <algorithm>

#include "shared/templating/coercion.hpp"
#include "shared/templating/compiled_template.hpp"
#include "shared/templating/syntax/lexer.hpp"
#include "shared/templating/template.hpp"
#include "shared/templating/values/python_text.hpp"
#include "shared/templating/values/unicode.hpp"

namespace noetl::templating {
namespace {

constexpr int value_depth_max = 200;

std::shared_ptr<const CompiledTemplate> compiled(TemplatePtr parsed) {
  return std::static_pointer_cast<const CompiledTemplate>(std::move(parsed));
}

// Without the blanks around it when that leaves a single expression.
base::Result<TemplatePtr> parse_text(std::string_view source) {
  const std::string_view inner = trimmed(source);
  if (inner.size() != source.size() && inner.starts_with("{{") && inner.ends_with("}}")) {
    if (auto parsed = parse_cached(inner); parsed && (*parsed)->is_single_expression()) {
      return parsed;
    }
  }
  return parse_cached(source);
}

Json text_to_boolean(const std::string& text) {
  const std::string word = text.size() > 16 ? text : unicode::lower(trimmed(text));
  if (word == "true" || word == "false") {
    return word == "true";
  }
  return text;
}

std::string text_of(const Json& value) {
  Budget budget{Limits{}};
  return python_str(Value::json(value), budget);
}

base::Result<Json> render_text(const std::string& source, const Scope& scope) {
  if (has_no_tags(source)) {
    return source;
  }
  const auto parsed = parse_text(source);
  if (!parsed) {
    return base::failure(parsed.error());
  }
  const auto text = compiled(*parsed);
  auto made = text->try_evaluate(scope, Unwrapping::noetl);
  if (const auto* failure = std::get_if<Failure>(&made)) {
    return base::failure(text->error_of(*failure));
  }
  auto& outcome = std::get<CompiledTemplate::Outcome>(made);
  if (text->is_bare_reference()) {
    return std::move(outcome.value);
  }
  if (outcome.is_undefined) {
    return "";
  }
  // Other values would be written as Python and read back as themselves.
  if (!outcome.value.is_string()) {
    return std::move(outcome.value);
  }
  try {
    return coerced(std::move(outcome.value.get_ref<std::string&>()), text->reading());
  } catch (const Failure& failure) {
    return base::failure(text->error_of(failure));
  }
}

// Takes what the value takes in memory from `left`; false when that is more.
bool take_bytes(const Json& value, std::size_t& left) {
  constexpr std::size_t member_taken_bytes = 96;
  constexpr std::size_t structure_taken_bytes = 64;
  std::size_t bytes = sizeof(Json);
  if (value.is_string()) {
    bytes += sizeof(std::string) + value.get_ref<const std::string&>().size();
  } else if (value.is_structured()) {
    bytes += structure_taken_bytes + (value.is_object() ? member_taken_bytes * value.size() : 0);
  }
  if (bytes > left) {
    return false;
  }
  left -= bytes;
  return !value.is_structured() ||
         std::all_of(value.begin(), value.end(), [&](const Json& part) { return take_bytes(part, left); });
}

base::Result<Json> render_any(const Json& value, const Scope& scope, std::size_t& left, int depth) {
  if (value.is_string()) {
    auto made = render_text(value.get_ref<const std::string&>(), scope);
    if (made && !take_bytes(*made, left)) {
      return base::failure(base::ErrorCode::invalid_input,
                           "the templates of one value make more than the bytes that they may, all together");
    }
    return made;
  }
  if (!value.is_structured()) {
    return value;
  }
  if (depth > value_depth_max) {
    return base::failure(base::ErrorCode::invalid_input,
                         "a value to render nests deeper than " + std::to_string(value_depth_max));
  }
  Json rendered = value.is_array() ? Json::array() : Json::object();
  for (const auto& [key, member] : value.items()) {
    auto part = render_any(member, scope, left, depth + 1);
    if (!part) {
      base::Error error = part.error();
      error.field = "/" + key + error.field;
      return base::failure(std::move(error));
    }
    if (value.is_array()) {
      rendered.push_back(std::move(*part));
    } else {
      rendered.emplace(key, std::move(*part));
    }
  }
  return rendered;
}

void gather_roots(const Json& value, std::vector<std::string>& into, int depth) {
  if (value.is_string()) {
    const std::string& source = value.get_ref<const std::string&>();
    if (has_no_tags(source)) {
      return;
    }
    // A text that does not parse reads nothing; rendering it says why.
    if (const auto parsed = parse_text(source)) {
      into.insert(into.end(), (*parsed)->roots().begin(), (*parsed)->roots().end());
    }
  } else if (value.is_structured() && depth <= value_depth_max) {
    for (const Json& member : value) {
      gather_roots(member, into, depth + 1);
    }
  }
}

}  // namespace

base::Result<Json> render_condition(std::string_view source, const Scope& scope) {
  if (has_no_tags(source)) {
    return text_to_boolean(std::string(source));
  }
  const auto parsed = parse_text(source);
  if (!parsed) {
    return base::failure(parsed.error());
  }
  const auto text = compiled(*parsed);
  auto made = text->try_evaluate(scope, Unwrapping::noetl);
  if (const auto* failure = std::get_if<Failure>(&made)) {
    return base::failure(text->error_of(*failure));
  }
  auto& outcome = std::get<CompiledTemplate::Outcome>(made);
  if (text->is_bare_reference() || outcome.value.is_boolean()) {
    return std::move(outcome.value);
  }
  if (outcome.is_undefined) {
    return "";
  }
  if (outcome.value.is_string()) {
    return text_to_boolean(outcome.value.get_ref<const std::string&>());
  }
  try {
    return text_of(outcome.value);
  } catch (const Failure& failure) {
    return base::failure(text->error_of(failure));
  }
}

base::Result<Json> render_value(const Json& value, const Scope& scope, std::size_t bytes_max) {
  return render_any(value, scope, bytes_max, 0);
}

bool is_truthy(const Json& value) {
  switch (value.type()) {
    case Json::value_t::boolean: return value.get<bool>();
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
    case Json::value_t::number_float: return value.get<double>() != 0;
    case Json::value_t::array:
    case Json::value_t::object: return !value.empty();
    case Json::value_t::string: {
      static constexpr std::string_view falsy[] = {"", "false", "0", "0.0", "no", "none", "null", "off", "[]", "{}"};
      const std::string_view inner = trimmed(value.get_ref<const std::string&>());
      return inner.size() > 5 ||
             std::find(std::begin(falsy), std::end(falsy), unicode::lower(inner)) == std::end(falsy);
    }
    default: return false;
  }
}

bool has_templates(const Json& value) {
  if (value.is_string()) return !has_no_tags(value.get_ref<const std::string&>());
  return value.is_structured() && std::any_of(value.begin(), value.end(), has_templates);
}

void collect_roots(const Json& value, std::vector<std::string>& into) {
  gather_roots(value, into, 0);
  std::sort(into.begin(), into.end());
  into.erase(std::unique(into.begin(), into.end()), into.end());
}

}  // namespace noetl::templating
