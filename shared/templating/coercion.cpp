#include "shared/templating/coercion.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <initializer_list>
#include <optional>

#include "shared/templating/template.hpp"
#include "shared/templating/text/json_parsing.hpp"
#include "shared/templating/values/failure.hpp"
#include "shared/templating/values/python_text.hpp"

namespace noetl::templating {
namespace {

constexpr std::string_view blanks = " \t\n\r\f\v";
constexpr std::size_t number_bytes_max = 32;  // no number is printed with more

template <class T>
std::optional<T> whole_number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

// A text is a number when printing the number gives the text back, in JSON and in Python: 00501, 1.10, +49, 12e3, 1_000
// and what has more digits than are kept stay as they are.
std::optional<Json> number(std::string_view text) {
  if (text.size() > number_bytes_max || text.find_first_of("0123456789") > 1) {
    return std::nullopt;
  }
  if (const auto integer = whole_number<std::int64_t>(text)) {
    return std::to_string(*integer) == text ? std::optional(Json(*integer)) : std::nullopt;
  }
  if (const auto integer = whole_number<std::uint64_t>(text)) {
    return std::to_string(*integer) == text ? std::optional(Json(*integer)) : std::nullopt;
  }
  if (text.find('.') == std::string_view::npos && text.find('e') == std::string_view::npos) {
    return std::nullopt;
  }
  const auto floating = whole_number<double>(text);
  if (!floating || !std::isfinite(*floating) || python_float(*floating) != text) {
    return std::nullopt;
  }
  Json value(*floating);
  return value.dump() == text ? std::optional(std::move(value)) : std::nullopt;
}

// As JSON and Python print them: a customer called Null keeps the name.
std::optional<Json> word(std::string_view text) {
  if (text == "true" || text == "True") {
    return Json(true);
  }
  if (text == "false" || text == "False") {
    return Json(false);
  }
  return text == "null" || text == "None" ? std::optional(Json(nullptr)) : std::nullopt;
}

void check_room(std::string_view text) {
  if (tree_bytes_max(text) > Limits{}.value_bytes_max) {
    fail_bound("the text reads as a list or map of more than " + std::to_string(Limits{}.value_bytes_max) + " bytes");
  }
}

std::optional<Json> structure(std::string_view text) {
  check_room(text);
  if (has_wide_integer(text)) {
    return std::nullopt;  // it would come out as another number
  }
  auto value = parse_json(text);
  return value ? std::move(value) : parse_python_literal(text);
}

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Reading reading_of(const Node& node) {
  const auto is_text = [](const NodePtr& child) { return child != nullptr && reading_of(*child) == Reading::as_text; };
  switch (node.kind) {
    case NodeKind::concatenation: return Reading::as_text;
    case NodeKind::filter:
      if (node.text == "string") {
        return Reading::as_text;
      }
      if (is_one_of(node.text, {"tojson", "to_json", "to_nice_json"})) {
        return Reading::as_json;
      }
      break;
    case NodeKind::attribute:
    case NodeKind::item:
    case NodeKind::slice:
    case NodeKind::call: break;
    case NodeKind::conditional:
      return is_text(node.children[1]) || is_text(node.children[2]) ? Reading::as_text : Reading::by_looks;
    case NodeKind::logical_and:
    case NodeKind::logical_or:
      return std::any_of(node.children.begin(), node.children.end(), is_text) ? Reading::as_text : Reading::by_looks;
    default: return Reading::by_looks;
  }
  // What filters and methods make of a text that was to stay one: {{ zip | string | trim }}.
  return !node.children.empty() && is_text(node.children[0]) ? Reading::as_text : Reading::by_looks;
}

bool has_kept_text(const Body& body) {
  return std::any_of(body.begin(), body.end(), [](const Block& block) {
    return (block.kind == BlockKind::output && reading_of(*block.expression) == Reading::as_text) ||
           has_kept_text(block.body) || has_kept_text(block.otherwise) ||
           std::any_of(block.branches.begin(), block.branches.end(),
                       [](const Branch& branch) { return has_kept_text(branch.body); });
  });
}

// Blocks stand on lines of their own, and YAML's | ends with a line's end.
bool has_layout(const Body& body) {
  const auto is_statement = [](const Block& block) {
    return block.kind != BlockKind::text && block.kind != BlockKind::output;
  };
  return body.back().text.ends_with('\n') || std::any_of(body.begin(), body.end(), is_statement);
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(blanks);
  return begin == std::string_view::npos ? std::string_view()
                                         : text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

Reading reading_of(const Program& program) {
  const Body& body = program.body;
  if (body.size() == 1 && body[0].kind == BlockKind::output) {
    return reading_of(*body[0].expression);
  }
  if (has_kept_text(body)) {
    return Reading::structures;
  }
  return !body.empty() && has_layout(body) ? Reading::by_looks_in_layout : Reading::by_looks;
}

Json coerced(std::string text, Reading reading) {
  const std::string_view inner = trimmed(text);
  if (inner.empty() || reading == Reading::as_text) {
    return text;
  }
  std::optional<Json> value;
  if (reading == Reading::as_json) {
    check_room(inner);
    value = parse_json(inner);
  } else if (inner.front() == '{' || inner.front() == '[') {
    value = structure(inner);
  } else if (reading == Reading::by_looks_in_layout || (reading == Reading::by_looks && inner.size() == text.size())) {
    value = word(inner);
    value = value ? std::move(value) : number(inner);
  }
  return value ? std::move(*value) : Json(std::move(text));
}

}  // namespace noetl::templating
