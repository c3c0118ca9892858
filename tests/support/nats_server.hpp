#pragma once
// NatsServer: a private nats-server with JetStream on a free port of 127.0.0.1; the port and the stored
// streams survive stop() and start(). request() speaks the protocol itself, so that what the product does
// to JetStream is looked at through other code than the product's. Main thread.
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/process.hpp"
#include "tests/support/temporary_folder.hpp"

namespace noetl::support {

class NatsServer {
 public:
  // `configuration`: more lines of nats-server's own, such as users. A server that has any may refuse request() and publish().
  explicit NatsServer(std::string configuration = {});
  ~NatsServer();
  NatsServer(const NatsServer&) = delete;
  NatsServer& operator=(const NatsServer&) = delete;

  [[nodiscard]] std::string url() const;
  [[nodiscard]] int port() const { return port_; }
  void stop();  // SIGKILL: as a crash would
  void start();  // on the same port, with what was stored

  // One request and its reply, e.g. ("$JS.API.STREAM.INFO.NOETL_COMMANDS", "").
  [[nodiscard]] nlohmann::json request(const std::string& subject, const std::string& payload = "") const;
  void publish(const std::string& subject, const std::string& payload) const;

 private:
  std::string exchange(const std::string& lines, bool wants_message) const;

  TemporaryFolder folder_{"noetl-nats"};
  const std::string configuration_;
  int port_ = 0;
  std::unique_ptr<Process> server_;
};

}  // namespace noetl::support
