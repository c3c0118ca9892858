#include "shared/nats/requests/requester.hpp"

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <optional>

#include "shared/nats/failure.hpp"
#include "shared/nats/requests/responder.hpp"
#include "shared/nats/traffic/traffic.hpp"

namespace noetl::nats {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds connect_patience{2000};
constexpr milliseconds look_interval{100};  // for a connection that was lost meanwhile
constexpr std::size_t answer_bytes_max = 512UL * 1024 * 1024;
constexpr int stop_patience_ms = 5000;

}  // namespace

struct Requester::Waiting {
  std::mutex mutex;
  std::condition_variable changed;
  Answer answer;
  std::size_t parts_taken = 0;
  bool is_over = false;
  std::string rest_to;  // where the other parts of the request are wanted; empty: not told yet, or told and done
  std::optional<base::Error> error;
};

base::Result<std::unique_ptr<Requester>> Requester::open(Connection& connection) {
  std::unique_ptr<Requester> made(new Requester(connection, connection.new_inbox().text()));
  natsSubscription* raw = nullptr;
  const std::string filter = made->inbox_ + ".*";
  const auto status = natsConnection_Subscribe(&raw, connection.handle(), filter.c_str(), on_message, made.get());
  if (status != NATS_OK) return nats_failure(status, "subscribe to '" + filter + "'");
  made->subscription_ = own_subscription(raw);
  // Many large answers at once: each caller has asked for its own.
  natsSubscription_SetPendingLimits(raw, -1, -1);
  return made;
}

Requester::Requester(Connection& connection, std::string inbox) : connection_(connection), inbox_(std::move(inbox)) {}

Requester::~Requester() {
  if (subscription_) end_subscription(subscription_.get());
}

void Requester::on_message(natsConnection*, natsSubscription*, natsMsg* raw, void* self) noexcept {
  const MessageHandle message(raw);
  traffic().received(natsMsg_GetSubject(raw), static_cast<std::size_t>(natsMsg_GetDataLength(raw)));
  try {
    static_cast<Requester*>(self)->take(raw);
  } catch (...) {  // no memory: the caller hears nothing, and its patience ends
  }
}

void Requester::take(natsMsg* message) {
  const std::string_view subject = natsMsg_GetSubject(message);
  const auto token = subject.substr(std::min(inbox_.size() + 1, subject.size()));
  std::uint64_t number = 0;
  std::from_chars(token.data(), token.data() + token.size(), number);
  std::shared_ptr<Waiting> waiting;
  {
    const std::lock_guard lock(mutex_);
    const auto found = waiting_.find(number);
    if (found == waiting_.end()) return;  // too late
    waiting = found->second;
  }
  if (natsMsg_GetReply(message) != nullptr) return;  // a probe
  const std::string_view bytes(natsMsg_GetData(message), static_cast<std::size_t>(natsMsg_GetDataLength(message)));
  const auto fail = [&](base::ErrorCode code, std::string text) {
    waiting->error = base::failure(code, std::move(text)).value();
    waiting->is_over = true;
  };
  const std::lock_guard lock(waiting->mutex);
  if (natsMsg_IsNoResponders(message)) {
    fail(base::ErrorCode::unavailable, "nobody answers there now");
  } else {
    auto headers = headers_of(message);
    const auto part = part_of(headers, bytes.size());
    if (const auto rest_to = header_of(headers, rest_to_header); !rest_to.empty()) {
      waiting->rest_to = rest_to;
    } else if (!part || part->bytes_total > answer_bytes_max || part->number != waiting->parts_taken + 1) {
      fail(base::ErrorCode::internal, "a part of the answer is missing, or does not fit");
    } else {
      if (part->number == 1) {
        waiting->answer.headers = std::move(headers);
        waiting->answer.bytes.reserve(part->bytes_total);
      }
      waiting->answer.bytes += bytes;
      waiting->parts_taken = part->number;
      waiting->is_over = part->number == part->count;
    }
  }
  waiting->changed.notify_one();
}

std::shared_ptr<Requester::Waiting> Requester::add(std::uint64_t& number) {
  auto waiting = std::make_shared<Waiting>();
  const std::lock_guard lock(mutex_);
  number = next_++;
  waiting_.emplace(number, waiting);
  return waiting;
}

base::Result<Requester::Answer> Requester::request(const Subject& subject, const Headers& headers,
                                                   std::string_view bytes, milliseconds patience) {
  if (!connection_.is_connected() && !connection_.wait_connected(std::min(patience, connect_patience)))
    return base::failure(base::ErrorCode::unavailable, "NATS at " + connection_.shown_url() + " cannot be reached");
  std::uint64_t number = 0;
  const auto waiting = add(number);
  const std::string reply = inbox_ + "." + std::to_string(number);
  const std::size_t most = part_bytes_max(connection_);
  const Part first{
      .number = 1, .count = std::max<std::size_t>((bytes.size() + most - 1) / most, 1), .bytes_total = bytes.size()};
  auto answer = [&]() -> base::Result<Answer> {
    auto told = with_part(headers, first);
    told.emplace_back(probes_header, "1");
    auto sent = publish_with_headers(connection_, subject.c_str(), reply.c_str(), told, bytes.substr(0, most));
    if (!sent) return base::failure(std::move(sent.error()));
    return wait(*waiting, subject, bytes, patience);
  }();
  const std::lock_guard lock(mutex_);
  waiting_.erase(number);
  return answer;
}

base::Result<Requester::Answer> Requester::wait(Waiting& waiting, const Subject& subject, std::string_view bytes,
                                                milliseconds patience) {
  const auto connection_count = connection_.connection_count();
  const auto until = Clock::now() + patience;
  std::unique_lock lock(waiting.mutex);
  for (;;) {
    waiting.changed.wait_until(lock, std::min(until, Clock::now() + look_interval),
                               [&] { return waiting.is_over || !waiting.rest_to.empty(); });
    if (const auto rest_to = std::exchange(waiting.rest_to, {}); !rest_to.empty()) {
      lock.unlock();
      auto inbox = Subject::parse(rest_to);
      if (!inbox) return base::failure(std::move(inbox.error()));
      if (auto sent = publish_parts(connection_, inbox->c_str(), {}, bytes, 2); !sent)
        return base::failure(std::move(sent.error()));
      lock.lock();
      continue;
    }
    if (waiting.error) {
      waiting.error->message = "request to '" + subject.text() + "': " + waiting.error->message;
      return base::failure(*waiting.error);
    }
    if (waiting.is_over) return std::move(waiting.answer);
    const auto failed = [&](base::ErrorCode code, std::string_view what) {
      return base::failure(code, "request to '" + subject.text() + "': " + std::string(what));
    };
    // What was under way then may be lost: whoever repeats the request is told so soon.
    if (!connection_.is_connected() || connection_.connection_count() != connection_count)
      return failed(base::ErrorCode::unavailable, "the connection to NATS was lost before the answer");
    if (Clock::now() >= until)
      return failed(base::ErrorCode::timeout, "no answer within " + std::to_string(patience.count()) + " ms");
  }
}

}  // namespace noetl::nats
