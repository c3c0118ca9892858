#pragma once
// What the store throws when the world fails. Caught at the boundaries (API, upkeep tick, main):
// Unavailable becomes 503 with Retry-After. Anything else that leaves the store is our bug or a broken
// constraint and becomes 500.
#include <stdexcept>

namespace noetl::postgres {

// Postgres is away, starting, out of connections, or the pool's were all busy for too long. The outcome
// of a transaction whose commit was not answered is unknown: callers repeat under the same key (R3).
class Unavailable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace noetl::postgres
