#pragma once
// PostgresCluster: a private Postgres of one test program on a free port of 127.0.0.1, made by initdb in
// a temporary folder, run as an ordinary user, stopped and removed with the object. Main thread.
#include <memory>
#include <string>

#include "tests/support/process.hpp"
#include "tests/support/temporary_folder.hpp"

namespace noetl::support {

class PostgresCluster {
 public:
  PostgresCluster();
  ~PostgresCluster();
  PostgresCluster(const PostgresCluster&) = delete;
  PostgresCluster& operator=(const PostgresCluster&) = delete;

  // An empty database of its own for one test; returns its libpq URI as superuser. Its owner is the role of servers.
  [[nodiscard]] std::string create_database();
  // The same URI as the role that servers log in with: no superuser, as in production.
  [[nodiscard]] static std::string as_server(std::string url);
  [[nodiscard]] std::string url(const std::string& database) const;
  [[nodiscard]] int port() const { return port_; }

  void stop();  // fast shutdown; connections are cut, data kept
  void start();  // on the same port
  void restart();
  void terminate_backends();  // every connection of every database but our own
  [[nodiscard]] std::string log() const;

 private:
  void init();

  User user_;
  TemporaryFolder folder_{"noetl-postgres"};
  int port_ = 0;
  int databases_made_ = 0;
  std::unique_ptr<Process> server_;
};

// The cluster that all tests of this program share, started at the first call. Isolation comes from
// create_database(). A function's static, so that it is stopped when main returns.
[[nodiscard]] PostgresCluster& shared_postgres();

}  // namespace noetl::support
