#pragma once
// What the store throws when the world fails. Caught at the boundaries (API, upkeep tick, main):
// Unavailable becomes 503 with Retry-After. Anything else that leaves the store is our bug or a broken
// constraint and becomes 500.
#include <stdexcept>
#include <string>
#include <string_view>

namespace noetl::postgres {

// Postgres is away, starting, out of connections, or the pool's were all busy for too long. The outcome
// of a transaction whose commit was not answered is unknown: callers repeat under the same key (R3).
class Unavailable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What libpq says in several lines, as one: it stands inside a sentence and in a line of a log.
[[nodiscard]] inline std::string told_by(const std::exception& error) {
  std::string text;
  bool is_new_line = false;
  for (const char c : std::string_view(error.what())) {
    is_new_line = is_new_line || c == '\n';
    if (is_new_line && (c == '\n' || c == '\t' || c == ' ')) continue;
    if (is_new_line) text += ". ";
    is_new_line = false;
    text += c;
  }
  return text;
}

// For who starts a program: where the address and the login of the database come from.
inline constexpr const char* database_is_named_by =
    "; database-url (NOETL_DATABASE_URL) says which database, or postgres-host, postgres-user, postgres-password "
    "(POSTGRES_HOST, …)";

}  // namespace noetl::postgres
