#pragma once
// Session: what the product's Session is on Postgres, on the model database. One thread.
#include "tests/simulation/model/database.hpp"

namespace noetl::postgres {

class Session {
 public:
  explicit Session(simulation::Database& on) : database(on) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  simulation::Database& database;
};

}  // namespace noetl::postgres
