#pragma once
// JSON as the text that is stored and sent. What a tool gave may hold bytes that are no UTF-8: they become U+FFFD
// instead of an exception. Pure; any thread.
#include <nlohmann/json.hpp>
#include <string>

namespace noetl::domain {

[[nodiscard]] inline std::string json_text(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace noetl::domain
