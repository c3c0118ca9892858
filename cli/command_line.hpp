#pragma once
// The command line of noetlctl: reads arguments, resolves settings, runs the one subcommand. Exit codes are
// those of wire::mapping_of, and 130 for an interrupt. Main thread.
#include <stop_token>
#include <string>
#include <vector>

#include "cli/programs.hpp"
#include "cli/text/output.hpp"

namespace noetl::cli {

inline constexpr int exit_usage = 2;
inline constexpr int exit_failed = 1;
inline constexpr int exit_conflict = 4;
inline constexpr int exit_wait_over = 6;
inline constexpr int exit_cancelled = 7;
inline constexpr int exit_interrupted = 130;

// `arguments` without the program's name.
[[nodiscard]] int run(const std::vector<std::string>& arguments, const Programs& programs, const Streams& streams,
                      std::stop_token stop);

}  // namespace noetl::cli
