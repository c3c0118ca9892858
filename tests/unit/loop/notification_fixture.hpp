#pragma once
// A worker with a real nats-server and the notifier that the product notifies with, and another one beside it.
#include <memory>
#include <string>
#include <vector>

#include "server/notify/jetstream_notifier.hpp"
#include "shared/wire/subjects.hpp"
#include "tests/support/nats_server.hpp"
#include "tests/unit/loop/worker_fixture.hpp"

namespace noetl::loop_test {

using namespace std::chrono_literals;

struct NotificationFixture : WorkerFixture {
  support::NatsServer nats;
  std::unique_ptr<notify::JetStreamNotifier> notifier;
  std::unique_ptr<notify::JetStreamNotifier> notifier_of_many;  // all in the last lane

  NotificationFixture() {
    settings.uses_nats = true;
    settings.nats.url = nats.url();
    settings.nats.reconnect_delay = 20ms;
    settings.nats.reconnect_delay_max = 40ms;
    notify::NotifierSettings publishing;
    publishing.nats = settings.nats;
    publishing.check_interval = 200ms;
    notifier = std::make_unique<notify::JetStreamNotifier>(publishing);
    publishing.backlog_max = {0, 0};
    notifier_of_many = std::make_unique<notify::JetStreamNotifier>(publishing);
    wait("notifications work", [&] { return notifier->is_connected() && notifier_of_many->is_connected(); });
  }
  void notify(std::int64_t id, int epoch = 0) {
    notifier->notify({{.queue_id = base::CommandId{id},
                       .execution_id = {},
                       .step = "noop",
                       .pool = "default",
                       .priority = 0,
                       .epoch = epoch,
                       .redelivery = 0}});
  }
  // In the last lane, by notifications of many.
  void notify_together(std::int64_t first, std::int64_t last, const std::string& kind = "noop") {
    std::vector<notify::Notification> notifications;
    for (std::int64_t id = first; id <= last; ++id) {
      server.add(id, kind);
      notifications.push_back({.queue_id = base::CommandId{id},
                               .execution_id = {},
                               .step = kind,
                               .pool = "default",
                               .priority = 0,
                               .epoch = 0,
                               .redelivery = 0});
    }
    notifier_of_many->notify(notifications);
  }
  void add_and_notify(std::int64_t id, const std::string& kind = "noop") {
    server.add(id, kind);
    notify(id);
  }
  // Of all lanes together; -1 when one is missing.
  [[nodiscard]] std::int64_t number(const char* name) const {
    return sum(
        [&](const nlohmann::json& shown) { return shown.contains(name) ? shown[name].get<std::int64_t>() : -1; });
  }
  // Of every message each time: what was turned away comes again and counts again, and stays pending until then.
  [[nodiscard]] std::int64_t deliveries() const {
    return sum([](const nlohmann::json& shown) { return shown["delivered"]["consumer_seq"].get<std::int64_t>(); });
  }
  // Over the consumers of all lanes.
  template <class Read>
  [[nodiscard]] std::int64_t sum(const Read& read) const {
    std::int64_t all = 0;
    for (std::size_t lane = 0; lane < wire::lanes; ++lane) {
      all += read(nats.request("$JS.API.CONSUMER.INFO.NOETL_COMMANDS." +
                               wire::lane_consumer_of(wire::commands_consumer, lane)));
    }
    return all;
  }
  void wait_answered() {
    wait("every notification is answered",
         [&] { return number("num_ack_pending") == 0 && number("num_pending") == 0; });
  }
  void start_subscribed() {
    start();
    wait("it is subscribed", [&] { return number("num_waiting") > 0; });
  }
  // Its fetch lasts until something comes: the end of the worker waits for it.
  void finish_fetching() {
    thread.request_stop();
    notify(9998);
    finish();
  }
};

// Takes from a lane of the default pool beside the worker that is tested.
struct OtherWorker {
  std::shared_ptr<nats::Connection> connection;
  nats::JetStream jetstream;
  std::unique_ptr<nats::PullSubscription> pull;

  OtherWorker(const nats::ConnectionSettings& settings, std::size_t lane)
      : connection(nats::Connection::open(settings).value()),
        jetstream(*connection),
        pull(jetstream
                 .pull({.stream = std::string(wire::commands_stream),
                        .durables = {wire::lane_consumer_of(wire::commands_consumer, lane)},
                        .answers_on = connection})
                 .value()) {}
};

}  // namespace noetl::loop_test
