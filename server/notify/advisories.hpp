#pragma once
// Advisories: reads what JetStream says when it drops a notification at its last delivery, by a durable consumer of the advisories' stream. What was
// read is acknowledged when it was recorded, and comes again otherwise. Upkeep's thread only.
#include <memory>
#include <string>
#include <vector>

#include "server/notify/notifier.hpp"
#include "shared/nats/connection.hpp"
#include "shared/nats/jetstream.hpp"

namespace noetl::notify {

class Advisories {
 public:
  Advisories(std::shared_ptr<nats::Connection> connection, std::string stream)
      : connection_(std::move(connection)), jetstream_(*connection_), stream_(std::move(stream)) {}

  // Oldest first; nothing while the stream is not there.
  [[nodiscard]] std::vector<MaxDeliveriesAdvisory> read(int limit);
  void forget();  // the last answer was recorded
  [[nodiscard]] const nats::Connection* connection() const { return connection_.get(); }

 private:
  bool subscribe();

  const std::shared_ptr<nats::Connection> connection_;  // shared with the notifier, which may replace its own
  nats::JetStream jetstream_;
  const std::string stream_;  // of the commands
  std::unique_ptr<nats::PullSubscription> subscription_;
  std::vector<nats::Message> messages_;
};

}  // namespace noetl::notify
