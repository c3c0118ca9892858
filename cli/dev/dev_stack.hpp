#pragma once
// DevStack: the whole product on one machine, as child processes: Postgres, nats-server, server, workers.
// Started in that order, each when the one before answers; stopped in the reverse order. Main thread.
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "cli/dev/child_process.hpp"
#include "cli/dev/dev_folder.hpp"
#include "cli/dev/private_nats.hpp"
#include "cli/dev/private_postgres.hpp"
#include "cli/text/output.hpp"
#include "shared/base/result.hpp"
#include "shared/config/program_settings.hpp"

namespace noetl::dev {

struct DevOptions {
  int port = 8082;
  bool is_port_asked_for = false;  // then a port that is taken is an error instead of another port
  int workers = 2;
  config::ClientSettings client;  // how to ask the server whether it is ready
};

class DevStack {
 public:
  DevStack(DevFolder& data, DevOptions options, const cli::Output& output, std::stop_token stop);
  ~DevStack();  // stops everything
  DevStack(const DevStack&) = delete;
  DevStack& operator=(const DevStack&) = delete;

  // Returns when everything answers. Errors: what did not, with the end of its log.
  [[nodiscard]] base::Result<void> start();
  // Until asked to stop (nothing), or until a part dies (unavailable, with the end of its log). A worker that ends well was drained:
  // another takes its place.
  [[nodiscard]] base::Result<void> watch();
  void stop();

 private:
  base::Result<void> start_server();
  void launch_worker(int number);
  base::Result<void> start_worker(int number);
  void replace_drained();
  base::Result<void> wait_until_answered(ChildProcess& process, const std::string& path,
                                         bool (*is_good)(const nlohmann::json&, int), int expected);
  [[nodiscard]] std::map<std::string, std::string> environment(config::Program program) const;
  [[nodiscard]] std::map<std::string, std::string> server_environment() const;
  [[nodiscard]] std::map<std::string, std::string> worker_environment() const;
  [[nodiscard]] std::vector<ChildProcess*> processes() const;
  [[nodiscard]] std::string exports() const;  // lines to paste into a shell
  [[nodiscard]] nlohmann::json state(bool is_ready) const;

  DevFolder& data_;
  DevOptions options_;
  const cli::Output& output_;
  const std::stop_token stop_;
  int port_ = 0;
  PrivatePostgres postgres_;
  PrivateNats nats_;
  std::unique_ptr<ChildProcess> server_;
  std::vector<std::unique_ptr<ChildProcess>> workers_;
};

}  // namespace noetl::dev
