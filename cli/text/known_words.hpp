#pragma once
// Words of a command line that are no command and no option: told with what may have been meant, before the parser looks at it, whose
// messages do not name them. And the other names that commands have. Main thread.
#include <CLI/App.hpp>
#include <optional>
#include <string>
#include <vector>

namespace noetl::cli {

// What to say about the first of `words` that is not known where it stands, or about a command that is missing; nothing when all is known.
[[nodiscard]] std::optional<std::string> unknown_word(const CLI::App& app, const std::vector<std::string>& words);

// `ls` for every list, `rm` for every delete, plurals for the groups, and so on.
void add_other_names(CLI::App& app);

}  // namespace noetl::cli
