#include "shared/nats/pull_subscription.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "shared/nats/failure.hpp"
#include "shared/nats/jetstream.hpp"
#include "shared/nats/traffic/traffic.hpp"

namespace noetl::nats {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// The server ends every question by itself; this is for one whose answer was lost.
constexpr milliseconds answer_margin{1000};
constexpr milliseconds close_patience{200};

// What the server says instead of a message: "NATS/1.0 408 Request Timeout". 0 for a message.
int status_of(natsMsg* message) {
  const char* value = nullptr;
  if (natsMsg_GetDataLength(message) > 0 || natsMsgHeader_Get(message, "Status", &value) != NATS_OK) return 0;
  int status = 0;
  const std::string_view text = value == nullptr ? "" : value;
  std::from_chars(text.data(), text.data() + text.size(), status);
  return status;
}

// For a moment the server still finds a consumer that it has just said to be deleted.
bool says_deleted(natsMsg* message) {
  const char* description = nullptr;
  return natsMsgHeader_Get(message, "Description", &description) == NATS_OK && description != nullptr &&
         std::string_view(description) == "Consumer Deleted";
}

void note_received(natsMsg* message) {
  auto& counts = traffic();
  counts.received(natsMsg_GetSubject(message), static_cast<std::size_t>(natsMsg_GetDataLength(message)));
  const auto stored = Message::stored_ns(natsMsg_GetReply(message));
  if (stored <= 0) return;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  counts.delivered_after(std::chrono::duration_cast<std::chrono::microseconds>(now - std::chrono::nanoseconds(stored)));
}

}  // namespace

struct PullSubscription::PullBatch {
  explicit PullBatch(std::size_t sources) : is_asked(sources), has_given(sources) {}
  std::vector<Message> messages;
  std::vector<bool> is_asked, has_given;  // by source, in this batch
  std::string deleted;  // a consumer that was deleted while it was asked
  bool should_check = false;  // somebody said that a consumer is gone, or nobody listens
};

PullSubscription::PullSubscription(SubscriptionHandle inbox, std::string inbox_subject, JetStream& jetstream,
                                   const Connection& connection, PullSource source)
    : inbox_(std::move(inbox)),
      inbox_subject_(std::move(inbox_subject)),
      jetstream_(jetstream),
      connection_(connection),
      source_(std::move(source)),
      connections_seen_(connection.connection_count()),
      asks_(source_.durables.size()) {}

int PullSubscription::asked() const {
  int all = 0;
  for (const Ask& one : asks_) all += one.open;
  return all;
}

// no_wait with a time to expire: the server answers with what is there, else waits for a first message, and ends the
// question with a status in both cases, at once (measured with nats-server 2.9).
bool PullSubscription::ask(std::size_t source, int most, milliseconds patience) {
  std::string body = R"({"batch":)" + std::to_string(most) + R"(,"no_wait":true)";
  if (patience.count() > 0) body += R"(,"expires":)" + std::to_string(std::chrono::nanoseconds(patience).count());
  body += '}';
  const std::string subject = "$JS.API.CONSUMER.MSG.NEXT." + source_.stream + '.' + source_.durables[source];
  const std::string reply = inbox_subject_ + std::to_string(source);
  const bool is_sent = natsConnection_PublishRequest(connection_.handle(), subject.c_str(), reply.c_str(), body.data(),
                                                     static_cast<int>(body.size())) == NATS_OK;
  traffic().sent(subject, body.size(), is_sent);
  if (!is_sent) return false;
  asks_[source] = {
      .open = most, .is_immediate = patience.count() == 0, .ends_at = steady_clock::now() + patience + answer_margin};
  return true;
}

void PullSubscription::request_next(const std::vector<int>& most) {
  for (std::size_t i = 0; i < asks_.size() && i < most.size(); ++i) {
    if (most[i] > 0 && asks_[i].open == 0) (void)ask(i, most[i], milliseconds(0));
  }
}

void PullSubscription::end_old_asks() {
  const auto now = steady_clock::now();
  // A server that was started again knows nothing of what was asked before, and may have lost the consumers as well.
  const std::uint64_t connections = connection_.connection_count();
  const bool is_new = std::exchange(connections_seen_, connections) != connections;
  if (is_new) checked_at_ = {};
  for (Ask& one : asks_) {
    if (is_new || now >= one.ends_at) one.open = 0;
  }
}

void PullSubscription::take(MessageHandle handle, PullBatch& batch) {
  if (const int status = status_of(handle.get()); status != 0) {
    const std::string_view subject = natsMsg_GetSubject(handle.get());
    std::size_t source = 0;
    std::from_chars(subject.data() + inbox_subject_.size(), subject.data() + subject.size(), source);
    if (!subject.starts_with(inbox_subject_) || source >= asks_.size()) return;
    asks_[source].open = 0;
    // 404 and 408 are the ends of every question; 409 says why it cannot be answered, 503 that nobody is there.
    batch.should_check = batch.should_check || (status != 404 && status != 408);
    if (status == 409 && says_deleted(handle.get())) batch.deleted = source_.durables[source];
    return;
  }
  const auto found =
      std::find(source_.durables.begin(), source_.durables.end(), Message::consumer_of(natsMsg_GetReply(handle.get())));
  if (found == source_.durables.end()) return;
  const auto source = static_cast<std::size_t>(found - source_.durables.begin());
  note_received(handle.get());
  asks_[source].open = std::max(0, asks_[source].open - 1);
  batch.has_given[source] = true;
  batch.messages.emplace_back(std::move(handle), source_.answers_on, source);
}

void PullSubscription::take_arrived(PullBatch& batch) {
  int messages = 0;
  int bytes = 0;
  if (natsSubscription_GetPending(inbox_.get(), &messages, &bytes) != NATS_OK) return;
  for (natsMsg* raw = nullptr; messages > 0 && natsSubscription_NextMsg(&raw, inbox_.get(), 1) == NATS_OK; --messages) {
    take(MessageHandle(raw), batch);
  }
}

// Has whoever began to answer said all? And whoever was asked not to wait?
bool PullSubscription::is_settled(const PullBatch& batch, bool should_wait) const {
  if (batch.should_check) return true;
  bool has_ended = false;  // a question, while the others wait: it is for the caller to ask again
  for (std::size_t i = 0; i < asks_.size(); ++i) {
    const bool is_open = asks_[i].open > 0;
    if (is_open && (batch.has_given[i] || (batch.is_asked[i] && !should_wait))) return false;
    has_ended = has_ended || (batch.is_asked[i] && !is_open);
  }
  return !should_wait || has_ended || !batch.messages.empty();
}

base::Result<std::vector<Message>> PullSubscription::fetch(const std::vector<int>& most, milliseconds patience) {
  PullBatch batch(asks_.size());
  take_arrived(batch);
  end_old_asks();
  bool is_sent = true;
  const bool should_wait = patience.count() > 0;
  for (std::size_t i = 0; i < asks_.size() && i < most.size(); ++i) {
    const bool is_open = asks_[i].open > 0;
    if (most[i] > 0 && !is_open) is_sent = ask(i, most[i], patience) && is_sent;
    // A question of before that waits for a first message is no reason to wait now.
    batch.is_asked[i] = is_open && !should_wait ? asks_[i].is_immediate : most[i] > 0;
  }
  const auto begin = steady_clock::now();
  while (is_sent && !is_settled(batch, should_wait)) {
    // Whoever waits for a first message ends in time; whoever has begun to be answered waits for the end of it.
    const bool has_begun = !should_wait || !batch.messages.empty();
    const auto rest = begin + (has_begun ? patience + answer_margin : patience) - steady_clock::now();
    if (rest.count() <= 0) break;
    natsMsg* raw = nullptr;
    const natsStatus status =
        natsSubscription_NextMsg(&raw, inbox_.get(), std::chrono::ceil<milliseconds>(rest).count());
    if (status == NATS_OK) take(MessageHandle(raw), batch);
    // Nobody listens: JetStream is off, or its cluster has no leader.
    if (status == NATS_NO_RESPONDERS) batch.should_check = true;
    if (status != NATS_OK && status != NATS_TIMEOUT) break;
  }
  if (batch.should_check) {
    for (Ask& one : asks_) one.open = 0;
  }
  return judge(std::move(batch), patience);
}

// A server does not answer a question to a consumer that is missing: it looks like silence. So silence is a reason to
// ask, now and then.
base::Result<std::vector<Message>> PullSubscription::judge(PullBatch batch, milliseconds patience) {
  if (!batch.messages.empty()) return std::move(batch.messages);
  const std::string tried = "fetch from stream '" + source_.stream + "'";
  if (!connection_.is_connected()) {
    for (Ask& one : asks_) one.open = 0;
    return base::failure(base::ErrorCode::unavailable, tried + ": NATS is away");
  }
  if (!batch.deleted.empty())
    return base::failure(base::ErrorCode::not_found,
                         tried + ": consumer '" + batch.deleted + "' has vanished (it was deleted)");
  const auto now = steady_clock::now();
  const bool is_due = patience.count() > 0 && now - checked_at_ >= check_interval;
  if (!is_due && !batch.should_check) return std::move(batch.messages);
  checked_at_ = now;
  for (const std::string& durable : source_.durables) {
    const auto found = jetstream_.find_consumer(source_.stream, durable);
    if (found) continue;
    if (found.error().code == base::ErrorCode::not_found) {
      return base::failure(base::ErrorCode::not_found,
                           tried + ": consumer '" + durable + "' has vanished (" + found.error().message + ")");
    }
    if (batch.should_check) return base::failure(base::ErrorCode::unavailable, found.error().message);
    break;  // it cannot be said now, and asking for each would take its time each
  }
  return std::move(batch.messages);
}

std::vector<Message> PullSubscription::close() {
  PullBatch batch(asks_.size());
  if (natsSubscription_Drain(inbox_.get()) != NATS_OK) return {};
  for (natsMsg* raw = nullptr; natsSubscription_NextMsg(&raw, inbox_.get(), close_patience.count()) == NATS_OK;) {
    take(MessageHandle(raw), batch);
  }
  for (Ask& one : asks_) one.open = 0;
  return std::move(batch.messages);
}

}  // namespace noetl::nats
