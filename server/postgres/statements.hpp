#pragma once
// The named statements of sql/queries, embedded at build time. Read-only; any thread.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace noetl::postgres {

using NamedStatement = std::pair<std::string, std::string>;

// Every statement, in the order of the files. Parsed once.
[[nodiscard]] const std::vector<NamedStatement>& statements();

// Cuts a file at its `-- name: x` lines. Text before the first name is ignored.
[[nodiscard]] std::vector<NamedStatement> split_statements(std::string_view file_text);

}  // namespace noetl::postgres
