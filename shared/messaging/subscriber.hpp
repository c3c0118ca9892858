#pragma once
// Subscriber: messages of several subjects, one after another, to their handlers. Over core NATS, shared in a queue group or not; or from
// durable consumers of a stream: a message that a handler could not do comes again later, one that nobody can read never. Any thread.
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "shared/base/backoff.hpp"
#include "shared/messaging/handlers.hpp"
#include "shared/nats/connection.hpp"

namespace noetl::nats {
class Listener;
class Message;
}  // namespace noetl::nats

namespace noetl::messaging {

struct SubscriberSettings {
  std::vector<std::string> subjects = {};  // `*` for a token, `>` for all that follow
  std::string group =
      {};  // core NATS: its messages are shared among the subscribers of that name; empty: everyone gets all
  // Of JetStream; both or none. With several subjects the consumers are <durable>_1, <durable>_2, … in their order.
  std::string stream = {}, durable = {};
  std::chrono::milliseconds ack_wait{30'000};
  int deliveries_max = 20;
  int batch = 100;
  // How long until a message comes again that a handler could not do.
  base::Backoff redelivery{.kind = base::BackoffKind::exponential,
                           .initial = std::chrono::milliseconds(500),
                           .delay_max = std::chrono::milliseconds(60'000),
                           .multiplier = 2.0};
};

class Subscriber {
 public:
  // Errors: settings, subscribe, connect. The handlers must outlive it.
  [[nodiscard]] static Result<std::unique_ptr<Subscriber>> open(std::shared_ptr<nats::Connection> connection,
                                                                SubscriberSettings settings, Handlers& handlers);
  ~Subscriber();
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;

  // Takes no more; handles what is here. timeout: a handler is still busy; it is waited for by the destructor.
  [[nodiscard]] Result<void> close(std::chrono::milliseconds patience = std::chrono::milliseconds(10'000));
  [[nodiscard]] ReceiveCounts counts() const;

 private:
  Subscriber(std::shared_ptr<nats::Connection> connection, SubscriberSettings settings, Handlers& handlers);
  [[nodiscard]] Result<void> listen();
  void run(const std::stop_token& stop);
  // Until stop, or until the consumers are gone.
  [[nodiscard]] Result<void> consume(const std::stop_token& stop);
  void handle(const nats::Message& message);

  const std::shared_ptr<nats::Connection> connection_;
  const SubscriberSettings settings_;
  Handlers& handlers_;
  std::mutex handling_;  // subjects have threads of their own; handlers are called one at a time
  std::vector<std::unique_ptr<nats::Listener>> listeners_;
  std::mutex mutex_;
  std::condition_variable_any ends_;
  bool has_ended_ = false;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace noetl::messaging
