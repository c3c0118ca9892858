#include "shared/nats/requests/listener.hpp"

#include <utility>

#include "shared/nats/failure.hpp"
#include "shared/nats/traffic/traffic.hpp"

namespace noetl::nats {

base::Result<std::unique_ptr<Listener>> Listener::open(Connection& connection, const SubjectFilter& subject,
                                                       const std::string& group, Handler handler) {
  if (!group.empty()) {
    if (auto checked = check_name("queue group", group); !checked) return tl::unexpected(checked.error());
  }
  std::unique_ptr<Listener> made(new Listener(std::move(handler)));
  natsSubscription* raw = nullptr;
  const auto status = group.empty()
                          ? natsConnection_Subscribe(&raw, connection.handle(), subject.c_str(), on_message, made.get())
                          : natsConnection_QueueSubscribe(&raw, connection.handle(), subject.c_str(), group.c_str(),
                                                          on_message, made.get());
  if (status != NATS_OK) return nats_failure(status, "subscribe to '" + subject.text() + "'");
  made->subscription_ = own_subscription(raw);
  natsSubscription_SetPendingLimits(raw, pending_max, -1);
  if (natsSubscription_SetOnCompleteCB(raw, on_end, made.get()) != NATS_OK) made->is_over_ = true;  // closed already
  return made;
}

Listener::~Listener() {
  if (!subscription_) return;
  static_cast<void>(drain(std::chrono::milliseconds(0)));
  std::unique_lock lock(mutex_);
  ends_.wait(lock, [&] { return is_over_; });
}

void Listener::on_end(void* self) noexcept {
  auto& listener = *static_cast<Listener*>(self);
  const std::lock_guard lock(listener.mutex_);
  listener.is_over_ = true;
  listener.ends_.notify_all();  // inside the lock: the waiter frees this object
}

bool Listener::drain(std::chrono::milliseconds patience) {
  constexpr std::int64_t without_end = 0;
  if (!std::exchange(is_draining_, true) && natsSubscription_DrainTimeout(subscription_.get(), without_end) != NATS_OK)
    natsSubscription_Unsubscribe(subscription_.get());
  std::unique_lock lock(mutex_);
  return ends_.wait_for(lock, patience, [&] { return is_over_; });
}

std::uint64_t Listener::dropped() const {
  std::int64_t dropped = 0;
  return natsSubscription_GetDropped(subscription_.get(), &dropped) == NATS_OK ? static_cast<std::uint64_t>(dropped)
                                                                               : 0;
}

void Listener::on_message(natsConnection*, natsSubscription*, natsMsg* raw, void* self) noexcept {
  const MessageHandle message(raw);
  traffic().received(natsMsg_GetSubject(raw), static_cast<std::size_t>(natsMsg_GetDataLength(raw)));
  try {
    const char* reply = natsMsg_GetReply(raw);
    static_cast<Listener*>(self)->handler_(
        {.subject = natsMsg_GetSubject(raw),
         .reply = reply == nullptr ? "" : reply,
         .headers = headers_of(raw),
         .bytes = std::string(natsMsg_GetData(raw), static_cast<std::size_t>(natsMsg_GetDataLength(raw))),
         .is_no_responders = natsMsg_IsNoResponders(raw)});
  } catch (...) {  // no memory: as if the message had not come
  }
}

}  // namespace noetl::nats
