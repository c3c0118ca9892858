#pragma once
// NatsTransport: the server's API over NATS request and reply, on one connection: no address of the server is needed, and any
// replica answers. Subjects: wire::worker_operations. A connection that nats.c has closed for good (a login that was refused) is opened
// anew. Any thread.
#include <chrono>
#include <memory>
#include <mutex>
#include <string>

#include "shared/nats/connection.hpp"
#include "shared/nats/requests/requester.hpp"
#include "shared/transport/api_transport.hpp"

namespace noetl::transport {

struct NatsSettings {
  nats::ConnectionSettings connection;
  std::string prefix;  // of the subjects, as the server has it
  std::string worker_id;
  std::string token;  // sent as bearer token when given
  std::string instance;  // as HttpSettings has it
  std::chrono::milliseconds answer_timeout{15'000};  // beyond the wait of a long poll
};

class NatsTransport final : public ApiTransport {
 public:
  explicit NatsTransport(NatsSettings settings);

 private:
  // One connection, and those who wait on it.
  struct Line {
    std::unique_ptr<nats::Connection> connection;
    std::unique_ptr<nats::Requester> requester;  // after the connection, which it uses
  };
  base::Result<std::string> send(const Call& call) override;
  [[nodiscard]] base::Result<std::shared_ptr<Line>> line();

  const NatsSettings settings_;
  const std::string instance_;
  std::mutex mutex_;
  std::shared_ptr<Line> line_;  // guarded by mutex_; none until the first call
};

}  // namespace noetl::transport
