#pragma once
// error_text: the error of an execution, a command or an event, as a person reads it. Pure; any thread.
#include <nlohmann/json.hpp>
#include <string>

namespace noetl::cli {

// Its message, then a line for each thing that is known of where it failed, each with two blanks before it; traceback and the last
// lines of stderr indented by four. No line end behind the last. Empty for what is no error.
[[nodiscard]] std::string error_text(const nlohmann::json& error);

// Of a log's event, in one or several lines: what was printed, the message of an error, how far a command is. Empty for others.
[[nodiscard]] std::string event_text(const nlohmann::json& event);

}  // namespace noetl::cli
