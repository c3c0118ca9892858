#pragma once
// auth_of: whom a tool shall be for its peer. Playbooks write the name of a credential, or a map with the
// fields themselves, or a map that names a credential and adds to it. Free function; any thread; it may
// ask the server (CredentialSource) and then blocks for a moment.
#include <optional>

#include "shared/base/result.hpp"
#include "worker/tools/tool.hpp"

namespace noetl::tools {

// Options `auth` and `credential`: "name", {"credential": "name"}, {"type": "postgres", "db_host": …}, and the
// older {"alias": {"type": "postgres", "key": "name"}}. Nothing when there is neither. Beside a name stand only fields that say how it is
// presented (`header`, `in`, `db_name`, …), none that say where it goes.
// The error says which name was asked for and never has a value of the credential.
[[nodiscard]] base::Result<std::optional<Credential>> auth_of(const ToolCall& call);

// The same for tools that give the bytes to somebody's code. forbidden: the credential does not say `reveal`. `who`: "tool python".
[[nodiscard]] base::Result<std::optional<Credential>> revealed_auth_of(const ToolCall& call, std::string_view who);

// forbidden: what the call was given in secret, by `auth` (which may be null) or by the keychain, may not be sent there.
[[nodiscard]] base::Result<void> check_destination(const ToolCall& call, const Credential* auth,
                                                   const secrets::Destination& destination);

// invalid_input: the playbook gives one of these options beside the name of a credential, which says that itself.
[[nodiscard]] base::Result<void> check_nothing_beside(const ToolCall& call, const Credential& auth,
                                                      std::initializer_list<std::string_view> options);

// A field of a credential under one of these names, as text; empty when there is none.
[[nodiscard]] std::string auth_field(const Json& data, std::initializer_list<std::string_view> names);

}  // namespace noetl::tools
