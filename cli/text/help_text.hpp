#pragma once
// What --help says beside commands and options: in which order one meets the commands, and what to try first. Main thread.
#include <CLI/App.hpp>

namespace noetl::cli {

// Once all commands are there.
void arrange_help(CLI::App& app);

}  // namespace noetl::cli
