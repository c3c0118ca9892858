#pragma once
// What a refusal of Postgres means for a playbook: a stable kind, and whether to try again. Pure; any thread.
#include <string>
#include <string_view>

#include "shared/domain/command.hpp"

namespace noetl::tools::postgres {

struct Refusal {
  std::string sqlstate;  // empty: not said by the server (the connection was lost, …)
  std::string message;  // with detail and hint
  int position = 0;  // the character of the statement, from 1; 0: none is named
};

[[nodiscard]] domain::ToolError error_of(const Refusal& refusal, std::string_view tried);

}  // namespace noetl::tools::postgres
