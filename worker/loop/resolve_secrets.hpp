#pragma once
// resolve_secrets: renders what the server left as templates because it names the keychain:
// {"$template": "Bearer {{ keychain.api.token }}", "$names": {…the other names…}} becomes its text, at the last moment
// and nowhere but in this worker's memory. Free function; any thread.
#include <nlohmann/json_fwd.hpp>

#include "shared/base/result.hpp"
#include "worker/loop/credential_client.hpp"

namespace noetl::loop {

// Where the command's own list says that templates are, in `context` with its `tool` and `input`; the list is taken out.
// A command of a server that makes no list has them wherever they are found. Plain commands have none: do not call this.
[[nodiscard]] base::Result<void> resolve_command(nlohmann::json& context, CommandSecrets& secrets);
// Everywhere inside `value`. Errors: of the keychain; invalid_input for a template that names what is not there. They
// name entries and fields, never values.
[[nodiscard]] base::Result<void> resolve_secrets(nlohmann::json& value, CommandSecrets& secrets);

}  // namespace noetl::loop
