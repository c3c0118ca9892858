#pragma once
// A nats-server with JetStream, a connection to it, and a stream SHOP of what is below shop. Main thread.
#include <memory>
#include <string>

#include "shared/messaging/client.hpp"
#include "shared/messaging/publisher.hpp"
#include "tests/support/nats_server.hpp"

namespace noetl::messaging::test {

struct Fixture {
  support::NatsServer server;
  std::shared_ptr<nats::Connection> connection{open()};

  [[nodiscard]] std::shared_ptr<nats::Connection> open() const;
  void make_stream(const std::string& extra = "") const;
  void remove_stream() const;
  // {"n": number} of a type, with the event id `id`.
  [[nodiscard]] static OutMessage message(const std::string& subject, int number, const std::string& id = {},
                                          const std::string& type = "placed");
  // Publishes numbers from … to on `subject` to the stream, in order, and waits until it has them.
  void publish(const std::string& subject, int from, int to) const;
  [[nodiscard]] nlohmann::json stream_state() const;
};

[[nodiscard]] int number_of(const Envelope& envelope);

}  // namespace noetl::messaging::test
