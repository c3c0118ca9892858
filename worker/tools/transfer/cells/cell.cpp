#include "worker/tools/transfer/cells/cell.hpp"

#include <algorithm>

#include "shared/base/text/base64.hpp"
#include "worker/tools/results.hpp"

namespace noetl::tools::transfer {

namespace {

using Json = nlohmann::json;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::size_t after_space(std::string_view json, std::size_t at) {
  while (at < json.size() && is_space(json[at])) ++at;
  return at;
}

std::size_t after_string(std::string_view json, std::size_t at) {
  for (++at; at < json.size() && json[at] != '"'; ++at) {
    if (json[at] == '\\') ++at;
  }
  return std::min(at + 1, json.size());
}

std::size_t after_value(std::string_view json, std::size_t at) {
  int depth = 0;
  while (at < json.size()) {
    const char c = json[at];
    if (c == '"') {
      at = after_string(json, at);
      if (depth == 0) return at;
      continue;
    }
    if (depth == 0 && (c == ',' || c == '}' || c == ']' || is_space(c))) return at;
    if (c == '{' || c == '[') ++depth;
    ++at;
    if ((c == '}' || c == ']') && --depth == 0) return at;
  }
  return at;
}

std::vector<std::string_view> items_of(std::string_view json) {
  std::vector<std::string_view> items;
  std::size_t at = after_space(json, json.find('[') + 1);
  while (at < json.size() && json[at] != ']') {
    const std::size_t end = after_value(json, at);
    items.push_back(json.substr(at, end - at));
    at = after_space(json, end);
    if (at < json.size() && json[at] == ',') at = after_space(json, at + 1);
  }
  return items;
}

}  // namespace

Cell cell_of(const Json& value) {
  if (value.is_null()) return {};
  if (value.is_boolean())
    return {.shape = Cell::Shape::boolean, .text = value.get<bool>() ? "true" : "false", .array = {}};
  if (value.is_number()) return {.shape = Cell::Shape::number, .text = value.dump(), .array = {}};
  if (value.is_string()) return {.shape = Cell::Shape::text, .text = value.get<std::string>(), .array = {}};
  return {.shape = Cell::Shape::json, .text = to_text(value), .array = {}};
}

Cell cell_of_text(std::string_view json) {
  const bool is_number = !json.empty() && (json[0] == '-' || (json[0] >= '0' && json[0] <= '9'));
  if (is_number) return {.shape = Cell::Shape::number, .text = std::string(json), .array = {}};
  if (json.starts_with('{') || json.starts_with('['))
    return {.shape = Cell::Shape::json, .text = std::string(json), .array = {}};
  return cell_of(Json::parse(json, nullptr, false));
}

std::vector<std::pair<std::string, std::string_view>> members_of(std::string_view json) {
  std::vector<std::pair<std::string, std::string_view>> members;
  std::size_t at = after_space(json, json.find('{') + 1);
  while (at < json.size() && json[at] == '"') {
    const std::size_t name_end = after_string(json, at);
    const Json name = Json::parse(json.substr(at, name_end - at), nullptr, false);
    const std::size_t begin = after_space(json, after_space(json, name_end) + 1);
    const std::size_t end = after_value(json, begin);
    std::string key = name.is_string() ? name.get<std::string>() : std::string(json.substr(at, name_end - at));
    const auto known = std::find_if(members.begin(), members.end(), [&](const auto& one) { return one.first == key; });
    if (known != members.end()) {
      known->second = json.substr(begin, end - begin);
    } else {
      members.emplace_back(std::move(key), json.substr(begin, end - begin));
    }
    at = after_space(json, end);
    if (at < json.size() && json[at] == ',') at = after_space(json, at + 1);
  }
  return members;
}

Cell cell_at(const Cell& cell, std::string_view path) {
  if (path.empty() || cell.shape != Cell::Shape::json) return path.empty() ? cell : Cell{};
  const std::string_view json = std::string_view(cell.text).substr(after_space(cell.text, 0));
  const std::size_t dot = std::min(path.find('.'), path.size());
  const std::string_view name = path.substr(0, dot);
  const std::string_view rest = dot < path.size() ? path.substr(dot + 1) : std::string_view();
  if (json.starts_with('{')) {
    for (const auto& [key, value] : members_of(json)) {
      if (key == name) return cell_at(cell_of_text(value), rest);
    }
  } else if (json.starts_with('[')) {
    const auto items = items_of(json);
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (std::to_string(i) == name) return cell_at(cell_of_text(items[i]), rest);
    }
  }
  return {};
}

std::string plain_text(const Cell& cell) {
  return cell.shape == Cell::Shape::bytes ? base::base64_encoded(cell.text) : cell.text;
}

std::string json_text(const Cell& cell) {
  switch (cell.shape) {
    case Cell::Shape::null: return "null";
    case Cell::Shape::boolean:
    case Cell::Shape::json: return cell.text;
    case Cell::Shape::number:
      if (cell.text.find_first_of("NaIiy") == std::string::npos && Json::accept(cell.text)) return cell.text;
      [[fallthrough]];
    default: return to_text(Json(plain_text(cell)));
  }
}

}  // namespace noetl::tools::transfer
