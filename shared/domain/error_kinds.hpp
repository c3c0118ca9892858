#pragma once
// error_kinds: the kinds of ToolError, which stay the same from release to release: playbooks' rules name them. The table says which of
// them are worth another attempt; the server obeys what the error says (docs/internals/decisions/0026), and docs/reference/tools.md is made from this. A
// constant; any thread.
#include <array>
#include <string_view>

namespace noetl::domain {

struct ErrorKind {
  std::string_view name;
  std::string_view meaning;
  // What `retryable` of the error is when nobody says otherwise: may the same input do better the next time, and does no harm come of it?
  bool is_retryable = false;
  // When a tool says otherwise; empty: no tool of the worker does.
  std::string_view exceptions = {};
  // Only the result is lost: a number of attempts that a playbook writes does not repeat it either.
  bool is_work_done = false;
  // The same input meets the same refusal: a number of attempts does not repeat it, unless the error itself says that it may.
  bool is_refusal = false;
};

inline constexpr std::array<ErrorKind, 19> error_kinds{{
    {"invalid_input", "an option, SQL or value is wrong", false, {}, false, true},
    {"unsupported",
     "this worker cannot do it: a library, program or extension is missing; or there is another way, which "
     "the message names",
     false,
     {},
     false,
     true},
    {"auth",
     "refused for who we are: 401, 403, a password, a role, a path outside its folder, what a credential does not "
     "allow",
     false,
     {},
     false,
     true},
    {"not_found", "credential, table, file, image, bucket, tool, 404"},
    {"conflict", "a constraint; somebody holds a lock, or a serialization failure", false,
     "a lock or a serialization failure"},
    {"rate_limit", "429; `retry_after` has the peer's wish", true},
    {"client_error", "any other 4xx", false, "408 and 425"},
    {"server_error", "5xx and the peer's own trouble", true},
    {"connection", "the peer cannot be reached", true, "a certificate that is not trusted"},
    {"timeout", "the deadline came", true},
    {"exit_code", "a program ended with another code than 0", true},
    {"exception", "the step's own code raised", true, "an exception with `retryable = False`"},
    {"crash", "the step's own code took its process down", true},
    {"memory_limit", "the worker's bound of memory", true},
    {"output_limit", "the worker's bound of results, or the server's of reports", false, {}, true},
    {"invalid_result", "a result that cannot be stored, though the work is done", false, {}, true},
    {"cancelled", "the step was stopped"},
    {"worker_lost", "its worker's lease ran out", true},
    {"internal", "our own trouble; the worker's log has more", true},
}};

// Null: programs of one's own may name others.
[[nodiscard]] constexpr const ErrorKind* find_error_kind(std::string_view name) {
  for (const ErrorKind& kind : error_kinds) {
    if (kind.name == name) return &kind;
  }
  return nullptr;
}
[[nodiscard]] constexpr bool is_error_kind(std::string_view name) { return find_error_kind(name) != nullptr; }

// Of an error that does not say so itself. A kind that nobody here knows is tried again: who wants it otherwise says `retryable: false`.
[[nodiscard]] constexpr bool is_retryable_by_default(std::string_view name) {
  const ErrorKind* const kind = find_error_kind(name);
  return kind == nullptr || kind->is_retryable;
}
[[nodiscard]] constexpr bool is_work_done(std::string_view name) {
  const ErrorKind* const kind = find_error_kind(name);
  return kind != nullptr && kind->is_work_done;
}
[[nodiscard]] constexpr bool is_refusal(std::string_view name) {
  const ErrorKind* const kind = find_error_kind(name);
  return kind != nullptr && kind->is_refusal;
}

}  // namespace noetl::domain
