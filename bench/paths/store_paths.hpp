#pragma once
// Paths through the server's use cases and a Postgres of their own, without HTTP and NATS. Main thread.
#include <cstdint>
#include <memory>
#include <vector>

#include "bench/paths/path.hpp"

namespace noetl::bench {

class StorePaths {
 public:
  StorePaths();  // starts Postgres
  ~StorePaths();
  StorePaths(const StorePaths&) = delete;
  StorePaths& operator=(const StorePaths&) = delete;

  // They use this object.
  [[nodiscard]] std::vector<Path> paths();

  // Since Postgres was started: statements of the server, BEGIN and COMMIT among them, and bytes of WAL.
  [[nodiscard]] std::int64_t statements() const;
  [[nodiscard]] std::int64_t wal_bytes() const;
  [[nodiscard]] int postgres_version() const;  // the major one

 private:
  struct Server;
  const std::unique_ptr<Server> server_;
};

}  // namespace noetl::bench
