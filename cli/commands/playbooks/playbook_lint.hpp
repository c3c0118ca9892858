#pragma once
// `playbook lint`: says of each file which generation of the language it is written in and what is wrong
// with it, one finding on each line as compilers do, so that editors can jump to it. Main thread.
#include <CLI/App.hpp>

namespace noetl::cli {

struct CommandLine;

void add_lint(CLI::App& playbook, CommandLine& line);

}  // namespace noetl::cli
