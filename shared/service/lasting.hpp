#pragma once
// Lasting: something that lives on a connection to NATS of its own, and is made anew with a new connection when nats.c has closed that
// for good (a login that was refused twice). NATS may be away, or refuse the login, for as long as it likes. Its thread is its own.
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "shared/base/result.hpp"
#include "shared/nats/connection.hpp"

namespace noetl::service {

class Lasting {
 public:
  // What lives on the connection; it ends before the connection does. Errors are told, and it is tried again.
  using Start = std::function<base::Result<std::shared_ptr<void>>(nats::Connection& connection)>;

  // `what` is for the log: "requests over NATS".
  Lasting(nats::ConnectionSettings settings, std::string what, Start start);
  ~Lasting();  // ends what lives, and waits for it
  Lasting(const Lasting&) = delete;
  Lasting& operator=(const Lasting&) = delete;

 private:
  void run(const std::stop_token& stop);
  // Until the connection is closed for good, or stop. An error: it could not be made.
  [[nodiscard]] base::Result<void> live(const std::stop_token& stop);

  const nats::ConnectionSettings settings_;
  const std::string what_;
  const Start start_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace noetl::service
