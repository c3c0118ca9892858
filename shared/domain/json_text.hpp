#pragma once
// JSON as the text that is stored and sent: what nlohmann::json::dump writes, several times faster. What a tool gave may hold
// bytes that are no UTF-8: they become U+FFFD instead of an exception. Pure; any thread.
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace noetl::domain {

[[nodiscard]] std::string json_text(const nlohmann::json& json);

void append_json(std::string& out, const nlohmann::json& json);

// A text with its quotes.
void append_json_string(std::string& out, std::string_view text);

}  // namespace noetl::domain
