#pragma once
// Stack: the product as its users run it: a database of its own in the shared Postgres, a private
// nats-server, servers and workers as processes on free ports. Everything ends with the object; on a
// failed test the logs are printed when NOETL_TEST_SHOW_LOGS is set. Main thread.
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/http_client.hpp"
#include "tests/support/nats_server.hpp"
#include "tests/support/postgres_cluster.hpp"
#include "tests/support/process.hpp"
#include "tests/support/sql.hpp"
#include "tests/support/wait_until.hpp"

namespace noetl::support {

struct StackSettings {
  int servers = 1;
  int workers = 1;
  int worker_slots = 8;
  bool is_server_started = true;  // false: start_server() by hand, e.g. with a crash hook
  std::map<std::string, std::string> env;  // for servers and workers
};

class Stack {
 public:
  explicit Stack(StackSettings settings = {});
  ~Stack();
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;

  [[nodiscard]] HttpClient api(std::size_t server = 0) const;
  [[nodiscard]] Process& server(std::size_t index = 0) { return *servers_.at(index).process; }
  [[nodiscard]] Process& worker(std::size_t index = 0) { return *workers_.at(index); }
  [[nodiscard]] NatsServer& nats() { return nats_; }
  // As superuser; servers have a role of their own.
  [[nodiscard]] const std::string& database_url() const { return database_url_; }
  [[nodiscard]] const TemporaryFolder& folder() const { return folder_; }

  // A server on a port of its own, or again on the port of `index` after it ended; waits for /livez.
  std::size_t start_server(const std::map<std::string, std::string>& env = {});
  void restart_server(std::size_t index, const std::map<std::string, std::string>& env = {});
  // Waits until the worker is listed as registered.
  std::size_t start_worker(const std::map<std::string, std::string>& env = {});

  [[nodiscard]] std::vector<SqlRow> sql(const std::string& statement) const;
  [[nodiscard]] std::int64_t sql_number(const std::string& statement) const;

  // Registers a playbook's text and returns its path; throws when it is refused.
  std::string register_playbook(const std::string& yaml) const;
  // Starts an execution and returns its id.
  [[nodiscard]] std::string execute(const std::string& path, const nlohmann::json& payload) const;
  // Waits until the execution has left RUNNING; returns GET /api/v2/executions/{id}.
  [[nodiscard]] nlohmann::json wait_for_execution(const std::string& execution_id,
                                                  std::chrono::milliseconds patience = std::chrono::seconds(20)) const;
  // Enqueues plain commands ({tool:…} each) and returns their queue ids.
  std::vector<std::string> enqueue(const std::vector<nlohmann::json>& commands) const;

 private:
  struct Server {
    int port = 0;
    std::unique_ptr<Process> process;
  };
  void launch_server(Server& server, std::size_t index, std::map<std::string, std::string> env);
  [[nodiscard]] std::map<std::string, std::string> common_env() const;

  StackSettings settings_;
  TemporaryFolder folder_{"noetl-stack"};
  std::string database_url_;
  NatsServer nats_;
  std::vector<Server> servers_;
  std::vector<std::unique_ptr<Process>> workers_;
};

}  // namespace noetl::support
