#include "shared/nats/requests/responder.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "shared/nats/failure.hpp"
#include "shared/nats/traffic/traffic.hpp"

namespace noetl::nats {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view inbox_prefix_of_all = "_INBOX";
constexpr std::string_view of_other_accounts =
    "_R_.";  // nats-server's own, for an answer to whoever asks from another account

}  // namespace

void end_subscription(natsSubscription* subscription) {
  natsSubscription_Drain(subscription);
  natsSubscription_WaitForDrainCompletion(subscription, 5000);
}

Responder::Responder(Connection& connection, Handler handler, std::string parts_prefix)
    : connection_(connection), handler_(std::move(handler)), parts_prefix_(std::move(parts_prefix)) {}

Responder::~Responder() { stop(); }

base::Result<void> Responder::listen(const SubjectFilter& subject, const std::string& group) {
  natsSubscription* raw = nullptr;
  natsStatus status = NATS_OK;
  if (group.empty()) {
    status = natsConnection_Subscribe(&raw, connection_.handle(), subject.c_str(), on_request, this);
  } else {
    if (auto checked = check_name("queue group", group); !checked) return checked;
    status =
        natsConnection_QueueSubscribe(&raw, connection_.handle(), subject.c_str(), group.c_str(), on_request, this);
  }
  if (status != NATS_OK) return nats_failure(status, "subscribe to '" + subject.text() + "'");
  const std::lock_guard lock(mutex_);
  subscriptions_.push_back(own_subscription(raw));
  return {};
}

void Responder::stop() {
  std::vector<SubscriptionHandle> ended;
  {
    const std::lock_guard lock(mutex_);
    ended = std::exchange(subscriptions_, {});
  }
  for (const auto& subscription : ended) end_subscription(subscription.get());
}

void Responder::on_request(natsConnection*, natsSubscription*, natsMsg* raw, void* self) noexcept {
  const MessageHandle message(raw);
  traffic().received(natsMsg_GetSubject(raw), static_cast<std::size_t>(natsMsg_GetDataLength(raw)));
  auto& responder = *static_cast<Responder*>(self);
  try {
    const char* reply = natsMsg_GetReply(raw);
    Incoming request{.subject = natsMsg_GetSubject(raw),
                     .reply = reply == nullptr ? "" : reply,
                     .headers = headers_of(raw),
                     .bytes = std::string(natsMsg_GetData(raw), static_cast<std::size_t>(natsMsg_GetDataLength(raw))),
                     .part = {}};
    const auto part = part_of(request.headers, request.bytes.size());
    // Whoever asks chooses where the answer goes, but with our rights: to inboxes alone, never to a stream's subject.
    const bool has_inbox = request.reply.empty() || request.reply.starts_with(inbox_prefix_of_all) ||
                           request.reply.starts_with(of_other_accounts);
    if (!part || part->number != 1 || !has_inbox) return;
    request.part = *part;
    responder.handler_(responder, std::move(request));
  } catch (...) {  // no memory: whoever asked hears nothing, and asks again
  }
}

base::Result<void> Responder::open_uploads() {
  {
    const std::lock_guard lock(mutex_);
    if (!parts_subject_.empty()) return {};
    if (parts_prefix_.empty())
      return base::failure(base::ErrorCode::payload_too_large, "requests of several parts are not taken here");
    const std::string inbox = connection_.new_inbox().text();
    parts_subject_ = parts_prefix_ + inbox.substr(inbox.rfind('.'));
  }
  natsSubscription* raw = nullptr;
  const std::string filter = parts_subject_ + ".*";
  const auto status = natsConnection_Subscribe(&raw, connection_.handle(), filter.c_str(), on_part, this);
  if (status != NATS_OK) return nats_failure(status, "subscribe to '" + filter + "'");
  natsSubscription_SetPendingLimits(raw, -1, -1);
  const std::lock_guard lock(mutex_);
  subscriptions_.push_back(own_subscription(raw));
  return {};
}

base::Result<void> Responder::receive_rest(const Incoming& first) {
  if (auto opened = open_uploads(); !opened) return opened;
  const auto now = Clock::now();
  std::string rest_to;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(uploads_, [&](const auto& upload) { return upload.second.until < now; });
    if (uploads_.size() >= uploads_max)
      return base::failure(base::ErrorCode::saturated,
                           std::to_string(uploads_max) + " large requests are coming in; try again");
    const auto number = next_++;
    rest_to = parts_subject_ + "." + std::to_string(number);
    uploads_.emplace(number, Upload{.request = first, .taken = 1, .until = now + upload_patience});
  }
  return publish_with_headers(connection_, first.reply.c_str(), nullptr, {{rest_to_header, rest_to}}, {});
}

void Responder::on_part(natsConnection*, natsSubscription*, natsMsg* raw, void* self) noexcept {
  const MessageHandle message(raw);
  traffic().received(natsMsg_GetSubject(raw), static_cast<std::size_t>(natsMsg_GetDataLength(raw)));
  try {
    static_cast<Responder*>(self)->take_part(raw);
  } catch (...) {  // as above
  }
}

void Responder::take_part(natsMsg* message) {
  const std::string_view subject = natsMsg_GetSubject(message);
  const std::string_view bytes(natsMsg_GetData(message), static_cast<std::size_t>(natsMsg_GetDataLength(message)));
  const auto part = part_of(headers_of(message), bytes.size());
  std::optional<Incoming> whole;
  {
    const std::lock_guard lock(mutex_);
    const auto token = subject.substr(std::min(parts_subject_.size() + 1, subject.size()));
    std::uint64_t number = 0;
    std::from_chars(token.data(), token.data() + token.size(), number);
    const auto found = uploads_.find(number);
    if (found == uploads_.end()) return;
    auto& [request, taken, until] = found->second;
    const bool fits = part && part->number == taken + 1 && part->count == request.part.count &&
                      request.bytes.size() + bytes.size() <= request.part.bytes_total;
    if (!fits) {
      uploads_.erase(found);
      return;
    }
    request.bytes += bytes;
    if (++taken < request.part.count) return;
    if (request.bytes.size() == request.part.bytes_total) whole = std::move(request);
    uploads_.erase(found);
  }
  if (!whole) return;
  whole->part = {.number = 1, .count = 1, .bytes_total = whole->bytes.size()};
  handler_(*this, std::move(*whole));
}

bool Responder::is_waiting(const Incoming& request) {
  if (request.reply.empty() || header_of(request.headers, probes_header).empty()) return true;
  natsSubscription* raw = nullptr;
  const auto inbox = connection_.new_inbox();
  if (natsConnection_SubscribeSync(&raw, connection_.handle(), inbox.c_str()) != NATS_OK) return true;
  const SubscriptionHandle answers(raw);
  // Where nobody listens the nats-server says so, and before it answers the ping.
  if (natsConnection_PublishRequestString(connection_.handle(), request.reply.c_str(), inbox.c_str(), "") != NATS_OK)
    return true;
  if (natsConnection_FlushTimeout(connection_.handle(), probe_patience.count()) != NATS_OK) return true;
  natsMsg* answer = nullptr;
  const auto status = natsSubscription_NextMsg(&answer, raw, 1);
  const MessageHandle message(answer);
  return status != NATS_NO_RESPONDERS;
}

void Responder::answer(const Incoming& request, const Headers& headers, std::string_view bytes) {
  if (request.reply.empty()) return;
  // What cannot be sent is what a lost answer is: whoever asked repeats the request.
  static_cast<void>(publish_parts(connection_, request.reply.c_str(), headers, bytes));
}

}  // namespace noetl::nats
