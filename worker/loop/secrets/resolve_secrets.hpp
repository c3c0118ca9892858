#pragma once
// resolve_secrets: renders what the server left as templates because it names the keychain:
// {"$template": "Bearer {{ keychain.api.token }}", "$names": {…the other names…}} becomes its text, at the last moment
// and nowhere but in this worker's memory. Free function; any thread.
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "shared/base/result.hpp"
#include "worker/loop/secrets/credential_client.hpp"

namespace noetl::loop {

// What a call's options and input were rendered with.
struct Resolved {
  secrets::CredentialPolicies policies;  // of the keychain entries
  std::map<std::string, std::string> options;  // those that have such a value inside: name → its template
};

// Where the command's own list says that templates are, in `context` with its `tool` and `input`; the list is taken out.
// A command of a server that makes no list has them wherever they are found. Plain commands have none: do not call this.
[[nodiscard]] base::Result<void> resolve_command(nlohmann::json& context, std::string_view tool_kind,
                                                 CommandSecrets& secrets, Resolved& resolved);
// Everywhere inside `value`, the options or the input of a tool of that kind. Errors: of the keychain; invalid_input for a template
// that names what is not there; forbidden where code would see bytes that a credential does not reveal. They name entries and
// fields, never values.
[[nodiscard]] base::Result<void> resolve_secrets(nlohmann::json& value, std::string_view tool_kind,
                                                 CommandSecrets& secrets, Resolved& resolved);

}  // namespace noetl::loop
