#include <nlohmann/json.hpp>

#include "shared/config/resolve.hpp"
#include "shared/config/toml_file.hpp"

namespace noetl::config {
namespace {

using base::ErrorCode;
using base::failure;

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

// The value without its quotes, or without a trailing comment. Nothing for a quote that does not end.
std::optional<std::string> unquote(std::string_view text) {
  if (text.empty()) return std::string{};
  const char quote = text.front();
  if (quote != '"' && quote != '\'') return std::string(trim(text.substr(0, text.find(" #"))));
  const auto end = text.find(quote, 1);
  if (end == std::string_view::npos) return std::nullopt;
  const auto rest = trim(text.substr(end + 1));
  if (!rest.empty() && rest.front() != '#') return std::nullopt;
  return std::string(text.substr(1, end - 1));
}

base::Result<FileValues> parse_lines(std::string_view text, const std::string& file_name) {
  FileValues values;
  int number = 0;
  while (!text.empty()) {
    ++number;
    const auto end = text.find('\n');
    const auto line = trim(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (line.empty() || line.front() == '#') continue;
    const std::string where = file_name + ":" + std::to_string(number);
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) {
      return failure(ErrorCode::invalid_input,
                     where + ": expected 'setting = value', found '" + std::string(line) + "'");
    }
    const auto value = unquote(trim(line.substr(equals + 1)));
    if (!value) return failure(ErrorCode::invalid_input, where + ": a quoted value must end with the same quote");
    const std::string key(trim(line.substr(0, equals)));
    const auto [at, is_new] = values.try_emplace(key, FileValue{*value, where});
    if (!is_new) {
      return failure(ErrorCode::invalid_input, where + ": '" + key + "' is set twice, first at " + at->second.where,
                     key);
    }
  }
  return values;
}

base::Result<FileValues> parse_json(std::string_view text, const std::string& file_name) {
  const auto parsed = nlohmann::json::parse(text, nullptr, false);
  if (!parsed.is_object()) return failure(ErrorCode::invalid_input, file_name + ": not a JSON object");
  FileValues values;
  for (const auto& [key, value] : parsed.items()) {
    if (value.is_structured() || value.is_null() || value.is_number_float()) {
      return failure(ErrorCode::invalid_input,
                     file_name + ": '" + key + "' must be a text, a whole number or a boolean", key);
    }
    values[key] = {value.is_string() ? value.get<std::string>() : value.dump(), file_name + ": " + key};
  }
  return values;
}

}  // namespace

base::Result<FileValues> parse_config_file(std::string_view text, std::string_view file_name) {
  const std::string name(file_name);
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && text[first] == '{') return parse_json(text, name);
  if (name.ends_with(".toml")) return parse_toml(text, name);
  return parse_lines(text, name);
}

}  // namespace noetl::config
