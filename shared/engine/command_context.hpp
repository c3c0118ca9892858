#pragma once
// command_context: a command of an execution as its worker gets it: input, tool and what belongs to them. Pure; any thread.
#include <string>

#include "shared/engine/engine.hpp"

namespace noetl::engine {

// Member of a context whose command may be followed by its worker (NewCommand::may_run_ahead).
inline constexpr const char* ahead_member = "ahead";

// JSON text.
[[nodiscard]] std::string command_context(const NewCommand& command);

}  // namespace noetl::engine
