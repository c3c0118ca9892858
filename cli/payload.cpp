#include "cli/payload.hpp"

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "shared/json/parse_body.hpp"

namespace noetl::cli {

using base::ErrorCode;
using base::failure;
using Json = nlohmann::json;

base::Result<std::string> read_text_file(const std::string& path) {
  if (path == "-") return std::string{std::istreambuf_iterator<char>(std::cin), {}};
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    return failure(ErrorCode::invalid_input, path + " is a directory, expected a file");
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return failure(ErrorCode::not_found, "the file " + path + " cannot be read");
  return std::string{std::istreambuf_iterator<char>(file), {}};
}

base::Result<Json> read_payload(std::string_view argument, std::string_view what) {
  if (argument.empty()) return Json::object();
  std::string text(argument);
  if (argument.front() == '@') {
    auto read = read_text_file(std::string(argument.substr(1)));
    if (!read) return failure(std::move(read.error()));
    text = std::move(*read);
  }
  auto payload = json::parse_body(text, payload_bytes_max);
  if (!payload) {
    payload.error().message = std::string(what) + ": " + payload.error().message;
    return payload;
  }
  if (!payload->is_object()) {
    return failure(ErrorCode::invalid_input,
                   std::string(what) + ": expected a JSON object, found " + payload->type_name(), "payload");
  }
  return payload;
}

base::Result<void> apply_setting(Json& payload, std::string_view assignment) {
  const auto equals = assignment.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return failure(ErrorCode::invalid_input, "--set: expected key=value, found '" + std::string(assignment) + "'",
                   "set");
  }
  const bool is_text = assignment[equals - 1] == ':';
  const std::string_view keys = assignment.substr(0, is_text ? equals - 1 : equals);
  const std::string_view text = assignment.substr(equals + 1);
  Json* at = &payload;
  for (std::size_t from = 0; from <= keys.size();) {
    const auto dot = keys.find('.', from);
    const std::string key(keys.substr(from, dot == std::string_view::npos ? dot : dot - from));
    if (key.empty())
      return failure(ErrorCode::invalid_input, "--set: an empty key in '" + std::string(keys) + "'", "set");
    if (at->is_null()) *at = Json::object();
    if (!at->is_object()) {
      return failure(ErrorCode::invalid_input,
                     "--set: '" + key + "' is inside of something that is no object, in '" + std::string(keys) + "'",
                     "set");
    }
    at = &(*at)[key];
    if (dot == std::string_view::npos) break;
    from = dot + 1;
  }
  const Json parsed = is_text ? Json(Json::value_t::discarded) : Json::parse(text, nullptr, false);
  // 1.10, 1e5 and what has more than 64 bits would be printed as something else: a text.
  const bool is_another_number = parsed.is_number() && parsed.dump() != text;
  *at = parsed.is_discarded() || is_another_number ? Json(std::string(text)) : parsed;
  return {};
}

}  // namespace noetl::cli
