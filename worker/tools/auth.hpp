#pragma once
// auth_of: whom a tool shall be for its peer. Playbooks write the name of a credential, or a map with the
// fields themselves, or a map that names a credential and adds to it. Free function; any thread; it may
// ask the server (CredentialSource) and then blocks for a moment.
#include <optional>

#include "shared/base/result.hpp"
#include "worker/tools/tool.hpp"

namespace noetl::tools {

// Options `auth` and `credential`: "name", {"credential": "name"}, {"type": "postgres", "db_host": …}, and the
// older {"alias": {"type": "postgres", "key": "name"}}. Nothing when there is neither.
// The error says which name was asked for and never has a value of the credential.
[[nodiscard]] base::Result<std::optional<Credential>> auth_of(const ToolCall& call);

// A field of a credential under one of these names, as text; empty when there is none.
[[nodiscard]] std::string auth_field(const Json& data, std::initializer_list<std::string_view> names);

}  // namespace noetl::tools
