#pragma once
// error_kinds: the kinds of ToolError, which stay the same from release to release: playbooks' rules name them. The server decides by
// this table whether a plain command is tried again, and docs/tools.md has it. A constant; any thread.
#include <array>
#include <string_view>

namespace noetl::domain {

struct ErrorKind {
  std::string_view name;
  std::string_view meaning;
  std::string_view retryable;  // what its is_retryable says
  // A plain command that failed with it is not tried again, unless the error says retryable: the same input fails the same way, or
  // the work is done and only its result is lost.
  bool is_final = false;
};

inline constexpr std::array<ErrorKind, 19> error_kinds{{
    {"invalid_input", "an option, SQL or value is wrong", "no", true},
    {"unsupported",
     "this worker cannot do it: a library, program or extension is missing; or there is another way, which "
     "the message names",
     "no", true},
    {"auth", "refused for who we are: 401, 403, a password, a role, a path outside its folder, what a credential does not allow", "no", true},
    {"not_found", "credential, table, file, image, bucket, 404", "no"},
    {"conflict", "a constraint (no), a lock or a serialization failure (yes)", "depends"},
    {"rate_limit", "429; `retry_after` has the peer's wish", "yes"},
    {"client_error", "any other 4xx", "no"},
    {"server_error", "5xx and the peer's own trouble", "mostly"},
    {"connection", "the peer cannot be reached", "yes"},
    {"timeout", "the deadline came", "yes"},
    {"exit_code", "a program ended with another code than 0", "no"},
    {"exception", "the step's own code raised", "no"},
    {"crash", "the step's own code took its process down", "yes"},
    {"memory_limit", "the worker's bound of memory", "yes"},
    {"output_limit", "the worker's bound of results, or the server's of reports", "no", true},
    {"invalid_result", "a result that cannot be stored, though the work is done", "no", true},
    {"cancelled", "the step was stopped", "no"},
    {"worker_lost", "its worker's lease ran out at the last attempt", "no"},
    {"internal", "our own trouble; the worker's log has more", "yes"},
}};

// Null: programs of one's own may name others.
[[nodiscard]] constexpr const ErrorKind* find_error_kind(std::string_view name) {
  for (const ErrorKind& kind : error_kinds) {
    if (kind.name == name) return &kind;
  }
  return nullptr;
}
[[nodiscard]] constexpr bool is_error_kind(std::string_view name) { return find_error_kind(name) != nullptr; }

}  // namespace noetl::domain
