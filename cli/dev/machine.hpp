#pragma once
// What `noetlctl dev` must know of the machine: free ports, programs, an ordinary user for Postgres.
// Free functions; main thread.
#include <optional>
#include <string>
#include <string_view>

#include "cli/dev/child_process.hpp"

namespace noetl::dev {

// Can a server listen on 127.0.0.1:port now?
[[nodiscard]] bool is_port_free(int port);
// The first of `wanted`, `fallback` (0: skip) that is free, else one that the system picks.
[[nodiscard]] int choose_port(int wanted, int fallback);

// Full path of a program in PATH, then in the folders of Debian's Postgres; the newest first. Nothing: absent.
[[nodiscard]] std::optional<std::string> find_program(std::string_view name);

// Postgres refuses to run as root: `postgres`, or `nobody`. Nothing when we are not root.
[[nodiscard]] std::optional<Account> ordinary_user();
// May that user go into every folder of the path?
[[nodiscard]] bool can_reach(const Account& account, const std::string& folder);

// Up to `lines` last lines of a file, indented.
[[nodiscard]] std::string log_tail(const std::string& file, int lines);

}  // namespace noetl::dev
