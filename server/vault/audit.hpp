#pragma once
// The audit of secrets: who read or changed which name. Never what it is. Free functions; any thread.
#include <string>
#include <string_view>

#include "server/app/parts.hpp"
#include "shared/wire/credential.hpp"

namespace noetl::vault {

// One log line and one row of noetl.event: `what` is an event's name, e.g. credential.read.
void audit_read(app::Parts& parts, std::string_view what, const std::string& name,
                const wire::SecretReader& reader);
// One log line.
void audit_change(std::string_view what, const std::string& name);

}  // namespace noetl::vault
