#pragma once
// JSON Schema (draft 2020-12) of the language, made from its vocabulary, for editors: completion, hover
// texts, unknown keys. It knows what can be said of one place alone; lint_playbook() also knows what refers
// to what. Pure; any thread.
#include "shared/domain/playbook.hpp"

namespace noetl::language {

[[nodiscard]] domain::Json playbook_schema();

}  // namespace noetl::language
