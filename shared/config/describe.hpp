#pragma once
// Settings for readers: docs/reference/configuration.md, and what `noetlctl config` shows of a running machine.
// Secrets are masked. Any thread.
#include <string>

#include "shared/config/resolve.hpp"

namespace noetl::config {

// The whole of docs/reference/configuration.md; a test keeps the file equal to it.
[[nodiscard]] std::string settings_as_markdown();

// The value as it may be shown: "***" for a secret that is set.
[[nodiscard]] std::string shown_value(const Setting& setting, const ResolvedValue& value);

}  // namespace noetl::config
