#pragma once
// PoolTable: noetl.pool through one session. One thread, as long as the session.
#include "shared/wire/pool.hpp"

namespace noetl::store {

class Session;

class PoolTable {
 public:
  explicit PoolTable(Session& session) : session_(session) {}

  [[nodiscard]] wire::PoolsByName all();
  void put(const wire::Pool& pool);  // attempts and retry

 private:
  Session& session_;
};

}  // namespace noetl::store
