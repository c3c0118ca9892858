#include "server/notify/advisories.hpp"

#include <nlohmann/json.hpp>

#include "shared/wire/notification.hpp"
#include "shared/wire/subjects.hpp"

namespace noetl::notify {

namespace {
constexpr std::chrono::milliseconds patience{20};
}

std::vector<MaxDeliveriesAdvisory> Advisories::read(int limit) {
  messages_.clear();  // unanswered ones come again
  if (!subscription_ && !subscribe()) return {};
  auto fetched = subscription_->fetch(limit, patience);
  if (!fetched) {
    subscription_.reset();
    return {};
  }
  messages_ = std::move(*fetched);
  std::vector<MaxDeliveriesAdvisory> advisories;
  for (const auto& message : messages_) {
    const auto json = nlohmann::json::parse(message.bytes(), nullptr, false);
    if (!json.is_object()) continue;
    const MaxDeliveriesAdvisory advisory{.queue_id = {},
                                         .consumer = json.value("consumer", std::string()),
                                         .sequence = json.value("stream_seq", std::uint64_t{0}),
                                         .deliveries = json.value("deliveries", 0)};
    std::vector<base::CommandId> ids{{}};
    if (const auto bytes = jetstream_.message_at(stream_, advisory.sequence)) {
      if (auto notification = wire::decode_notification(*bytes)) ids = std::move(notification->queue_ids);
    }
    for (const auto id : ids) advisories.emplace_back(advisory).queue_id = id;
  }
  return advisories;
}

void Advisories::forget() {
  for (const auto& message : messages_) (void)message.ack();
  messages_.clear();
}

bool Advisories::subscribe() {
  const std::string own = wire::advisories_stream_of(stream_);
  const nats::ConsumerSettings wanted{.durable = std::string(wire::advisories_consumer),
                                      .filter_subject = wire::advisories_subject_of(stream_),
                                      .ack_wait = wire::consumer_ack_wait,
                                      .deliveries_max = -1,
                                      .acks_pending_max = 1000};
  if (!jetstream_.ensure_consumer(own, wanted)) return false;  // its stream is not there yet
  auto pulled = jetstream_.pull({.stream = own, .durables = {wanted.durable}, .answers_on = connection_});
  if (!pulled) return false;
  subscription_ = std::move(*pulled);
  return true;
}

}  // namespace noetl::notify
