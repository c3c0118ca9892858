#include "server/feed/event_feed.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <stdexcept>
#include <utility>

#include "shared/base/backoff.hpp"
#include "shared/base/thread_name.hpp"
#include "shared/messaging/client.hpp"
#include "shared/nats/requests/parted_message.hpp"
#include "shared/telemetry/log.hpp"

namespace noetl::feed {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds connect_patience{2000};
constexpr milliseconds publish_patience{10'000};
constexpr milliseconds not_leading_interval{500};
constexpr milliseconds keep_interval{10'000};  // of a place before which nothing came
constexpr std::size_t headers_room = 48UL * 1024;  // a position has up to 32 KiB
constexpr base::Backoff backoff{.kind = base::BackoffKind::exponential,
                                .initial = milliseconds(200),
                                .delay_max = milliseconds(5000),
                                .multiplier = 2.0};

std::int64_t steady_ms() { return std::chrono::duration_cast<milliseconds>(Clock::now().time_since_epoch()).count(); }

std::optional<FeedPosition> parsed(std::string_view text) {
  auto position = FeedPosition::parse(text);
  if (!position) return std::nullopt;
  return std::move(*position);
}

tl::unexpected<base::Error> failed(const messaging::Failure& why) {
  return base::failure(base::ErrorCode::unavailable, why.message);
}

}  // namespace

struct EventFeed::Link {
  std::unique_ptr<nats::Connection> connection;
  std::unique_ptr<messaging::Publisher> publisher;
  std::uint64_t last_sequence = 0;
  std::optional<CommitWindow> window;
  std::int64_t revision = 0;
  Clock::time_point kept_at{};
  std::mutex mutex;
  std::optional<messaging::Failure> failure;  // of a message; under mutex
  std::uint64_t stored = 0, repeated = 0;  // under mutex
  struct Sent {
    std::string execution_id;
    Clock::time_point at;
  };
  std::map<std::string, Sent> sent;  // by event id, for the log at debug alone; under mutex
};

EventFeed::EventFeed(EventFeedSettings settings)
    : settings_(std::move(settings)),
      connections_({.database_url = settings_.database_url, .connections_max = 1}),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

EventFeed::~EventFeed() {
  thread_.request_stop();
  thread_.join();
}

EventFeedCounts EventFeed::counts() const {
  const auto ended_at = ended_at_ms_.load();
  return {.published = published_,
          .repeated = repeated_,
          .failures = failures_,
          .omitted = omitted_,
          .looks = looks_,
          .behind_seconds = ended_at == 0 ? 0.0 : static_cast<double>(steady_ms() - ended_at) / 1000.0};
}

void EventFeed::wait(const std::stop_token& stop, milliseconds time) {
  std::unique_lock lock(mutex_);
  wakes_.wait_for(lock, stop, time, [] { return false; });
}

void EventFeed::run(const std::stop_token& stop) {
  base::name_thread("event-feed");
  const nats::ThreadScope scope;
  std::string told;
  for (int failures = 0; !stop.stop_requested();) {
    if (!settings_.is_leading()) {
      ended_at_ms_ = 0;
      wait(stop, not_leading_interval);
      continue;
    }
    if (ended_at_ms_ == 0) ended_at_ms_ = steady_ms();
    const auto looks_before = looks_.load();
    try {  // a boundary: Postgres or NATS is away; it is begun again
      work(stop);
      told.clear();
    } catch (const std::exception& error) {
      ++failures_;
      if (told != error.what()) telemetry::log_warn("feed", "events are not published", {{"error", error.what()}});
      told = error.what();
      failures = looks_ > looks_before ? 1 : failures + 1;
      wait(stop, backoff.delay_after(failures));
    }
  }
}

// Until stop, or until another server leads. Throws when something is away.
void EventFeed::work(const std::stop_token& stop) {
  const auto value_of = [](auto result) {
    if (!result) throw std::runtime_error(result.error().message);
    if constexpr (!std::is_void_v<typename decltype(result)::value_type>) return std::move(*result);
  };
  const auto link = value_of(open());
  value_of(begin(*link));
  telemetry::log_info("feed", "this server publishes events", {{"stream", settings_.stream.name}});
  while (!stop.stop_requested() && settings_.is_leading()) {
    const auto began = Clock::now();
    value_of(look(*link));
    ++looks_;
    ended_at_ms_ = steady_ms();
    const auto took = std::chrono::ceil<milliseconds>(Clock::now() - began);
    wait(stop, std::max(look_interval, rest_factor * took));
  }
}

base::Result<std::unique_ptr<EventFeed::Link>> EventFeed::open() {
  auto connection = nats::Connection::open(settings_.nats);
  if (!connection) return base::failure(std::move(connection.error()));
  auto link = std::make_unique<Link>();
  link->connection = std::move(*connection);
  if (!link->connection->wait_connected(connect_patience))
    return base::failure(base::ErrorCode::unavailable,
                         "NATS at " + link->connection->shown_url() + " cannot be reached");
  messaging::PublisherSettings publishing;
  publishing.in_flight_max = 2 * page;
  publishing.attempts_max = 1;  // the order has no holes: after a failure it goes on behind what the stream has
  publishing.total_timeout = publish_patience;
  publishing.ack_patience = publish_patience;
  publishing.on_published = [raw = link.get()](const messaging::Published& one) {
    const std::lock_guard lock(raw->mutex);
    ++(one.is_duplicate ? raw->repeated : raw->stored);
    const auto sent = raw->sent.extract(one.message_id);
    if (sent.empty()) return;
    const auto took = std::chrono::duration_cast<milliseconds>(Clock::now() - sent.mapped().at);
    telemetry::log_debug("nats", "event published",
                         {{"subject", one.subject},
                          {"message_id", one.message_id},
                          {"execution", sent.mapped().execution_id},
                          {"sequence", std::to_string(one.stream_sequence)},
                          {"latency_ms", std::to_string(took.count())}});
  };
  publishing.on_failed = [raw = link.get()](const messaging::OutMessage&, const messaging::Failure& why) {
    const std::lock_guard lock(raw->mutex);
    if (!raw->failure) raw->failure = why;
  };
  auto publisher = messaging::Publisher::open(*link->connection, std::move(publishing));
  if (!publisher) return failed(publisher.error());
  link->publisher = std::move(*publisher);
  return link;
}

// Of the last message that has one: strangers may have added theirs.
base::Result<std::optional<FeedPosition>> EventFeed::last_position(nats::Connection& connection,
                                                                   std::uint64_t last_sequence) const {
  constexpr std::uint64_t strangers_max = 64;
  const auto first = last_sequence > strangers_max ? last_sequence - strangers_max : 0;
  for (auto sequence = last_sequence; sequence > first; --sequence) {
    const auto text =
        messaging::header_at(connection, settings_.stream.name, sequence, position_header, connect_patience);
    if (!text) return failed(text.error());
    if (auto position = parsed(*text)) return position;
  }
  return std::optional<FeedPosition>{};
}

// Without them events are published as well.
void EventFeed::make_readers(nats::JetStream& jetstream) const {
  for (const auto& name : settings_.readers) {
    const auto made = jetstream.ensure_consumer(
        settings_.stream.name,
        {.durable = name, .filter_subject = settings_.subject + ".>", .deliveries_max = -1, .is_kept_up = true});
    if (!made)
      telemetry::log_warn("feed", "a consumer of the stream of events cannot be made",
                          {{"consumer", name}, {"error", made.error().message}});
  }
}

// Behind the last message of the stream, or what was kept, whichever is later; else from now on.
base::Result<void> EventFeed::begin(Link& link) {
  nats::JetStream jetstream(*link.connection, connect_patience);
  const auto made = jetstream.ensure_stream(settings_.stream);
  if (!made) return base::failure(made.error());
  link.last_sequence = made->last_sequence;
  make_readers(jetstream);

  std::optional<store::KeptPosition> kept;
  store::FeedSnapshot now;
  connections_.transact([&](postgres::Session& session) {
    store::FeedTable table(session);
    kept = table.load(checkpoint_name);
    now = table.snapshot();
  });
  auto snapshot = Snapshot::parse(now.snapshot);
  if (!snapshot) return base::failure(std::move(snapshot.error()));
  link.revision = kept ? kept->revision : 0;
  std::optional<FeedPosition> from;
  const auto consider = [&](std::optional<FeedPosition> position) {
    if (position && is_later(position->upto, *snapshot)) {
      telemetry::log_warn("feed", "Postgres is older than events that were published: it was restored, or failed over");
    } else if (position && (!from || is_later(*position, *from))) {
      from = std::move(position);
    }
  };
  if (kept) consider(parsed(kept->position));
  auto last = last_position(*link.connection, made->messages > 0 ? link.last_sequence : 0);
  if (!last) return base::failure(std::move(last.error()));
  consider(std::move(*last));
  if (!from) {
    link.window.emplace(*snapshot, now.now_ms);
    return keep(link, link.window->look(*snapshot, now.now_ms));
  }
  const bool is_whole = from->event_id == all_events;
  link.window.emplace(*from);
  if (is_whole) return {};
  if (const auto rest = publish(link, *from); !rest) return base::failure(rest.error());
  return keep(link, *from);
}

base::Result<void> EventFeed::look(Link& link) {
  store::FeedSnapshot now;
  connections_.run_one([&](postgres::Session& session) { now = store::FeedTable(session).snapshot(); });
  auto snapshot = Snapshot::parse(now.snapshot);
  if (!snapshot) return base::failure(std::move(snapshot.error()));
  const bool is_same = *snapshot == link.window->seen();
  auto position = link.window->look(*snapshot, now.now_ms);
  std::size_t count = 0;
  if (!is_same) {
    auto done = position;
    done.event_id = 0;
    const auto published = publish(link, std::move(done));
    if (!published) return base::failure(published.error());
    count = *published;
  }
  // The place of a look without events is kept now and then, so that the next server need not look back far.
  if (count == 0 && Clock::now() - link.kept_at < keep_interval) return {};
  return keep(link, std::move(position));
}

base::Result<std::size_t> EventFeed::publish(Link& link, FeedPosition position) {
  const auto room = nats::part_bytes_max(*link.connection);
  const std::size_t bytes_max = room > 2 * headers_room ? room - headers_room : room / 2;
  std::size_t count = 0;
  for (std::size_t found = page; found == page;) {
    std::vector<store::FeedEvent> events;
    connections_.run_one([&](postgres::Session& session) {
      events = store::FeedTable(session).events({.before = position.before.text(),
                                                 .upto = position.upto.text(),
                                                 .low = position.low,
                                                 .after = position.event_id,
                                                 .until = all_events,
                                                 .limit = page});
    });
    found = events.size();
    for (auto& event : events) {
      position.event_id = event.row.event_id.value;
      auto message = message_of(settings_.subject, std::move(event), position, bytes_max);
      if (!message) return failed(message.error());
      if (message->more.size() > 1) ++omitted_;
      message->expected_last_sequence = link.last_sequence + count;
      ++count;
      if (telemetry::is_log_enabled(telemetry::LogLevel::debug)) {
        const std::lock_guard lock(link.mutex);
        link.sent[message->event.id] = {.execution_id = message->event.aggregate_id, .at = Clock::now()};
      }
      if (const auto taken = link.publisher->publish(std::move(*message), publish_patience); !taken)
        return failed(taken.error());
    }
    if (events.empty()) break;
    if (const auto flushed = link.publisher->flush(publish_patience); !flushed) return failed(flushed.error());
    const std::lock_guard lock(link.mutex);
    published_ += std::exchange(link.stored, 0);
    const auto repeated = std::exchange(link.repeated, 0);
    repeated_ += repeated;
    if (link.failure) return failed(*link.failure);
    // A stream that had one already stands elsewhere than was expected: it is looked at anew.
    if (repeated > 0)
      return base::failure(base::ErrorCode::conflict, "stream '" + settings_.stream.name + "' had " +
                                                          std::to_string(repeated) + " of the events already");
  }
  link.last_sequence += count;
  return count;
}

base::Result<void> EventFeed::keep(Link& link, FeedPosition done) {
  done.event_id = all_events;
  std::optional<std::int64_t> revision;
  connections_.run_one([&](postgres::Session& session) {
    revision = store::FeedTable(session).save(checkpoint_name, {.position = done.text(), .revision = link.revision});
  });
  if (!revision) return base::failure(base::ErrorCode::conflict, "another server has published events meanwhile");
  link.revision = *revision;
  link.kept_at = Clock::now();
  return {};
}

}  // namespace noetl::feed
