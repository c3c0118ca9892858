#include "shared/nats/pull_subscription.hpp"

#include "shared/nats/failure.hpp"
#include "shared/nats/jetstream.hpp"

namespace noetl::nats {

PullSubscription::PullSubscription(SubscriptionHandle handle, JetStream& jetstream,
                                   const Connection& connection, PullSource source)
    : handle_(std::move(handle)),
      jetstream_(jetstream),
      connection_(connection),
      source_(std::move(source)) {}

base::Result<std::vector<Message>> PullSubscription::fetch(int batch, std::chrono::milliseconds patience) {
  natsMsgList list{};
  const natsStatus status = natsSubscription_Fetch(&list, handle_.get(), batch,
                                                   static_cast<std::int64_t>(patience.count()), nullptr);
  std::vector<Message> messages;
  if (list.Count > 0) {
    messages.reserve(static_cast<std::size_t>(list.Count));
    for (int i = 0; i < list.Count; ++i) {
      messages.emplace_back(MessageHandle(list.Msgs[i]), source_.answers_on);
      list.Msgs[i] = nullptr;  // ours now
    }
  }
  natsMsgList_Destroy(&list);
  if (status == NATS_OK || !messages.empty()) return messages;
  const std::string tried =
      "fetch from consumer '" + source_.durable + "' of stream '" + source_.stream + "'";
  // A server does not answer a pull on a consumer that is missing: it looks like silence. So silence is a reason to ask,
  // now and then; and so is any other status, since these look different from version to version.
  const auto now = std::chrono::steady_clock::now();
  const bool is_silence = status == NATS_TIMEOUT;
  if (is_silence && now - checked_at_ < check_interval) return messages;
  auto failed = nats_failure(status, tried);
  if (connection_.is_connected()) {
    checked_at_ = now;
    const auto found = jetstream_.find_consumer(source_.stream, source_.durable);
    if (!found && found.error().code == base::ErrorCode::not_found) {
      return base::failure(base::ErrorCode::not_found,
                           tried + ": it has vanished (" + found.error().message + ")");
    }
  }
  if (is_silence) return messages;
  failed.value().code = base::ErrorCode::unavailable;
  return failed;
}

}  // namespace noetl::nats
